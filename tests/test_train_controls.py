"""The controls of the plan: its photos repeated as they are, and its shares as sample weights."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from manifests.core.errors import UserError
from manifests.tables import index
from tests.support.train_fixtures import CELLS, run_context, write_shards
from train.data import samples
from train.data.readers import Images
from train.fitting import run as runs
from train.fitting import stage_data
from train.fitting.context import RunContext

SECTION = """seed: 7
train:
  size: 32
  batch: 16
  recipes: {short: {base: default, head: [16], stages: [{steps: 4}]}}
  runs: {repeated: {recipe: short, images: repeated}, weighted: {recipe: short, weights: plan}}
"""


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("controls")
    write_shards(folder, {"train": 60, "valid": 12}, copies=3)
    return folder


@pytest.fixture
def table(shards: Path) -> pa.Table:
    return index.read(shards / "index.parquet")[0]


def kept(table: pa.Table) -> pa.Table:
    return table.filter((pc.field("split") == "train") & pc.field("kept"))


def test_repeated_is_the_plans_photos_each_with_the_bytes_of_its_original(shards: Path, table: pa.Table) -> None:
    made = samples.train_samples(table, "repeated", "none", CELLS)
    assert Counter(made.table["image_id"].to_pylist()) == Counter(kept(table)["image_id"].to_pylist())
    assert set(made.table["copy"].to_pylist()) == {0}
    assert len(set(made.keys)) == len(set(kept(table)["image_id"].to_pylist()))  # features once per photo
    originals = {row["image_id"]: row for row in table.filter(pc.field("copy") == 0).to_pylist()}
    assert all(row["sha256"] == originals[row["image_id"]]["sha256"] for row in made.table.to_pylist())
    assert "dropped-00000.tar" in made.table["shard"].to_pylist()  # a copy's original that the plan leaves out
    assert Images(shards, made.table, made.views, 32).take(np.arange(len(made))).any(axis=(1, 2, 3)).all()


def test_repeated_has_the_labels_of_the_balanced_set(table: pa.Table) -> None:
    repeated, balanced = (samples.train_samples(table, images, "none", CELLS) for images in ("repeated", "balanced"))
    for column in ("image_id", "age", "cell"):
        assert repeated.table[column].to_pylist() == balanced.table[column].to_pylist()


def test_a_copy_without_its_original_is_named(table: pa.Table) -> None:
    (parent, *_) = table.filter(pc.field("copy") == 3)["image_id"].to_pylist()
    lacking = table.filter((pc.field("image_id") != parent) | (pc.field("copy") > 0))
    with pytest.raises(UserError, match=f"expected the original of every copy. Received no copy 0 of {parent}"):
        samples.train_samples(lacking, "repeated", "none", CELLS)


def weights_of(run: RunContext) -> tuple[np.ndarray, np.ndarray]:
    (stage,) = run.recipe.stages
    chosen = stage_data.samples_of(run, stage)
    return stage_data.sample_weights_of(run, stage, chosen)[:, 0], chosen.table["cell"].to_numpy()


def test_plan_weights_give_the_originals_the_shares_of_the_plans_set(shards: Path, tmp_path: Path) -> None:
    run = run_context(shards, tmp_path, "weighted", SECTION)
    weights, cell = weights_of(run)
    wanted = np.bincount(kept(run.index)["cell"].to_numpy(), minlength=len(CELLS))
    assert weights.mean() == pytest.approx(1)
    reached = np.bincount(cell, weights, minlength=len(CELLS))
    np.testing.assert_allclose(reached / reached.sum(), wanted / wanted.sum(), atol=1e-6)


@pytest.mark.parametrize("images", ["repeated", "balanced"])
def test_plan_weights_are_even_on_a_set_that_has_the_plans_shares_already(
    shards: Path, tmp_path: Path, images: str
) -> None:
    text = SECTION.replace("weights: plan", f"weights: plan, images: {images}")
    np.testing.assert_allclose(weights_of(run_context(shards, tmp_path, "weighted", text))[0], 1)


@pytest.mark.parametrize("name", ["repeated", "weighted"])
def test_both_train(shards: Path, tmp_path: Path, name: str) -> None:
    run = run_context(shards, tmp_path, name, SECTION)
    (repeat,) = runs.train_repeats(run, lambda repeat, history: None)
    assert np.isfinite([record["loss"] for record in repeat.history]).all()
