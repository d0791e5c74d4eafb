"""`datasets/comparison.json`: every run beside the others, the published rows and any given predictions.

Differences are first - second, in the unit that `words` names: below 0 the first is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeVar

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


class GroupDifference(Difference):
    """The difference of one group's error, which rests on `n` photos."""

    n: int


class Pair(Named):
    """Two runs, or a run and scored predictions of another program, on the same photos.

    `groups` holds axis -> group -> the difference of its error.
    """

    first: str
    second: str
    error: Difference
    bias: dict[str, Difference]
    average_bias: Difference
    groups: dict[str, dict[str, GroupDifference]] = {}


Kinds = Literal["pays", "better", "worse", "no difference"]


class Outcome(Part):
    """What the verdict rests on, for a reader who has ten seconds.

    Attributes:
        kind: whether rendering `pays`; some other way is `better` than the plain one; rendering is `worse` than the
            best way without images; or there is `no difference` beyond noise.
        way: the way to take.
        rendered: the rendered way with the least sum of error and average bias.
        cheapest: the way without images that has the least sum.
        plain: the way that the others are compared with.
        repeated: the way that repeats the plan's photos.
    """

    kind: Kinds
    way: str
    rendered: str
    cheapest: str
    plain: str
    repeated: str


class Place(Part):
    """A row of the leaderboard: its rank in each column, and their mean."""

    name: str
    kind: Kind
    ranks: dict[str, float]
    average_rank: float


class SplitComparison(Part):
    """One labelled split: the rows (runs first, as in the course's report), every pair of runs, the leaderboard.

    `verdict` says whether rendering pays, and `outcome` names the runs that it rests on; None where they are not all
    there.
    """

    n: int
    axes: list[str]
    rows: list[System]
    pairs: list[Pair]
    leaderboard: list[Place]
    verdict: str | None = None
    outcome: Outcome | None = None


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


def between(pairs: Sequence[Pair], first: str, second: str) -> Pair | None:
    """The differences first - second, whichever way round they were computed; None where nobody did."""
    for pair in pairs:
        if (pair.first, pair.second) == (first, second):
            return pair
        if (pair.first, pair.second) == (second, first):
            return Pair(
                first=first,
                second=second,
                error=_turned(pair.error),
                bias={axis: _turned(each) for axis, each in pair.bias.items()},
                average_bias=_turned(pair.average_bias),
                groups={axis: {name: _turned(g) for name, g in each.items()} for axis, each in pair.groups.items()},
            )
    return None


D = TypeVar("D", bound=Difference)


def _turned(one: D) -> D:
    """The same difference, second - first."""
    return one.model_copy(update={"value": -one.value, "low": -one.high, "high": -one.low})


def write(comparison: Comparison, path: Path) -> None:
    """Publish the comparison."""
    scorecard.write_json(comparison.model_dump(mode="json", context=comparison.words.names), path)


def read(path: Path) -> Comparison:
    """Read and check a comparison.

    Raises:
        UserError: no such file, no JSON, or a key that is missing, unknown or of another type.
    """
    return scorecard.read_json(path, Comparison, "a comparison", "Run `python -m train.compare`")
