"""The table of a nested cross-validation: which ways are compared, and which settings each may choose from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from manifests.core import params
from manifests.core.errors import UserError
from manifests.core.params import Local, Section
from manifests.sections.methods import Strength
from manifests.sections.recipe import Recipe
from manifests.sections.train import Run, Train
from train import recipes


class Folds(Section):
    """How the photos are divided.

    Attributes:
        outer: folds that give the figures.
        inner: folds, within each outer one's train photos, that choose.
    """

    key: ClassVar[str] = "folds"
    outer: int = Field(default=5, ge=2, le=20)
    inner: int = Field(default=3, ge=2, le=20)


class Networks(Section):
    """How many networks are averaged: `inner` to choose, `outer` to score."""

    key: ClassVar[str] = "networks"
    inner: int = Field(default=1, ge=1, le=20)
    outer: int = Field(default=3, ge=1, le=20)


class Candidates(Section):
    """The settings that every way may choose from: each number of steps with each strength of the adjustment."""

    key: ClassVar[str] = "candidates"
    steps: tuple[int, ...] = Field(min_length=1)
    adjust: tuple[Strength, ...] = Field(min_length=1)


class Trial(Section):
    """One nested cross-validation.

    Attributes:
        title: of the report.
        params: the parameter file: its photos, axes, plan, policies and backbone.
        about: its introduction.
        recipe: what every way trains; one stage whose last epoch counts (`monitor: last`).
        folds, networks, candidates: see there.
        ways: by name; each says which images and weights it trains on.
        plain: the way that the others are compared with.
        repeated: the way that a rendered one has to beat, beside the best without images.
        rendered: the ways that train on rendered images.
    """

    key: ClassVar[str] = "trial"
    title: str
    params: Local = Field(min_length=1)
    about: str = ""
    recipe: str
    folds: Folds = Folds()
    networks: Networks = Networks()
    candidates: Candidates
    ways: dict[str, Run] = Field(min_length=2)
    plain: str
    repeated: str
    rendered: tuple[str, ...]


def read(path: Path) -> Trial:
    """Read and check a table.

    Raises:
        UserError: a key is wrong, or a way is named that there is not.
    """
    trial = params.checked(path, params.parsed(path), Trial)
    for key, names in (("plain", (trial.plain,)), ("repeated", (trial.repeated,)), ("rendered", trial.rendered)):
        for name in names:
            if name not in trial.ways:
                raise UserError(f"{path}: {key}", f"one of the ways {', '.join(trial.ways)}", repr(name), "Correct it")
    return trial


@dataclass(frozen=True, order=True)
class Setting:
    """What a way may choose: gradient steps, and the strength of the logit adjustment."""

    steps: int
    adjust: float


def settings(trial: Trial) -> list[Setting]:
    """Every candidate, the same for every way; a tie goes to the first."""
    return [Setting(steps, adjust) for steps in trial.candidates.steps for adjust in trial.candidates.adjust]


def resolved(trial: Trial, base: Train, way: str, setting: Setting, networks: int) -> tuple[Train, Recipe]:
    """A way with one setting as the trainer takes it.

    Args:
        trial: the table.
        base: the section of the parameter file.
        way: its name.
        setting: steps and strength.
        networks: how many are averaged.
    Returns:
        the section with this run alone, and the run's recipe.
    Raises:
        UserError: the recipe is unknown, has several stages, or stops early by what it is scored on.
    """
    run = trial.ways[way].model_copy(update={"recipe": trial.recipe, "adjust": setting.adjust, "seeds": networks})
    train = base.model_copy(update={"runs": {way: run}}).of(way)
    recipe = recipes.recipe_of(train, way)
    if recipe.monitor != "last" or len(recipe.stages) != 1:
        raise UserError(".recipe", "a recipe of one stage with monitor: last", trial.recipe, "Name another")
    if recipe.correct is not None:
        raise UserError(".recipe", "a recipe without `correct`", trial.recipe, "Name another")
    stage = recipe.stages[0].model_copy(update={"steps": setting.steps})
    return train, recipe.model_copy(update={"stages": (stage,)})
