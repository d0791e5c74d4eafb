"""The rows of a comparison: runs, published rows and given predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manifests.core.errors import UserError
from manifests.tables.class_scores import ClassScores
from manifests.tables.comparison import Figure, System
from manifests.tables.parts import Words
from train.scoring.metrics import Grouping, bias, group_means
from train.scoring.predictions import LabelledPhotos
from train.scoring.published import Published, PublishedClasses
from train.scoring.scored_runs import ScoredRun

BALANCED = "balanced error rate"


def of_run(run: ScoredRun, split: str, words: Words, timed: bool) -> System:
    """The row of a run or of scored predictions; the balanced error where the words say so, its times if `timed`."""
    scores = run.card.splits[split]
    error, more = Figure(value=scores.overall.error, low=scores.overall.low, high=scores.overall.high), {}
    if scores.classes is not None:
        more = _of_classes(scores.classes)
        if words.error == BALANCED:
            found = scores.classes.balanced_accuracy
            error = Figure(value=100 * (1 - found.value), low=100 * (1 - found.high), high=100 * (1 - found.low))
    return System(
        name=run.name,
        kind=run.kind,
        role=run.role,
        recipe=run.recipe,
        steps=run.card.steps,
        parameters=run.card.parameters,
        times=run.times if timed else None,
        n=scores.n,
        error=error,
        bias={axis: Figure(**found.model_dump()) for axis, found in scores.bias.items()},
        average_bias=Figure(**scores.average_bias.model_dump()),
        by_group=run.card.by_group[split],
        more=more,
    )


def _of_classes(of: ClassScores) -> dict[str, Figure]:
    found = {
        "balanced accuracy": of.balanced_accuracy,
        "accuracy": of.accuracy,
        "AUC": of.auc,
        "log loss": of.log_loss,
        "exact or one off": of.one_off,
        "balanced accuracy at the threshold of valid": of.threshold and of.threshold.balanced_accuracy,
    }
    return {name: Figure(**each.model_dump()) for name, each in found.items() if each}


def of_published(row: Published | PublishedClasses) -> System:
    """A study's row as printed; one of classes has no biases."""
    if isinstance(row, PublishedClasses):
        return _of_published_classes(row)
    return System(
        name=row.name,
        kind="published",
        role="",
        recipe=row.recipe,
        n=0,
        error=Figure(value=row.mae),
        bias={axis: Figure(value=value) for axis, value in row.bias.items()},
        average_bias=Figure(value=row.average_bias),
    )


def _of_published_classes(row: PublishedClasses) -> System:
    more = {"accuracy": row.accuracy, "log loss": row.loss}
    return System(
        name=row.name,
        kind="published",
        role="",
        recipe=row.recipe,
        n=0,
        error=Figure(value=100 * (1 - row.accuracy)),
        bias={},
        average_bias=None,
        more={name: Figure(value=value) for name, value in more.items() if value is not None},
    )


def of_predictions(
    name: str, numbers: np.ndarray, photos: LabelledPhotos, axes: Sequence[Grouping], importance: np.ndarray
) -> System:
    """Score a submission: predictions for the labelled photos in order of path."""
    if len(numbers) != len(photos.truth):
        raise UserError(
            f"--predictions {name}",
            f"{len(photos.truth)} predictions, one per labelled photo of {photos.split} in order of path",
            len(numbers),
            "Give the predictions of this data set's split",
        )
    error = np.empty(len(numbers))
    order = np.argsort(photos.path, kind="stable")
    error[order] = photos.target.errors(numbers, photos.truth[order])
    biases = {axis.axis: float(bias(group_means(axis.member, error))) for axis in axes}
    return System(
        name=name,
        kind="predictions",
        role="",
        recipe="",
        n=len(numbers),
        error=Figure(value=float((error * importance).mean())),
        bias={axis: Figure(value=value) for axis, value in biases.items()},
        average_bias=Figure(value=float(np.mean(list(biases.values()))) if biases else 0.0),
    )
