"""Published rows beside ours, and whether ours agree with what a study found."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from experiments import figures, findings, table, words
from experiments.findings import Finding
from manifests.sections.score import Score
from manifests.tables.comparison import Difference
from tests.support import scoring
from train.recipes import RECIPES
from train.scoring.predictions import labelled
from train.scoring.scorecard import scorecard
from train.scoring.scored_runs import ScoredRun

SCORE = Score(resamples=200, permutations=200)
STUDIES = Path("experiments/appa_real")


def scored(noises: dict[str, float]) -> figures.ScoredRows:
    """Rows whose errors grow with their noise."""
    rows = []
    for seed, (name, noise) in enumerate(noises.items()):
        photos = labelled(scoring.frame({"valid": 300}, seed=seed, noise=noise), scoring.CELLS)
        card = scorecard(name, photos, scoring.CELLS, SCORE, 7)
        run = ScoredRun(name, "", "", "original", "baseline", card, photos)
        rows.append(figures.ReportRow(name, run, 100, 0, scoring.CELLS))
    return figures.scored(rows, SCORE, 7)


@pytest.mark.parametrize(
    ("low", "high", "expected", "words"),
    [
        (-0.4, -0.1, "lower", "agrees"),
        (0.1, 0.4, "lower", "disagrees"),
        (0.1, 0.4, "higher", "agrees"),
        (-0.4, -0.1, "higher", "disagrees"),
        (-0.1, 0.4, "lower", "not settled"),
        (-0.4, 0.0, "lower", "not settled"),
    ],
)
def test_a_row_agrees_where_its_interval_leaves_out_0(low: float, high: float, expected: str, words: str) -> None:
    assert findings.agreement(Difference(value=(low + high) / 2, low=low, high=high, p=0.5), expected) == words


def test_each_set_is_asked_that_has_both_rows() -> None:
    rows = scored({"one.good": 2, "one.bad": 8, "two.good": 8, "two.bad": 2, "three.good": 2})
    sets = {"one": ["good", "bad"], "two": ["good", "bad"], "three": ["good"]}
    claim = Finding(claim="better", first="good", second="bad", figure="error", expected="lower")
    line = findings.checked((claim,), sets, rows)[-1]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:2] == ["better", "MAE, `good` - `bad`"]
    assert cells[2].startswith("agrees: -") and cells[3].startswith("disagrees: +") and cells[4] == ""


def test_a_published_row_stands_above_ours_with_its_own_figures() -> None:
    lines = findings.beside(["studies.B-M5"], scored({"studies.B-M5": 4}))
    (at,) = [number for number, line in enumerate(lines) if line.startswith("| B-M5 ")]
    assert lines[at] == "| B-M5 | published | 1e-05 | 2 | 0.04 | 0.16 | 0.54 | 3.06 | 0.95 | 6.34 |"
    assert lines[at + 1].startswith("| `studies.B-M5` | ours | 1e-05 | 2 | ")
    assert sum("| ours |" in line for line in lines) == 1


def test_the_studies_tables_have_every_row_of_a_to_d() -> None:
    wanted, learning = table.read(STUDIES / "studies.yaml"), table.read(STUDIES / "studies_blocks.yaml")
    runs = {run.recipe for run in wanted.sets["studies"].runs.values()}
    assert {name for name in RECIPES if name[:2] in ("A-", "B-", "C-", "D-")} <= runs
    whole = {name for name in runs if any(stage.layers == "all" for stage in RECIPES[name].stages)}
    assert set(learning.sets["blocks"].runs) == whole - {"steady", "D-T1-extreme"}
    assert wanted.findings == learning.findings
    for one in wanted.findings:
        assert {one.first, one.second} <= runs


def test_the_report_names_the_parts(tmp_path: Path) -> None:
    rows = scored({"studies.D-0": 6, "studies.B-M4": 6, "studies.B-M5": 2})
    path = tmp_path / "table.yaml"
    path.write_text(
        "title: T\nagainst: studies.D-0\nbest: studies.B-M5\npublished: true\n"
        "findings: [{claim: helps, first: B-M5, second: B-M4, figure: bias, expected: lower}]\n"
        "parts: [{title: P, sets: {studies: {runs: {D-0: {}, B-M4: {}, B-M5: {}}}}}]\n"
    )
    text = words.page(table.read(path), rows, "a machine", SCORE, 7)
    assert "## Beside the published rows" in text and "## What the studies found" in text and "| helps |" in text


def test_a_finding_has_a_direction() -> None:
    with pytest.raises(ValidationError, match="expected"):
        Finding(claim="c", first="a", second="b", figure="error", expected="better")  # type: ignore[arg-type]
