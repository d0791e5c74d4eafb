"""`manifests/built/plan.json`: the plan as a whole, why it misses its targets, and what would bring it closer.

The planner writes it; the plan page, the model card and the comparison read it. Counts are images and
photos, shares are of the train images, deviations are images x weight. docs/planning.md lists the file's keys.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, Field

from manifests.core.files import write_text
from manifests.tables.parts import Part
from manifests.tables.scorecard import read_json

# Field -> its key in the file, where they differ: other tools read the file, so its keys stay.
KEYS = {
    "constraint": "wish",
    "constraints": "limits",
    "total_asked": "total_wish",
    "acquisition": "shopping",
    "tradeoff": "price",
}


class PlanPart(Part):
    """The base of the report's parts."""

    model_config = ConfigDict(alias_generator=lambda name: KEYS.get(name, name), populate_by_name=True)


class PlanLevel(PlanPart):
    """What one level of the plan's objective came to; `proven` says that no plan is better."""

    name: str
    objective: float
    bound: float
    gap: float
    proven: bool


class CellCounts(PlanPart):
    """How many joint cells there are, and how many of them have photos."""

    all: int
    with_photos: int


class AxisValue(PlanPart):
    """One value of an axis before the plan, as wanted and as reached.

    Attributes:
        wanted, wanted_share: None where the plan leaves the axis free.
        reason: why the target is missed; empty where it is reached.
    """

    value: str
    before: int
    wanted: int | None
    reached: int
    before_share: float
    wanted_share: float | None
    reached_share: float
    reason: str


class JointTarget(PlanPart):
    """A target for the cells that a pattern names."""

    pattern: str
    before: int
    wanted: int
    reached: int
    reason: str


class ConstraintReached(PlanPart):
    """A floor, a ceiling or the total: its key in `params.yaml`, its ends (None: no such end) and what was reached."""

    constraint: str
    least: int | None
    most: int | None
    reached: int


class BindingConstraint(PlanPart):
    """A hard constraint that keeps the plan from its targets.

    Attributes:
        constraint: its key in `params.yaml`.
        cell: the cell's name, for a cap or originals that must stay; empty for a floor, a ceiling or the total.
        saves: deviation saved by loosening it by one image.
    """

    constraint: str
    cell: str
    saves: float


class Acquisition(PlanPart):
    """New photos for one cell.

    Attributes:
        cell: the cell's name.
        photos: how many.
        saves: deviation saved by these alone.
        left: deviation left after these and all before them in the list.
    """

    cell: str
    photos: int
    saves: float
    left: float


class CellVariety(PlanPart):
    """What stands behind a cell's images.

    Attributes:
        cell: the cell's name.
        photos: of the cell.
        persons: in them, as far as the layout says who is who; otherwise each photo is one.
        copies: that the cell gets.
        per_photo: copies, by photos.
        pairs: of persons that copies are mixed from: each is a new one.
    """

    cell: str
    photos: int
    persons: int
    copies: int
    per_photo: float
    pairs: int

    @property
    def alone(self) -> bool:
        """Whether all of the cell's images are of one person."""
        return self.persons + self.pairs < 2


class CopiesCount(PlanPart):
    """How many photos get so many copies."""

    copies: int
    photos: int


class TradeoffPoint(PlanPart):
    """Another plan, with its own largest number of copies of one photo (in every cell) and its own total.

    Attributes:
        deviation: None where the hard constraints contradict one another.
        misplaced: share of the images that are in the wrong value of an axis, the mean over the axes.
    """

    max_copies: int
    total: int
    deviation: float | None
    misplaced: float | None


class PolicyRejects(PlanPart):
    """Copies of one policy, planned and rejected; `often` is 1 where many more are rejected than of other policies."""

    planned: int
    rejected: int
    often: int


class PlanReport(PlanPart):
    """All of it.

    Attributes:
        objective, bound, gap: of the first level, the deviation.
        total_asked: `plan.total` as written.
        shares_reached: for `total: auto`, whether its total reaches the shares; None otherwise.
        axes: axis -> its values, in order.
        marginals: axis -> its values' counts, in order.
        emphasis: axis -> value -> factor on its wanted share.
        rejected: policy -> its rejected copies.
        variety: of each cell that gets copies, the fewest people first; empty for a plan from counts.
        copies_of_person: the most copies of one person in a cell; None, and no key, where the cap is per photo.
        copies_alone, copies_of_pair: with `max_copies_of: pair` the most that show one person alone, and that mix the
            same two; else None, and no keys.
    """

    status: Literal["optimal", "not proven"]
    objective: float
    bound: float
    gap: float
    levels: list[PlanLevel]
    total: int
    total_asked: int | str
    shares_reached: bool | None
    available: int
    keep: int
    augment: int
    cells: CellCounts
    axes: dict[str, list[str]]
    marginals: dict[str, list[AxisValue]]
    joint: list[JointTarget]
    constraints: list[ConstraintReached]
    binding: list[BindingConstraint]
    acquisition: list[Acquisition]
    copies: list[CopiesCount]
    tradeoff: list[TradeoffPoint]
    emphasis: dict[str, dict[str, float]]
    rejected: dict[str, PolicyRejects]
    variety: list[CellVariety] = []
    copies_of_person: int | None = Field(default=None, exclude_if=lambda number: number is None)
    copies_alone: int | None = Field(default=None, exclude_if=lambda number: number is None)
    copies_of_pair: int | None = Field(default=None, exclude_if=lambda number: number is None)


def write(report: PlanReport, path: Path) -> None:
    """Publish the report."""
    tree = report.model_dump(mode="json", by_alias=True)
    write_text(path, json.dumps(tree, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read(path: Path) -> PlanReport:
    """Read and check a report.

    Raises:
        UserError: no such file, no JSON, or a key that is missing, unknown or of another type.
    """
    return read_json(path, PlanReport, "a plan", "Run `python -m balance.plan`")
