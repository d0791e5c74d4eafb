"""Sweeps: the grids and searches of a table as runs, whose recipes are the table's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments import grid
from experiments.grid import Point
from experiments.sets import ExperimentTable, ParameterSet
from manifests.core import params
from manifests.core.errors import located
from manifests.sections.recipe import Recipe
from manifests.sections.train import Train


def written_out(table: ExperimentTable, path: Path) -> ExperimentTable:
    """The table with each grid as runs, whose recipes are the table's own, and each search as its rounds.

    Raises:
        UserError: a hyperparameter that the recipe does not have, or no such recipe.
    """
    parts = []
    for part in table.parts:
        sets: dict[str, ParameterSet] = {}
        for name, one in part.sets.items():
            with located(f"{path}: sets.{name}"):
                sets |= _rounds(name, one, table.recipes)
        parts.append(part.model_copy(update={"sets": sets}))
    table = table.model_copy(update={"parts": tuple(parts)})
    for name, one in table.sets.items():
        if one.grid:
            with located(f"{path}: sets.{name}"):
                table = with_points(table, name, list(grid.points(one.grid)))
    return table


def _rounds(name: str, one: ParameterSet, own: dict[str, Any]) -> dict[str, ParameterSet]:
    """The sets that a search stands for; any other set as it is."""
    if one.search is None:
        return {name: one.model_copy(update={"sweep": name})}
    with located(".search.space"):
        grid.changed(_varied(one, own)[1], {each: found.low for each, found in one.search.space.items()})
    return {
        f"{name}-{number}": one.model_copy(update={"sweep": name, "about": f"{one.about}; round {number}".lstrip("; ")})
        for number in range(1, one.search.rounds + 1)
    }


def _varied(one: ParameterSet, own: dict[str, Any]) -> tuple[str, Recipe]:
    """The name of the run that a grid or a search varies, and its recipe."""
    from train import recipes

    ((name, run),) = one.runs.items()
    train = params.checked(Path(), {"recipes": own, "runs": {name: {"recipe": run.recipe}}}, Train)
    return name, recipes.recipe_of(train, name)


def with_points(table: ExperimentTable, name: str, points: Sequence[Point], first: int = 1) -> ExperimentTable:
    """The table with one run, and one recipe, for each point of a set.

    Args:
        table: the table.
        name: of the set.
        points: what its runs differ in.
        first: the number of its first run.
    Raises:
        UserError: a hyperparameter that the recipe does not have.
    """
    one = table.sets[name]
    run, base = _varied(one, table.recipes)
    named = {f"{run}-{number:02d}": point for number, point in enumerate(points, first)}
    plain = table.recipes.get(one.runs[run].recipe, {"base": one.runs[run].recipe})
    with located(".grid"):
        made = {each: {**plain, **grid.changed(base, point)} for each, point in named.items()}
    runs = {each: one.runs[run].model_copy(update={"recipe": each}) for each in named}
    changed = one.model_copy(update={"runs": runs, "points": named})
    parts = tuple(
        part.model_copy(update={"sets": {each: changed if each == name else old for each, old in part.sets.items()}})
        for part in table.parts
    )
    return table.model_copy(update={"parts": parts, "recipes": {**table.recipes, **made}})
