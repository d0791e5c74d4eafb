"""Copies drawn anew in each epoch: by the renderer's kernels, seeded by image and epoch, the same on any threads."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from augment.kernels import ops
from augment.kernels.draws import Draws
from augment.kernels.policies import CATALOGUE
from manifests.core import codec, seeds
from manifests.core.shards import Shards
from manifests.tables import index
from tests.support.train_fixtures import CELLS, run_context, write_shards
from train.data import samples
from train.data.online import Online
from train.fitting import run as runs
from train.fitting import stage_data
from train.fitting.context import RunContext, StageContext
from train.model import backbones, heads

SECTION = """seed: 7
train:
  size: 32
  batch: 16
  recipes: {short: {base: default, head: [16], stages: [{steps: 12}]}}
  runs:
    online: {recipe: short, images: online}
    repeated: {recipe: short, images: repeated}
    rendered: {recipe: short, images: balanced}
"""


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards whose copies are of the policy `tone` (every second one, with a donor) or `mixed`."""
    folder = tmp_path_factory.mktemp("online")
    write_shards(folder, {"train": 48, "valid": 16, "test": 8}, copies=3)
    table, cells = index.read(folder / "index.parquet")
    rows = table.to_pylist()
    donor = next(row["image_id"] for row in rows if row["split"] == "train" and not row["kept"])
    for number, row in enumerate(rows):
        if row["copy"]:
            row["policy"], row["donor"] = ("tone", donor) if number % 2 else ("mixed", None)
            row["severity"] = 1.0
    index.write(pa.Table.from_pylist(rows, schema=index.schema(CELLS)), folder / "index.parquet", cells)
    return folder


def online(run: RunContext, epoch: int) -> Online:
    chosen = samples.train_samples(run.index, "online", "none", run.cells)
    return Online(run.shards, chosen, samples.originals(run.index), 32, 99).of(epoch)


def test_an_epochs_copies_are_those_that_the_kernels_make_of_its_parameters(shards: Path, tmp_path: Path) -> None:
    run = run_context(shards, tmp_path, "online", SECTION)
    made, photos = online(run, 5), {row["image_id"]: row for row in samples.originals(run.index).to_pylist()}

    def pixels(image_id: str) -> np.ndarray:
        row = photos[image_id]
        return codec.decode(Shards(shards).read(row["shard"], row["offset"], row["size"]))

    rows = run.index.to_pylist()
    wanted = sorted(
        (row for row in rows if row["split"] == "train" and row["kept"]), key=lambda r: (r["image_id"], r["copy"])
    )
    assert {"tone", "mixed", "original"} <= {row["policy"] for row in wanted}
    for number, row in enumerate(wanted):
        expected = pixels(row["image_id"])
        if row["copy"]:
            drawn = CATALOGUE[row["policy"]].draw(Draws(seeds.derive(row["seed"], "epoch", 5)), 1.0)
            donor = cv2.cvtColor(pixels(row["donor"]), cv2.COLOR_RGB2RGBA) if row["donor"] else None
            expected = ops.apply(cv2.cvtColor(expected, cv2.COLOR_RGB2RGBA), drawn, donor)[..., :3]
        np.testing.assert_array_equal(made.take(np.array([number]))[0], expected)


def test_each_epoch_has_copies_of_its_own_and_the_same_originals(shards: Path, tmp_path: Path) -> None:
    run = run_context(shards, tmp_path, "online", SECTION)
    rows = np.arange(len(online(run, 0)))
    first, again, second = (online(run, epoch).take(rows) for epoch in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    copy = samples.train_samples(run.index, "online", "none", run.cells).table["copy"].to_numpy()
    same = (first == second).all(axis=(1, 2, 3))
    assert same[copy == 0].all() and not same[copy > 0].any() and (copy > 0).sum() == 36


def test_labels_and_weights_are_those_of_the_balanced_set(shards: Path, tmp_path: Path) -> None:
    run = run_context(shards, tmp_path, "online", SECTION)
    new, balanced = (samples.train_samples(run.index, kind, "none", run.cells) for kind in ("online", "balanced"))
    assert len(new) == len(balanced)
    np.testing.assert_array_equal(new.age, balanced.age)
    assert new.table["task_id"].equals(balanced.table["task_id"])


def test_it_takes_as_many_steps_and_the_same_result_at_any_number_of_threads(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    histories = []
    for jobs in ("1", "3"):
        monkeypatch.setenv("N_JOBS", jobs)
        run = run_context(shards, tmp_path / jobs, "online", SECTION)
        (repeat,) = runs.train_repeats(run, lambda repeat, history: None)
        assert repeat.steps == 12
        histories.append([{k: v for k, v in record.items() if k != "rate"} for record in repeat.history])
    assert histories[0] == histories[1]
    (repeated,) = runs.train_repeats(
        run_context(shards, tmp_path / "r", "repeated", SECTION), lambda repeat, history: None
    )
    assert repeated.steps == 12 and repeated.history[0]["loss"] != histories[0][0]["loss"]


def test_features_of_a_frozen_backbone_are_computed_for_each_epoch(shards: Path, tmp_path: Path) -> None:
    run = run_context(shards, tmp_path, "online", SECTION)
    backbone = backbones.build(run.train)
    path = tmp_path / "small.weights.h5"
    backbone.layers[-2].save_weights(path)
    text = SECTION.replace("size: 32", f"size: 32\n  weights: {path}\n  frozen: true")
    frozen = run_context(shards, tmp_path / "frozen", "online", text)
    network = heads.assemble(backbones.build(frozen.train), frozen.recipe, frozen.cells.names)
    data = stage_data.training_data(StageContext(frozen, frozen.recipe.stages[0], network, 7))
    assert data.drawn is not None
    first, second = (np.asarray(data.drawn(epoch).take(np.arange(len(data.inputs)))) for epoch in (0, 1))
    expected = network.backbone(online(frozen, 1).take(np.arange(len(data.inputs))), training=False)
    np.testing.assert_allclose(second, expected, rtol=1e-4, atol=1e-5)
    assert first.shape == second.shape and (first != second).any(axis=1).sum() >= 36 // 2
    assert not list((tmp_path / "frozen").rglob("*.npz"))
