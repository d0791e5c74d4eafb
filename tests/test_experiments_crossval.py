"""Nested cross-validation: folds that part nothing, plans made anew, and a report that comes out again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from experiments import crossval
from experiments.nested import rounds, trial
from manifests import draw
from manifests.core.errors import UserError
from manifests.tables import index
from tests.support.stages import ROOT

TABLE = """
title: Drawn faces
params: params.yaml
recipe: adjusted
folds: {outer: 2, inner: 2}
networks: {inner: 1, outer: 1}
candidates: {steps: [4], adjust: [0, 0.3]}
ways: {original: {images: original}, repeated: {images: repeated}, rendered: {images: balanced}}
plain: original
repeated: repeated
rendered: [rendered]
"""


def written(folder: Path, text: str = TABLE) -> Path:
    (folder / "crossval.yaml").write_text(text)
    return folder / "crossval.yaml"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("plain: original", "plain: best"), "plain: expected one of the ways original, repeated, rendered. Received"),
        (("steps: [4]", "steps: []"), "candidates.steps: expected"),
        (("outer: 2", "outer: 1"), "folds.outer: expected greater than or equal to 2. Received 1. Correct the value."),
    ],
)
def test_a_mistake_in_the_table_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    path = written(tmp_path, TABLE.replace(*change))
    with pytest.raises(UserError) as said:
        trial.read(path)
    assert str(said.value).startswith(f"{path}: {message}")


def test_no_round_trains_on_what_it_scores_and_every_photo_is_scored_once(tmp_path: Path) -> None:
    outer = np.arange(60) % 2
    inner = [np.where(outer == one, -1, np.arange(60) // 2 % 2) for one in range(2)]
    every = rounds.rounds(trial.read(written(tmp_path)), outer, inner, tmp_path)
    assert not any((one.train & one.scored).any() for one in every)
    assert (sum(one.scored for one in every if one.within is None) == 1).all()
    for one in every:
        within = [other for other in every if other.within == one.name]
        assert all(not (other.train & one.scored).any() and not (other.scored & one.scored).any() for other in within)
        assert not within or (sum(other.scored for other in within) == one.train).all()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_command_on_drawn_faces_and_its_second_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "params.yaml").read_text().replace("  layout: drawn\n", "  layout: drawn\n  drawn: 160\n")
    total = next(line for line in text.splitlines(keepends=True) if line.strip().startswith("total:"))
    (tmp_path / "params.yaml").write_text(text.replace(total, "  total: 150\n"))
    for name in ("emphasis.json", "rejects.csv"):
        (tmp_path / "manifests").mkdir(exist_ok=True)
        (tmp_path / "manifests" / name).write_text((ROOT / "manifests" / name).read_text())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    draw.main([])
    written(tmp_path)
    reports = []
    for _ in range(2):
        monkeypatch.setattr(sys, "argv", ["crossval", "--table", "crossval.yaml", "--output", "report.md"])
        crossval.main()
        reports.append(Path("report.md").read_text())
    assert reports[0] == reports[1] and "**" in reports[0] and "| rendered |" in reports[0]
    for folder in Path(".cache/crossval/crossval").glob("outer-*"):
        table, _ = index.read(folder / "shards/index.parquet")
        scored = {row["image_id"] for row in table.select(["image_id", "split"]).to_pylist() if row["split"] == "valid"}
        trained = {
            row["image_id"] for row in table.select(["image_id", "split"]).to_pylist() if row["split"] == "train"
        }
        assert scored and trained and not scored & trained
