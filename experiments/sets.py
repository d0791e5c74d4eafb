"""What a table of experiments holds: parts, parameter sets, and the runs of each."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from experiments.findings import Finding
from experiments.grid import Point
from experiments.search import Search
from manifests.core.params import Section
from manifests.sections.train import Run


class ParameterSet(Section):
    """One parameter set: one plan with its images, and the runs trained on them.

    Attributes:
        about: what it is, in a few words.
        source: keys that take the place of those of the base's `source`.
        plan: keys that take the place of those of the base's `plan`.
        policies: takes the place of the base's `policies`.
        emphasis: `set.run`, whose errors on valid emphasise this set's plan.
        runs: takes the place of the base's `train.runs`.
        grid: hyperparameter -> values; its one run is replaced by one for each combination, `<run>-01` and so on.
        search: in place of a grid; each round is a set of its own, `<set>-1` and so on.
        points: run -> its hyperparameters, once the grid is written out, or the round is drawn.
        sweep: the set as the table names it, of which this is the grid or a round.
    """

    key: ClassVar[str] = "sets"
    about: str = ""
    source: dict[str, Any] = {}
    plan: dict[str, Any] = {}
    policies: dict[str, Any] = {}
    emphasis: str | None = None
    runs: dict[str, Run] = Field(min_length=1)
    grid: dict[str, Annotated[tuple[float, ...], Field(min_length=1)]] = {}
    search: Search | None = None
    points: dict[str, Point] = Field(default={}, exclude=True)
    sweep: str = Field(default="", exclude=True)

    @model_validator(mode="after")
    def _one(self) -> ParameterSet:
        if self.grid and self.search:
            raise ValueError("a grid or a search, not both")
        if (self.grid or self.search) and len(self.runs) != 1:
            raise ValueError(f"one run, which is varied, with a {'grid' if self.grid else 'search'}")
        return self


class TablePart(Section):
    """A heading of the report, what its sets show, and the sets.

    Attributes:
        title: the heading.
        about: a few sentences below it.
        against: `set.run`, which its rows are compared with; none: the table's.
        also: rows of other parts that are shown again.
        sets: by name; in a later part, runs of an earlier set may be shown by `also`.
    """

    key: ClassVar[str] = "parts"
    title: str
    about: str = ""
    against: str | None = None
    also: tuple[str, ...] = ()
    sets: dict[str, ParameterSet] = {}


class ExperimentTable(Section):
    """The whole table.

    Attributes:
        title: of the report.
        about: its introduction.
        against: `set.run`, which every row is compared with.
        best: `set.run`, the setting that was chosen.
        seeds: repeats of every run.
        recipes: of the table's own, beside those of the base.
        published: the rows stand beside the published ones whose recipes they have.
        findings: what the studies say of two rows, each looked at in every set that has both.
        parts: in order; a set comes after the one whose errors it needs.
    """

    key: ClassVar[str] = "table"
    title: str
    about: str = ""
    against: str
    best: str
    seeds: int = Field(default=3, ge=1, le=100)
    recipes: dict[str, Any] = {}
    published: bool = False
    findings: tuple[Finding, ...] = ()
    parts: tuple[TablePart, ...]

    @model_validator(mode="after")
    def _fit(self) -> ExperimentTable:
        names = [name for part in self.parts for name in part.sets]
        if len(set(names)) < len(names):
            raise ValueError("each set's name once")
        for name in names:
            if not name.replace("-", "").isalnum():
                raise ValueError(f"set names of letters, digits and -, so not {name!r}")
        rows = {f"{name}.{run}" for name, each in self.sets.items() for run in each.runs}
        named = [self.against, self.best, *(row for part in self.parts for row in (part.against, *part.also) if row)]
        named += [each.emphasis for each in self.sets.values() if each.emphasis]
        for row in named:
            if row not in rows:
                raise ValueError(f"a row of the table as set.run, so not {row!r}")
        for place, name in enumerate(names):
            needed = row_of(self.sets[name].emphasis or "")[0]
            if needed and needed not in names[:place]:
                raise ValueError(f"{name} below the set whose errors it needs, {needed}")
        return self

    @property
    def sets(self) -> dict[str, ParameterSet]:
        """Every set by its name, in order."""
        return {name: each for part in self.parts for name, each in part.sets.items()}

    def sweeps(self, part: TablePart | None = None) -> dict[str, dict[str, Point]]:
        """Grid or search -> row -> its hyperparameters; of one part alone, or of all."""
        made: dict[str, dict[str, Point]] = {}
        for name, one in (part.sets if part else self.sets).items():
            for run, point in one.points.items():
                made.setdefault(one.sweep, {})[f"{name}.{run}"] = point
        return made


def row_of(name: str) -> tuple[str, str]:
    """`set.run` as a pair."""
    one, _, run = name.partition(".")
    return one, run
