"""The export per photo: its weights reach the plan's counts."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from manifests.tables import plan
from tests.support.plan_stage import CELLS, LOPSIDED, UNIFORM, PlanStage, photo_table
from tests.support.stages import run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[PlanStage, pd.DataFrame]:
    stage = PlanStage(tmp_path_factory.mktemp("export"), CELLS, photo_table(CELLS, LOPSIDED))
    stage.run({"total": 200, "shares": UNIFORM, "keep": 0.5})
    done = run(
        stage.folder, "balance.export", "--tasks=tasks.parquet", "--source=source.parquet", "--out=plan_of.parquet"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "plan_of.parquet and .csv: 124 train photos, 200 images in the plan\n"
    return stage, pd.read_parquet(stage.folder / "plan_of.parquet")


def test_each_photo_has_its_images(made: tuple[PlanStage, pd.DataFrame]) -> None:
    stage, table = made
    wanted = Counter(t["image_id"] for t in stage.tasks() if t["shard"].startswith("train-"))
    assert dict(zip(table["image_id"], table["sampling_weight"], strict=True)) == {
        image_id: float(wanted[image_id]) for image_id in table["image_id"]
    }
    assert (table["kept"] + table["copies"] == table["sampling_weight"]).all()
    assert not table["kept"].all()
    assert table["path"].is_monotonic_increasing


def test_both_weights_reach_the_targets_of_every_cell(made: tuple[PlanStage, pd.DataFrame]) -> None:
    stage, table = made
    target = {
        tuple(row[column] for column in CELLS.columns): row["target"]
        for row in plan.read(stage.folder / "plan.parquet")[0].to_pylist()
        if row["available"]
    }
    cells = table.groupby(list(CELLS.columns))[["sampling_weight", "loss_weight"]].sum()
    for cell, weights in cells.iterrows():
        assert weights["sampling_weight"] == target[cell]
        assert weights["loss_weight"] * 200 / len(table) == pytest.approx(target[cell])
    assert table["loss_weight"].mean() == pytest.approx(1)


def test_the_csv_has_the_same_rows(made: tuple[PlanStage, pd.DataFrame]) -> None:
    stage, table = made
    again = pd.read_csv(stage.folder / "plan_of.csv", dtype={"image_id": str})
    assert list(again) == list(table)
    assert (again["image_id"] == table["image_id"]).all()
    assert np.allclose(again["loss_weight"], table["loss_weight"])
    assert Path(stage.folder / "plan_of.csv").read_text().count("\n") == len(table) + 1
