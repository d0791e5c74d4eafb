"""Score all rows of a table on the same photos, and compare any two with paired intervals."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from experiments import results
from experiments.sets import ParameterSet
from manifests.core import params
from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.sections.score import Score
from manifests.sections.train import Train
from manifests.tables import plan
from manifests.tables.comparison import Pair
from manifests.tables.scorecard import Scores
from train.scoring import scored_runs
from train.scoring.metrics import compared, groupings
from train.scoring.paired import Resampled, pair, resampled
from train.scoring.resampling import strata, weights
from train.scoring.scored_runs import ScoredRun


@dataclass(frozen=True)
class ReportRow:
    """One run of one set, as its experiment left it.

    Attributes:
        name: set.run.
        run: the run, with its photos and its scorecard.
        originals: photos it was trained on.
        copies: copies it was trained on.
        cells: the axes.
    """

    name: str
    run: ScoredRun
    originals: int
    copies: int
    cells: Cells

    @property
    def scores(self) -> Scores:
        """Of the headline split."""
        return self.run.card.splits[self.run.card.split]


@dataclass(frozen=True)
class ScoredRows:
    """All rows, resampled with the same weights."""

    split: str
    axes: tuple[str, ...]
    rows: Mapping[str, ReportRow]
    noisy: Mapping[str, Resampled]

    def difference(self, first: str, second: str) -> Pair:
        """first - second, below 0 where the first is better."""
        return pair(self.noisy[first], self.noisy[second])


def rows_of(experiment: str, text: str, name: str, one: ParameterSet) -> list[ReportRow]:
    """Read a set's rows out of its experiment, whose `params.yaml` is `text`."""
    files = [f"datasets/runs/{run}/{file}" for run in one.runs for file in ("predictions.parquet", "scorecard.json")]
    table = "manifests/built/plan.parquet"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        results.fetch(experiment, {results.PARAMS: text}, [str(results.PARAMS), table, *files], folder)
        train = params.section(folder / results.PARAMS, Train)
        with located(str(folder / results.PARAMS) + ": train"):
            found, cells = scored_runs.read(train, folder / "datasets/runs")
        planned, _ = plan.read(folder / table)
    keep, copies, available = (int(pc.sum(planned[column]).as_py()) for column in ("keep", "augment", "available"))
    made = []
    for each in found:
        balanced = each.images != "original"
        made.append(
            ReportRow(f"{name}.{each.name}", each, keep if balanced else available, copies if balanced else 0, cells)
        )
    return made


def scored(rows: Sequence[ReportRow], options: Score, seed: int) -> ScoredRows:
    """Resample every row with the same weights, so that differences are paired.

    Raises:
        UserError: rows on other photos, whose figures do not compare.
    """
    split = rows[0].run.card.split
    photos, cells = rows[0].run.photos[split], rows[0].cells
    for each in rows[1:]:
        other = each.run.photos.get(split)
        if other is None or not np.array_equal(other.image_id, photos.image_id):
            raise UserError(each.name, f"the photos of {rows[0].name}", "others", "Run the table's sets on one source")
    axes = compared(groupings(cells, photos.cell), photos.target.own)
    weight = weights(strata(photos.cell), options.resamples, seed)
    noisy = {each.name: resampled(each.name, each.run.photos[split].error, axes, weight) for each in rows}
    return ScoredRows(split, tuple(axis.axis for axis in axes), {each.name: each for each in rows}, noisy)
