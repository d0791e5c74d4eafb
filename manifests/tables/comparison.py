"""`datasets/comparison.json`: every run beside the others, the published rows and any given predictions.

Differences are first - second, in the unit that `words` names: below 0 the first is better.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from manifests.tables import scorecard
from manifests.tables.parts import Named, Part, Words
from manifests.tables.scorecard import GroupError
from manifests.tables.times import Times

Kind = Literal["run", "published", "predictions"]


class Figure(Part):
    """A figure and its 95% interval; for a run's bias also its p-value and the bias of random groups.

    Published figures have their value alone.
    """

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    chance: float | None = None


class System(Named):
    """One system.

    Attributes:
        name: the run's, the published row's or the given name.
        kind: where its numbers are from.
        role: of a run: baseline, repetition, augmentation, weights, both or adjustment.
        recipe: the recipe's name, where there is one.
        steps: gradient steps of a run, the mean over its seeds; None where nobody knows.
        parameters: numbers in one of its networks, backbone and head; None where nobody knows.
        times: milliseconds per image, where runs differ in their networks; else None.
        n: photos scored; 0 for a published row, which does not say.
        by_group: of a run or of scored predictions: axis -> value -> its error.
        more: further figures of classes by their names, the leading one first; shares from 0 to 1.
    """

    name: str
    kind: Kind
    role: str
    recipe: str
    steps: int | None = None
    parameters: int | None = None
    times: Times | None = None
    n: int
    error: Figure
    bias: dict[str, Figure]
    average_bias: Figure | None
    by_group: dict[str, dict[str, GroupError]] = {}
    more: dict[str, Figure] = {}


class Difference(Part):
    """A difference with its paired 95% interval and two-sided p-value."""

    value: float
    low: float
    high: float
    p: float


class Pair(Named):
    """Two runs, or a run and scored predictions of another program, on the same photos."""

    first: str
    second: str
    error: Difference
    bias: dict[str, Difference]
    average_bias: Difference


class Place(Part):
    """A row of the leaderboard: its rank in each column, and their mean."""

    name: str
    kind: Kind
    ranks: dict[str, float]
    average_rank: float


class SplitComparison(Part):
    """One labelled split: the rows (runs first, as in the course's report), every pair of runs, the leaderboard.

    `verdict` says whether rendering pays; None where the runs that it rests on are not all there.
    """

    n: int
    axes: list[str]
    rows: list[System]
    pairs: list[Pair]
    leaderboard: list[Place]
    verdict: str | None = None


class Marginal(Part):
    """What the plan wanted and reached for one value of an axis, as shares of the balanced set."""

    axis: str
    value: str
    wanted: float | None
    reached: float


class Comparison(Part):
    """All of it; `split` is the headline: test where it has labels, else valid.

    `warnings` say where the runs do not compare, `notes` what a reader must know.
    """

    words: Words
    split: str
    splits: dict[str, SplitComparison]
    plan: list[Marginal]
    warnings: list[str] = []
    notes: list[str]


def write(comparison: Comparison, path: Path) -> None:
    """Publish the comparison."""
    scorecard.write_json(comparison.model_dump(mode="json", context=comparison.words.names), path)


def read(path: Path) -> Comparison:
    """Read and check a comparison.

    Raises:
        UserError: no such file, no JSON, or a key that is missing, unknown or of another type.
    """
    return scorecard.read_json(path, Comparison, "a comparison", "Run `python -m train.compare`")
