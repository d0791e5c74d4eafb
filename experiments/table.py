"""A table of experiments: read, composed into parameter files, and checked before the first run."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from experiments import sweeps
from experiments.sets import ExperimentTable, ParameterSet
from manifests.core import params
from manifests.core.errors import UserError, located
from manifests.sections import theirs
from manifests.sections.plan import Plan
from manifests.sections.policies import Policies
from manifests.sections.source import Source
from manifests.sections.train import Train


def read(path: Path) -> ExperimentTable:
    """Read a table.

    Raises:
        UserError: it is missing, no YAML, or breaks a rule above.
    """
    if not path.is_file():
        raise UserError(str(path), "a table of experiments", "no such file", "Name one with --table")
    return sweeps.written_out(params.checked(path, params.parsed(path), ExperimentTable), path)


def composed(table: ExperimentTable, one: ParameterSet, base: Path) -> str:
    """The set's whole `params.yaml`: the base with the set's changes, pipelines of policies written out.

    Raises:
        UserError: the result breaks a rule of `plan`, `policies` or `train`.
    """
    content = dict(params.read(base))
    for key, changed in (("source", one.source), ("plan", one.plan)):
        content[key] = {**content.get(key, {}), **changed}
    content["policies"] = one.policies or content["policies"]
    with located(str(base)):
        content = theirs.inlined(content)
    runs = {
        name: {**run.model_dump(mode="json", exclude_unset=True), "seeds": table.seeds}
        for name, run in one.runs.items()
    }
    recipes = {**content["train"].get("recipes", {}), **_recipes(table, one)}
    content["train"] = {**content["train"], "recipes": recipes, "runs": runs}
    target = io.StringIO()
    YAML().dump(content, target)  # keeps the order of the axes
    return target.getvalue()


def _recipes(table: ExperimentTable, one: ParameterSet) -> dict[str, Any]:
    """The table's recipes that a set's runs rest on: others come and go with the rounds of a search."""
    needed, names = {}, [run.recipe for run in one.runs.values()]
    while names:
        name = names.pop(0)
        if name in table.recipes and name not in needed:
            needed[name] = table.recipes[name]
            names.append(table.recipes[name].get("base", ""))
    return needed


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
