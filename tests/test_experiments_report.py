"""The report of a table: its figures are those of the rows, its differences are paired."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from experiments import figures, words
from manifests.core.errors import UserError
from manifests.sections.score import Score
from tests.support import scoring
from tests.support.experiment_table import TABLE, read
from train.scoring.predictions import labelled
from train.scoring.scorecard import scorecard
from train.scoring.scored_runs import ScoredRun


def test_a_table_of_single_networks_says_so(tmp_path: Path) -> None:
    score = Score(resamples=200, permutations=200)
    wanted = read(tmp_path, TABLE.replace("seeds: 2", "seeds: 1"))
    text = words.page(wanted, figures.scored(rows(), score, 7), "a machine", score, 7)
    assert "- Every row is one network, seed 7: " in text and "±" not in text
    lines = [line.count("|") for line in text.splitlines() if line.startswith(("| row", "| `copies.second` | 100"))]
    assert len(set(lines)) == 1 and len(lines) == 3


def rows() -> list[figures.ReportRow]:
    made = []
    for number, (name, copies) in enumerate({"plain.first": 0, "copies.second": 5, "copies.third": 5}.items()):
        photos = labelled(scoring.frame({"valid": 300}, seed=number, noise=6 - 2 * number), scoring.CELLS)
        card = scorecard(name, photos, scoring.CELLS, Score(resamples=200, permutations=200), 7)
        made.append(
            figures.ReportRow(
                name, ScoredRun(name, "linear", "", "original", "baseline", card, photos), 100, copies, scoring.CELLS
            )
        )
    return made


def test_the_report_holds_what_numpy_computes(tmp_path: Path) -> None:
    made, score = rows(), Score(resamples=200, permutations=200)
    text = words.page(read(tmp_path), figures.scored(made, score, 7), "a machine", score, 7)
    for number, row in enumerate(made):
        frame = scoring.frame({"valid": 300}, seed=number, noise=6 - 2 * number)
        error = np.abs(frame["age_pred"].to_numpy() - frame["age"].to_numpy())
        men = pc.equal(frame["gender"].cast("string"), "male").to_numpy()
        line = next(line for line in text.splitlines() if line.startswith(f"| `{row.name}` | 100"))
        assert f"| {error.mean():.2f} (" in line
        assert f"| {abs(error[men].mean() - error[~men].mean()):.2f} |" in line
    assert "| `copies.second` | 100 + 5 |" in text and "| `plain.first` | 100 |" in text


def test_differences_are_signed_towards_the_row_that_is_compared_with(tmp_path: Path) -> None:
    score = Score(resamples=200, permutations=200)
    scored = figures.scored(rows(), score, 7)
    found = scored.difference("copies.second", "plain.first")
    assert found.error.value < 0 and found.error.high < 0  # its noise is a third less
    assert scored.difference("plain.first", "copies.second").error.value == pytest.approx(-found.error.value)
    assert f"{found.error.value:+.2f} ({found.error.low:+.2f} to {found.error.high:+.2f})" in words.page(
        read(tmp_path), scored, "", score, 7
    )


def test_rows_on_other_photos_do_not_compare() -> None:
    made = rows()
    photos = labelled(scoring.frame({"valid": 200}), scoring.CELLS)
    card = scorecard("x", photos, scoring.CELLS, Score(resamples=200, permutations=200), 7)
    made.append(
        figures.ReportRow(
            "x.y", ScoredRun("x", "linear", "", "original", "baseline", card, photos), 9, 0, scoring.CELLS
        )
    )
    with pytest.raises(UserError) as error:
        figures.scored(made, Score(resamples=200, permutations=200), 7)
    assert str(error.value) == (
        "x.y: expected the photos of plain.first. Received others. Run the table's sets on one source."
    )
