"""From `train.runs` to what is trained: the run, its recipe, its weights schemes, all names looked up."""

from __future__ import annotations

from pydantic import ValidationError

from manifests.core.errors import UserError
from manifests.sections.train import Recipe, Run, Train
from train.recipes import RECIPES, like
from train.sample_weights import named


def run_of(train: Train, name: str, where: str) -> Run:
    """The run of a name.

    Raises:
        UserError: there is none; the known ones are listed.
    """
    if name not in train.runs:
        raise UserError(
            f"{where}: train.runs",
            f"one of the runs {', '.join(train.runs)}",
            repr(name),
            "Name one of them with --run",
        )
    return train.runs[name]


def recipe_of(train: Train, name: str, run: Run, where: str) -> Recipe:
    """The recipe of a run, the user's own first, with the run's weights in its last stage.

    Args:
        train: the section.
        name: the run's name.
        run: the run.
        where: the parameter file.
    Returns:
        a recipe whose stages hold weights schemes spelt out.
    Raises:
        UserError: no recipe or no scheme of a name.
    """
    key = f"{where}: train.runs.{name}"
    recipe = _own(train, run.recipe, f"{key}.recipe", where)
    stages = [stage.model_copy(update={"weights": named(stage.weights, f"{key}.recipe")}) for stage in recipe.stages]
    if run.weights is not None:
        stages[-1] = stages[-1].model_copy(update={"weights": named(run.weights, f"{key}.weights")})
    ceiling = train.max_epochs
    if ceiling is not None:
        stages = [stage.model_copy(update={"epochs": min(stage.epochs, ceiling)}) for stage in stages]
    return recipe.model_copy(update={"stages": tuple(stages), "images": run.images or recipe.images})


def _own(train: Train, name: str, key: str, where: str) -> Recipe:
    own = train.recipes.get(name)
    if own is None:
        return _registered(name, key, train)
    base = _registered(own.base, f"{where}: train.recipes.{name}.base", train)
    given = {field: getattr(own, field) for field in own.model_fields_set if field != "base"}
    try:
        return like(base, given.pop("about", f"The user's {name}, after {own.base}."), **given)
    except ValidationError as error:
        rule = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UserError(
            f"{where}: train.recipes.{name}", rule, f"{given} over {own.base}", "Correct the recipe"
        ) from error


def _registered(name: str, key: str, train: Train) -> Recipe:
    if name not in RECIPES:
        known = ", ".join([*train.recipes, *RECIPES])
        raise UserError(key, f"one of the recipes {known}", repr(name), "Correct the name")
    return RECIPES[name]
