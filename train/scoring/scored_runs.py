"""Gather what is compared: every run of `params.yaml` with its recipe, scorecard and predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.sections.train import Scheme, Train
from manifests.tables import predictions, scorecard
from manifests.tables.scorecard import Scorecard
from train.recipes import recipe_of
from train.scoring.predictions import LabelledPhotos, labelled

ROLES = ("baseline", "augmentation", "weights", "both")


@dataclass(frozen=True, eq=False)
class ScoredRun:
    """A run as compared.

    Attributes:
        name: the run's name.
        recipe: its recipe's name.
        role: what the course's report calls it, one of `ROLES`.
        card: its scorecard.
        photos: split -> its labelled photos.
    """

    name: str
    recipe: str
    role: str
    card: Scorecard
    photos: Mapping[str, LabelledPhotos]


def role(images: str, weighted: bool) -> str:
    """Choose a run's role: by whether it has copies, and whether it has sample weights."""
    return ROLES[(images == "balanced") + 2 * weighted]


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
        shared = cells
        weighted = any(isinstance(s.weights, Scheme) and s.weights.rule != "none" for s in recipe.stages)
        found.append(
            ScoredRun(
                name=name,
                recipe=run.recipe,
                role=role(recipe.images, weighted),
                card=scorecard.read(folder / name / "scorecard.json"),
                photos=photos,
            )
        )
    return found, shared or Cells(())
