"""What the trainer does with damage, divergence and BatchNorm."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from manifests.core.errors import UserError
from manifests.sections.recipe import Recipe
from manifests.sections.train import Run, Train
from tests.support.stages import ROOT
from tests.support.train_fixtures import write_shards
from train import fit, predict
from train.fitting import checkpoint, outputs
from train.fitting.checkpoint import Checkpoint, Counters
from train.model import backbones, heads, losses
from train.model.runtime import keras, layers

TRAIN = Train(size=32, runs={"a": Run()})


def pretrained(tmp_path: Path) -> Train:
    """A section whose weights come from a file, of a network with BatchNorm whose statistics are its own."""
    body = backbones.small_cnn(32)
    for layer in body.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.moving_mean.assign(layer.moving_mean + 0.3)
            layer.moving_variance.assign(layer.moving_variance * 2)
    body.save_weights(tmp_path / "body.weights.h5")
    return TRAIN.model_copy(update={"weights": str(tmp_path / "body.weights.h5")})


def test_finetuning_leaves_the_statistics_of_pretrained_batch_norms_untouched(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    backbone = backbones.build(pretrained(tmp_path))
    network = heads.assemble(backbone, Recipe(head=(8,)), ("age",))
    backbones.set_trainable(backbone, True, keeps_statistics=True)
    photos = np.random.default_rng(0).integers(0, 255, (16, 32, 32, 3)).astype(np.float32)
    norms = [layer for layer in backbone.layers[2].layers if isinstance(layer, layers.BatchNormalization)]
    assert len(norms) == 4
    before = [array.copy() for layer in norms for array in layer.get_weights()]
    network.full.compile(keras.optimizers.SGD(0.0), "mse")
    inference = network.full(photos, training=False)
    loss = network.full.fit(photos, np.zeros((16, 1)), verbose=0).history["loss"][0]
    after = [array for layer in norms for array in layer.get_weights()]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    np.testing.assert_allclose(loss, np.mean(np.square(inference)), rtol=1e-4)  # fit saw what inference sees
    network.full.compile(keras.optimizers.SGD(0.1), "mse")
    network.full.fit(photos, np.ones((16, 1)), verbose=0)
    after = [array for layer in norms for array in layer.get_weights()]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert not np.allclose(network.full(photos, training=False), inference)  # the convolutions did learn


def test_a_network_from_nothing_learns_its_statistics() -> None:
    backbone = backbones.build(TRAIN)
    assert all(layer.trainable for layer in backbone.layers[2].layers)


def test_a_checkpoint_that_is_damaged_means_starting_anew_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "repeat-0.npz"
    assert checkpoint.load(path) is None and capsys.readouterr().err == ""
    checkpoint.save(path, Checkpoint(Counters(), {"network": [np.arange(1000.0)]}))
    whole = path.read_bytes()
    rng = np.random.default_rng(3)
    for number in range(200):
        damaged = bytearray(whole)
        if number % 3 == 0:
            del damaged[int(rng.integers(len(damaged))) :]
        else:
            for at in rng.integers(0, len(damaged), 3):
                damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        loaded = checkpoint.load(path)
        assert (loaded is None) == ("the checkpoint is damaged" in capsys.readouterr().err)


def written(folder: Path, recipe: str) -> None:
    (folder / "params.yaml").write_text(
        "seed: 7\ntrain:\n  size: 32\n  batch: 16\n  recipes:\n    mine: " + recipe + "\n  runs: {a: {recipe: mine}}\n"
    )


def options(folder: Path) -> list[str]:
    paths = {"params": "params.yaml", "shards": "shards", "runs": "runs", "cache": "cache"}
    return ["--run", "a", *(f"--{name}={folder / path}" for name, path in paths.items())]


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("robust")
    write_shards(folder / "shards", {"train": 64, "valid": 32, "test": 16})
    return folder


def test_a_run_that_has_learnt_nothing_says_so(shards: Path) -> None:
    written(shards, "{base: linear, stages: [{layers: all, epochs: 1, rate: 1}]}")
    command = [sys.executable, "-m", "train.fit", *options(shards)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Warning: a: its valid MAE is not below" in done.stdout and "lower the stage's rate" in done.stdout


def test_a_loss_that_is_not_finite_is_an_error(shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(shards, "{base: linear, stages: [{layers: all, epochs: 2}]}")
    monkeypatch.setitem(losses.LOSSES, "mae", lambda y, share: share[:, 0] * float("nan"))
    monkeypatch.setattr("sys.argv", ["fit", *options(shards)])
    with pytest.raises(UserError) as said:
        fit.main()
    assert str(said.value) == (
        f"{shards}/params.yaml: train.runs.a: expected a loss that stays finite. Received nan in epoch 1 of stage 1. "
        "Lower the stage's rate."
    )


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 damaged", b"x" * 5000])
def test_a_damaged_model_is_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/model.keras").write_bytes(content)
    with pytest.raises(UserError, match="expected a Keras model that loads in safe mode"):
        predict.load(tmp_path / "a/model.keras", tmp_path)


def test_a_pipe_in_place_of_a_photo_is_said_at_once(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "photo.jpg")
    with pytest.raises(UserError, match=r"photo\.jpg: expected a photo of at most 50000000 bytes. Received a d"):
        predict.read(tmp_path / "photo.jpg")


def test_what_a_fit_killed_while_it_saved_its_model_left_is_removed_by_the_next(tmp_path: Path) -> None:
    leftover = tmp_path / ".model.keras.abc.part.keras"
    leftover.write_bytes(b"half a model")
    outputs.save_model(keras.Sequential([keras.Input((2,)), layers.Dense(1)]), tmp_path / "model.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
    assert keras.models.load_model(tmp_path / "model.keras", safe_mode=True).output_shape == (None, 1)


def test_a_model_that_is_killed_while_it_is_saved_is_no_model(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    seen = []

    class Watched:
        def save(self, path: Path) -> None:
            seen.append(path.name)
            model.save(path)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outputs.save_model(Watched(), tmp_path / "model.keras")
    assert not list(tmp_path.iterdir()) and seen[0].endswith(".part.keras")
