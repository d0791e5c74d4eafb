"""A run from shards to predictions: what it writes, that it repeats, resumes and can be used."""

from __future__ import annotations

import io
import itertools
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from manifests.core import params
from manifests.core.errors import UserError, located
from manifests.sections.train import Train
from manifests.tables import comparison, index, predictions, scorecard
from manifests.tables.predictions import Training
from tests.support import stages
from tests.support.train_fixtures import CELLS, write_shards
from train import compare, fit, predict, recipes, score
from train.data import samples
from train.data.readers import Images
from train.fitting import checkpoint, loop, outputs
from train.fitting import run as runs
from train.fitting.checkpoint import Checkpoint, Counters
from train.fitting.context import RunContext
from train.model import runtime
from train.model.heads import exported
from train.model.runtime import keras
from train.recipes import STUDIES

ROOT = Path(__file__).parents[1]
SECTION = """seed: 7
train:
  size: 32
  batch: 16
  max_steps: 4
  recipes:
    two:
      base: distribution
      schedule: cosine
      head: [0.3, 16]
      stages: [{layers: head}, {layers: all, weights: cell_tempered}]
    quick: {base: default, head: [0.2, 16]}
  runs:
    plain: {recipe: quick}
    two: {recipe: two, images: balanced, seeds: 2}
"""


DRAWN = """seed: 7
source: {layout: drawn, root: datasets/raw/drawn, drawn: 120, near_duplicates: keep}
cells:
  age: [20, 40, 60]
  gender: [male, female]
  ethnicity: [caucasian, asian, afroamerican]
  expression: [neutral, slightly happy, happy, other]
plan: {total: 100, shares: {age: uniform}, max_copies: 12, keep: all}
policies: {flip: {}}
render: {}
score: {resamples: 200, permutations: 200}
train:
  size: 32
  batch: 16
  max_steps: 3
  runs:
"""


class Killed(BaseException):
    pass


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    write_shards(folder, {"train": 40, "valid": 24, "test": 12}, unlabelled="test")
    return folder


def job_of(shards: Path, cache: Path, run: str, text: str = SECTION) -> RunContext:
    path = cache / "params.yaml"
    cache.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    train = params.section(path, Train)
    recipe = recipes.recipe_of(train, run)
    table, cells = index.read(shards / "index.parquet")
    return RunContext(run, train, recipe, 7, table, cells, shards, cache, runtime.prepare(7))


def trained(job: RunContext) -> tuple[pa.Table, list[runs.Repeat]]:
    """The predictions of a job."""
    repeats = runs.train_repeats(job, lambda repeat, history: None)
    splits = [samples.split_samples(job.index, split) for split in ("valid", "test")]
    return outputs.table(splits, [runs.predict(job, repeats, s) for s in splits], job.cells), repeats


def dying(epoch: int) -> runs.Report:
    """A report that stops the run dead when it is told of an epoch for the given time."""
    told = itertools.count(1)

    def report(repeat: int, history: list[dict[str, float]]) -> None:
        if next(told) == epoch:
            raise Killed

    return report


@pytest.fixture(scope="module")
def two(shards: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunContext, pa.Table, list[runs.Repeat]]:
    job = job_of(shards, tmp_path_factory.mktemp("cache"), "two")
    return job, *trained(job)


def test_predictions_are_the_mean_of_the_repeats(two: tuple[RunContext, pa.Table, list[runs.Repeat]]) -> None:
    _, made, repeats = two
    each = np.stack(made["age_preds"].to_pylist())
    assert each.shape == (36, 2) and len(repeats) == 2
    assert np.abs(each[:, 0] - each[:, 1]).max() > 1e-3
    np.testing.assert_allclose(made["age_pred"].to_numpy(), each.mean(axis=1), rtol=1e-5)


def test_predictions_are_in_order_of_split_and_path(two: tuple[RunContext, pa.Table, list[runs.Repeat]]) -> None:
    _, made, _ = two
    keys = list(zip(made["split"].to_pylist(), made["path"].to_pylist(), strict=True))
    assert keys == [*sorted(k for k in keys if k[0] == "valid"), *sorted(k for k in keys if k[0] == "test")]
    assert made.filter(pc.equal(made["split"].cast(pa.string()), "test"))["age"].null_count == 12


def test_a_distribution_output_keeps_its_cumulative_shares(two: tuple[RunContext, pa.Table, list[runs.Repeat]]) -> None:
    _, made, _ = two
    shares = np.stack(made["age_q"].to_pylist())
    assert shares.shape == (36, 101)
    assert (np.diff(shares, axis=1) >= -1e-6).all()
    np.testing.assert_allclose(shares[:, -1], 1, atol=1e-4)
    np.testing.assert_allclose((1 - shares[:, :-1]).sum(axis=1), made["age_pred"].to_numpy(), atol=1e-2)


def test_killed_at_any_epoch_and_resumed_is_the_same(
    two: tuple[RunContext, pa.Table, list[runs.Repeat]], shards: Path, tmp_path: Path
) -> None:
    job, made, repeats = two
    epochs = sum(len(repeat.history) for repeat in repeats)
    assert epochs == 8
    die_at = int(np.random.default_rng(os.getpid()).integers(1, epochs + 1))
    job = job_of(shards, tmp_path, "two")
    with pytest.raises(Killed):
        runs.train_repeats(job, dying(die_at))
    again, resumed = trained(job)
    assert again.equals(made), f"killed after epoch {die_at}"
    assert [m.history for m in resumed] == [m.history for m in repeats]


def test_another_setting_never_continues_from_a_checkpoint(shards: Path, tmp_path: Path) -> None:
    folders = {job_of(shards, tmp_path, "two", SECTION.replace(*change)).checkpoints for change in CHANGES}
    assert len(folders) == len(CHANGES)


def test_runs_that_ask_for_the_same_are_trained_once(
    shards: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SECTION.replace("{base: default, head: [0.2, 16]}", "{base: default, head: [0.2, 16], about: One row.}")
    text = text.replace("recipes:", "recipes:\n    alike: {base: default, head: [0.2, 16], about: Another row.}")
    text += "    other: {recipe: alike}\n    more: {recipe: alike, seeds: 2}\n"
    text += "    changed: {recipe: alike, images: balanced}\n"
    steps: list[int] = []
    train_stage = loop.train_stage

    def counted(*given: Any) -> Checkpoint:
        steps.append(given[3].counters.epoch)
        return train_stage(*given)

    monkeypatch.setattr(loop, "train_stage", counted)
    for run in ("plain", "other", "changed", "more"):
        monkeypatch.setattr(sys, "argv", ["fit", *command_line(shards, tmp_path, run, text)[3:]])
        fit.main()
        assert len(list(tmp_path.glob("cache/training/*"))) == 1  # that of changed is removed at once
    assert len(steps) == 3  # of plain, of changed, and of the second network of more
    made = [(tmp_path / "runs" / run / "predictions.parquet").read_bytes() for run in ("plain", "other", "changed")]
    assert made[0] == made[1] != made[2]


def test_what_makes_two_runs_ask_for_the_same() -> None:
    runs = {
        "a": {},
        "seeds": {"seeds": 5},
        "images": {"images": "balanced"},
        "weights": {"weights": "cell"},
        "network": {"network": {"size": 64}},
        "from_a": {"start": "a"},
        "from_seeds": {"start": "seeds"},
        "from_images": {"start": "images"},
        "file": {"start": "s3://nowhere/network.weights.h5"},  # is not fetched
        "same_file": {"start": "s3://nowhere/network.weights.h5"},
        "unknown": {"recipe": "none_such"},
        "also_unknown": {"recipe": "none_such"},
    }
    train = Train.model_validate({"runs": runs})
    found = {name: recipes.twins(train, name) for name in runs}
    assert {name: twins for name, twins in found.items() if twins} == {
        "a": ["seeds"],
        "seeds": ["a"],
        "from_a": ["from_seeds"],
        "from_seeds": ["from_a"],
        "file": ["same_file"],
        "same_file": ["file"],
    }


CHANGES = [
    ("-", "-"),
    ("size: 32", "size: 48"),
    ("batch: 16", "batch: 8"),
    ("0.3, 16", "0.4, 16"),
    ("tempered", "years"),
]


def test_the_files_of_a_run(two: tuple[RunContext, pa.Table, list[runs.Repeat]], tmp_path: Path) -> None:
    _, made, _ = two
    for name in ("a", "b"):
        outputs.write(made, tmp_path / name, CELLS, Training(8, 1000))
    for name in ("predictions.parquet", "predictions.csv", "predictions.zip"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    table, _ = predictions.read(tmp_path / "a" / "predictions.parquet")
    assert table.num_rows == 36 and predictions.training(table) == Training(8, 1000)
    lines = (tmp_path / "a" / "predictions.csv").read_text().splitlines()
    test = made.filter(pc.equal(made["split"].cast(pa.string()), "test"))
    np.testing.assert_allclose([float(line) for line in lines], test["age_pred"].to_numpy(), atol=1e-5)
    with zipfile.ZipFile(io.BytesIO((tmp_path / "a" / "predictions.zip").read_bytes())) as archive:
        assert archive.namelist() == ["predictions.csv"]
        assert archive.read("predictions.csv").decode().splitlines() == lines


def test_the_exported_model_gives_the_same_ages(
    two: tuple[RunContext, pa.Table, list[runs.Repeat]], shards: Path, tmp_path: Path
) -> None:
    job, made, repeats = two
    path = tmp_path / "two" / "model.keras"
    outputs.save_model(exported([repeat.network for repeat in repeats], job.recipe), path)
    assert [p.name for p in path.parent.iterdir()] == ["model.keras"]
    model = predict.load(path, tmp_path)
    valid = samples.split_samples(job.index, "valid")
    images = Images(shards, valid.table, None, 32)
    photos = np.zeros((len(valid), 32, 32, 3), np.uint8)
    images.fill(np.arange(len(valid)), photos)
    np.testing.assert_allclose(np.asarray(model(photos))[:, 0], made["age_pred"].to_numpy()[: len(valid)], atol=1e-3)


def test_a_run_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        predict.load(tmp_path / "a" / "model.keras", tmp_path)
    assert str(caught.value) == (
        "--run: expected a trained run (none yet). Received 'a'. "
        "Name one of them, or run `python -m train.fit --run R` first."
    )


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"text"])
def test_a_broken_checkpoint_is_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "repeat-0.npz"
    checkpoint.save(path, Checkpoint(Counters(epoch=3), {"best": [np.ones(2)]}))
    whole = checkpoint.load(path)
    assert whole is not None and whole.counters.epoch == 3
    np.testing.assert_array_equal(whole.arrays["best"][0], [1, 1])
    path.write_bytes(content)
    assert checkpoint.load(path) is None


def test_a_checkpoint_keeps_every_counter() -> None:
    counters = Counters().after(5.0, {"a": 1.0}).after(6.0, {"a": 2.0})
    assert (counters.epoch, counters.best, counters.since) == (2, 5.0, 1)
    following = counters.next_stage()
    assert (following.stage, following.epoch, following.best) == (1, 0, float("inf"))
    assert len(following.history) == 2


def command_line(shards: Path, folder: Path, run: str, text: str) -> list[str]:
    (folder / "params.yaml").write_text(text)
    options = {"params": folder / "params.yaml", "shards": shards, "runs": folder / "runs", "cache": folder / "cache"}
    return [sys.executable, "-m", "train.fit", "--run", run, *(f"--{k}={v}" for k, v in options.items())]


def test_mistakes_end_in_one_line(shards: Path, tmp_path: Path) -> None:
    done = subprocess.run(command_line(shards, tmp_path, "x", SECTION), cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"{tmp_path}/params.yaml: train.runs: expected one of the runs plain, two. Received 'x'. "
        "Name one of them with --run.\n"
    )


def test_missing_weights_are_named(shards: Path, tmp_path: Path) -> None:
    text = SECTION.replace("train:\n", f"train:\n  weights: {tmp_path}/none.h5\n")
    with pytest.raises(UserError) as caught, located("p.yaml: train"):
        trained(job_of(shards, tmp_path, "plain", text))
    assert str(caught.value) == (
        "p.yaml: train.weights: expected none, imagenet, or a weights file. "
        f"Received {tmp_path}/none.h5, which does not exist. Link one there, run `make face-weights`, "
        "or set train.weights to none or imagenet."
    )


@pytest.mark.slow
def test_two_processes_predict_the_same(shards: Path, tmp_path: Path) -> None:
    made = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        subprocess.run(command_line(shards, tmp_path / name, "plain", SECTION), cwd=ROOT, check=True)
        made.append((tmp_path / name / "runs/plain/predictions.parquet").read_bytes())
    assert made[0] == made[1]


def test_a_stage_goes_back_to_its_best_epoch(shards: Path, tmp_path: Path) -> None:
    text = SECTION.replace("base: default, head", "base: default, monitor: mae, stages: [{epochs: 2, rate: 1}], head")
    job = job_of(shards, tmp_path, "plain", text)
    table, (repeat,) = trained(job)
    valid = table.slice(0, 24)
    errors = np.abs(valid["age_pred"].to_numpy() - valid["age"].to_numpy()).mean()
    assert errors == pytest.approx(min(record["valid_mae"] for record in repeat.history), abs=1e-3)
    assert len({record["valid_mae"] for record in repeat.history}) > 1


@pytest.mark.slow
def test_killed_for_real_and_resumed_is_the_same(shards: Path, tmp_path: Path) -> None:
    text = SECTION.replace("max_steps: 4", "max_steps: 24")
    results = []
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
        command = command_line(shards, tmp_path / name, "two", text)
        if name == "killed":
            child = subprocess.Popen(command, cwd=ROOT)
            rng = np.random.default_rng()
            while not list((tmp_path / name).glob("cache/training/*/repeat-*.npz")):
                time.sleep(0.2)
            time.sleep(float(rng.uniform(0, 6)))
            child.send_signal(signal.SIGKILL)
            child.wait()
        subprocess.run(command, cwd=ROOT, check=True)
        results.append((tmp_path / name / "runs/two/predictions.parquet").read_bytes())
        assert not list((tmp_path / name).glob("cache/training/*"))
    assert results[0] == results[1]


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with drawn faces in which every row of the studies is trained, for an epoch a stage."""
    text = DRAWN + "".join(f"    {name}: {{recipe: {name}}}\n" for name in STUDIES)
    folder = stages.prepare(tmp_path_factory.mktemp("studies") / "drawn", text)
    stages.run_all(folder, "manifests.draw", "manifests.scan", "balance.plan", "augment.render")
    for name in STUDIES:
        job = job_of(folder / "datasets/shards", folder, name, text)
        made, repeats = trained(job)
        assert len(repeats[0].history) == len(STUDIES[name].stages)
        outputs.write(made, folder / "datasets/runs" / name, job.cells, Training(runs.steps_taken(repeats)))
        keras.backend.clear_session()
    return folder


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_row_of_the_studies_trains_and_scores_and_is_compared(
    studies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(studies)
    for name in STUDIES:
        monkeypatch.setattr("sys.argv", ["score", "--run", name])
        score.main()
    monkeypatch.setattr("sys.argv", ["compare"])
    compare.main()
    for split in comparison.read(Path("datasets/comparison.json")).splits.values():
        rows = {row.name: row for row in split.rows if row.kind == "run"}
        assert list(rows) == list(STUDIES)
        for name in STUDIES:
            card = scorecard.read(Path("datasets/runs") / name / "scorecard.json")
            assert (
                rows[name].n == card.overall.n
                and np.isfinite([rows[name].error.value, rows[name].average_bias.value]).all()
            )
        assert len({row.error.value for row in rows.values()}) > len(STUDIES) / 2  # different recipes, different errors
        assert len(split.pairs) == len(STUDIES) * (len(STUDIES) - 1) // 2
