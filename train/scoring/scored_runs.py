"""Gather what is compared: every run of `params.yaml`, and scored predictions of other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.sections.methods import Scheme
from manifests.sections.network import Network
from manifests.sections.recipe import Recipe
from manifests.sections.train import Train
from manifests.tables import predictions, scorecard, times
from manifests.tables.comparison import Kind
from manifests.tables.scorecard import Scorecard
from manifests.tables.times import Times
from train.recipes import recipe_of
from train.scoring.predictions import LabelledPhotos, labelled
from train.scoring.published import ROWS

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
        kind: run, or predictions of another program, whose recipe, network, images and role are empty.
    """

    name: str
    recipe: str
    network: str
    images: str
    role: str
    card: Scorecard
    photos: Mapping[str, LabelledPhotos]
    times: Times | None = None
    kind: Kind = "run"


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
        again = f"Run `python -m train.fit --run {name}` again"
        photos, shared = _photos(folder / name / "predictions.parquet", found, shared, again)
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


def read_others(names: Sequence[str], folder: Path, runs: Sequence[ScoredRun], cells: Cells) -> list[ScoredRun]:
    """Read predictions of other programs that `train.score --predictions ... --labels ...` has scored.

    Args:
        names: their folders' names.
        folder: holds one folder per run.
        runs: the runs that they are compared with.
        cells: those of the runs.
    Raises:
        UserError: a name that another row has, one that is not scored, or one over other cells or photos.
    """
    found: list[ScoredRun] = []
    for name in names:
        if name in {*(run.name for run in [*runs, *found]), *(row.name for row in ROWS)}:
            raise UserError(
                "--also", "a name of its own", f"{name!r}, which another row has", "Score it with --run NAME"
            )
        path = folder / name / "predictions.parquet"
        if not path.exists():
            command = f"python -m train.score --predictions FILE --labels TABLE --run {name}"
            raise UserError(f"--also {name}", str(path), "no such file", f"Run `{command}`")
        photos, _ = _photos(path, runs, cells, "Score it again, with --labels manifests/built/source.parquet")
        if not photos.keys() & runs[0].photos.keys():
            raise UserError(str(path), f"photos of {' or '.join(runs[0].photos)}", ", ".join(photos), "Predict those")
        card = scorecard.read(folder / name / "scorecard.json")
        found.append(ScoredRun(name, "", "", "", "", card, photos, kind="predictions"))
    return found


def _photos(
    path: Path, before: Sequence[ScoredRun], shared: Cells | None, again: str
) -> tuple[dict[str, LabelledPhotos], Cells]:
    """The labelled photos of a predictions table, whose cells and target must be those of the runs before."""
    table, cells = predictions.read(path)
    with located(str(path)):
        photos = labelled(table, cells)
    if shared is not None and cells != shared:
        raise UserError(
            f"{path}: cells",
            f"those of run {before[0].name} ({', '.join(shared.names)})",
            ", ".join(cells.names) if cells.names != shared.names else "other values",
            again,
        )
    target = next(iter(photos.values())).target
    if before and target != next(iter(before[0].photos.values())).target:
        raise UserError(str(path), f"predictions of what {before[0].name} predicts", target.name, again)
    return photos, cells
