"""Gather what is compared: every run of `params.yaml` with its recipe, scorecard and predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.sections.methods import Scheme
from manifests.sections.network import Network
from manifests.sections.train import Recipe, Train
from manifests.tables import predictions, scorecard, times
from manifests.tables.scorecard import Scorecard
from manifests.tables.times import Times
from train.recipes import recipe_of
from train.scoring.predictions import LabelledPhotos, labelled

ROLES = ("baseline", "repetition", "augmentation", "weights", "both", "adjustment")


@dataclass(frozen=True, eq=False)
class ScoredRun:
    """A run as compared.

    Attributes:
        name: the run's name.
        recipe: its recipe's name.
        network: its backbone, weights and the rest of its network, as text.
        images: the set of images that it was trained on.
        role: how it differs from the baseline, one of `ROLES`.
        card: its scorecard.
        photos: split -> its labelled photos.
        times: how long an image took; None where nobody knows.
    """

    name: str
    recipe: str
    network: str
    images: str
    role: str
    card: Scorecard
    photos: Mapping[str, LabelledPhotos]
    times: Times | None = None


def role(recipe: Recipe) -> str:
    """Choose a run's role: by its images, its sample weights and its logit adjustment."""
    weighted = any(isinstance(stage.weights, Scheme) and stage.weights.rule != "none" for stage in recipe.stages)
    if recipe.adjustment is not None and recipe.images == "original" and not weighted:
        return "adjustment"
    if weighted:
        return "weights" if recipe.images == "original" else "both"
    return {"original": "baseline", "repeated": "repetition"}.get(recipe.images, "augmentation")


def network_of(train: Train) -> str:
    """The network of the section, as text to compare by."""
    return str([getattr(train, name) for name in Network.model_fields])


def read(train: Train, folder: Path) -> tuple[list[ScoredRun], Cells]:
    """Read the runs in the order of `train.runs`.

    Args:
        train: the section.
        folder: holds one folder per run.
    Returns:
        the runs, and the cells that they share.
    Raises:
        UserError: a run that is not trained or not scored, or one over other cells.
    """
    found: list[ScoredRun] = []
    shared: Cells | None = None
    for name, run in train.runs.items():
        recipe = recipe_of(train, name)
        path = folder / name / "predictions.parquet"
        table, cells = predictions.read(path)
        with located(str(path)):
            photos = labelled(table, cells)
        if shared is not None and cells != shared:
            raise UserError(
                f"{path}: cells",
                f"those of run {found[0].name} ({', '.join(shared.names)})",
                ", ".join(cells.names) if cells.names != shared.names else "other values",
                f"Run `python -m train.fit --run {name}` again",
            )
        target = next(iter(photos.values())).target
        if found and target != next(iter(found[0].photos.values())).target:
            raise UserError(
                f"{path}",
                f"predictions of what {found[0].name} predicts",
                target.name,
                f"Run `python -m train.fit --run {name}` again",
            )
        shared = cells
        found.append(
            ScoredRun(
                name=name,
                recipe=run.recipe,
                network=network_of(train.of(name)),
                images=recipe.images,
                role=role(recipe),
                card=scorecard.read(folder / name / "scorecard.json"),
                photos=photos,
                times=times.read(folder / name / "time.json"),
            )
        )
    return found, shared or Cells(())
