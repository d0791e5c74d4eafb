"""A table of experiments: what each parameter set changes, and which runs it trains."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator
from ruamel.yaml import YAML

from experiments import grid
from experiments.findings import Finding
from experiments.grid import Point
from manifests.core import params
from manifests.core.errors import UserError, located
from manifests.core.params import Section
from manifests.sections.plan import Plan
from manifests.sections.policies import Policies
from manifests.sections.source import Source
from manifests.sections.train import Run, Train


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
        points: run -> its hyperparameters, once the grid is written out.
    """

    key: ClassVar[str] = "sets"
    about: str = ""
    source: dict[str, Any] = {}
    plan: dict[str, Any] = {}
    policies: dict[str, Any] = {}
    emphasis: str | None = None
    runs: dict[str, Run] = Field(min_length=1)
    grid: dict[str, Annotated[tuple[float, ...], Field(min_length=1)]] = {}
    points: dict[str, Point] = Field(default={}, exclude=True)

    @model_validator(mode="after")
    def _one(self) -> ParameterSet:
        if self.grid and len(self.runs) != 1:
            raise ValueError("one run, which is varied, with a grid")
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


def read(path: Path) -> ExperimentTable:
    """Read a table.

    Raises:
        UserError: it is missing, no YAML, or breaks a rule above.
    """
    if not path.is_file():
        raise UserError(str(path), "a table of experiments", "no such file", "Name one with --table")
    return written_out(params.checked(path, params.parsed(path), ExperimentTable), path)


def written_out(table: ExperimentTable, path: Path) -> ExperimentTable:
    """The table with each grid as runs, whose recipes are the table's own.

    Raises:
        UserError: a hyperparameter that the recipe does not have, or no such recipe.
    """
    parts, made = [], dict(table.recipes)
    for part in table.parts:
        sets = {}
        for name, one in part.sets.items():
            with located(f"{path}: sets.{name}"):
                sets[name], own = _grid(one, table.recipes)
            made |= own
        parts.append(part.model_copy(update={"sets": sets}))
    return table.model_copy(update={"parts": tuple(parts), "recipes": made})


def _grid(one: ParameterSet, own: dict[str, Any]) -> tuple[ParameterSet, dict[str, Any]]:
    """The set with its grid as runs, and their recipes."""
    from train import recipes

    if not one.grid:
        return one, {}
    ((name, run),) = one.runs.items()
    train = params.checked(Path(), {"recipes": own, "runs": {name: {"recipe": run.recipe}}}, Train)
    base = recipes.recipe_of(train, name)
    points = {f"{name}-{number:02d}": point for number, point in enumerate(grid.points(one.grid), 1)}
    with located(".grid"):
        made = {
            each: {**own.get(run.recipe, {"base": run.recipe}), **grid.changed(base, p)} for each, p in points.items()
        }
    runs = {each: run.model_copy(update={"recipe": each}) for each in points}
    return one.model_copy(update={"runs": runs, "points": points}), made


def composed(table: ExperimentTable, one: ParameterSet, base: Path) -> str:
    """The set's whole `params.yaml`: the base with the set's changes.

    Raises:
        UserError: the result breaks a rule of `plan`, `policies` or `train`.
    """
    content = dict(params.read(base))
    for key, changed in (("source", one.source), ("plan", one.plan)):
        content[key] = {**content.get(key, {}), **changed}
    content["policies"] = one.policies or content["policies"]
    runs = {
        name: {**run.model_dump(mode="json", exclude_unset=True), "seeds": table.seeds}
        for name, run in one.runs.items()
    }
    recipes = {**content["train"].get("recipes", {}), **table.recipes}
    content["train"] = {**content["train"], "recipes": recipes, "runs": runs}
    target = io.StringIO()
    YAML().dump(content, target)  # keeps the order of the axes
    return target.getvalue()


def check_base(base: Path) -> None:
    """Check the sections that sets change.

    Raises:
        UserError: one is missing, or breaks its rules.
    """
    for model in (Plan, Policies, Train):
        params.section(base, model)


def check(table: ExperimentTable, base: Path, folder: Path) -> None:
    """Compose every set and check its sections, before the first one runs for minutes.

    Args:
        table: the table.
        base: the parameter file that the sets change.
        folder: for the composed files.
    Raises:
        UserError: a section breaks its rules; the set is named.
    """
    from train import recipes

    check_base(base)
    for name, one in table.sets.items():
        path = folder / f"{name}.yaml"
        path.write_text(composed(table, one, base), encoding="utf-8")
        try:
            for model in (Source, Plan, Policies):
                params.section(path, model)
            train = params.section(path, Train)
            with located(f"{path}: train"):
                for run in train.runs:
                    recipes.recipe_of(train, run)
        except UserError as error:  # the user knows the set and the base, not the composed file
            where = error.where.replace(str(path), f"set {name} upon {base}")
            raise UserError(where, error.rule, error.received, error.remedy) from error


def row_of(name: str) -> tuple[str, str]:
    """`set.run` as a pair."""
    one, _, run = name.partition(".")
    return one, run
