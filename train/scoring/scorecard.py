"""Score one split of one run: every figure of the scorecard, with its uncertainty."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from manifests.core.cells import Cells
from manifests.sections.score import Score
from manifests.tables.class_scores import ClassScores
from manifests.tables.parts import Bias
from manifests.tables.predictions import UNKNOWN, Training
from manifests.tables.scorecard import EVERYONE, Calibration, GroupError, Scorecard, Scores, Seeds, ShownPhoto, Spread
from train.scoring.bands import bands
from train.scoring.calibration import calibration
from train.scoring.classes import best_threshold, class_scores
from train.scoring.intervals import of_bias, of_mean
from train.scoring.metrics import Grouping, bias, compared, group_means, groupings, weighted_group_means
from train.scoring.predictions import LabelledPhotos
from train.scoring.resampling import chance_biases, p_value, strata, weights


def scorecard(
    run: str,
    photos: dict[str, LabelledPhotos],
    cells: Cells,
    options: Score,
    seed: int,
    training: Training = UNKNOWN,
) -> Scorecard:
    """Score every labelled split; the headline is test where it has labels, else valid."""
    threshold = best_threshold(photos["valid"]) if "valid" in photos else None
    scored = {split: _split(found, cells, options, seed, threshold) for split, found in photos.items()}
    headline = "test" if "test" in scored else "valid"
    top = scored[headline][0]
    return Scorecard(
        run=run,
        words=next(iter(photos.values())).target.words,
        steps=training.steps,
        parameters=training.parameters,
        split=headline,
        overall=top.overall,
        by_group={split: by_group for split, (_, by_group) in scored.items()},
        bias={axis: figure.value for axis, figure in top.bias.items()},
        average_bias=top.average_bias.value,
        difference=top.difference,
        ratio=top.ratio,
        splits={split: scores for split, (scores, _) in scored.items()},
    )


def _split(
    photos: LabelledPhotos, cells: Cells, options: Score, seed: int, threshold: float | None
) -> tuple[Scores, dict[str, dict[str, GroupError]]]:
    error, axes = photos.error, groupings(cells, photos.cell)
    weight = weights(strata(photos.cell), options.resamples, seed)
    by_group = {axis.axis: _groups(axis, error, weight, options.min_group) for axis in axes}
    others, own = compared(axes, photos.target.own), [axis for axis in axes if axis.axis == photos.target.own]
    biases, average = _biases(others, error, weight, options, seed)
    means = {axis.axis: group_means(axis.member, error) for axis in axes}
    everyone = _one_group(EVERYONE, np.ones(len(error), bool))
    cell = _cell_grouping(cells, photos.cell)
    return Scores(
        n=len(error),
        unlabelled=photos.unlabelled,
        overall=_groups(everyone, error, weight, options.min_group)[EVERYONE],
        bias=biases,
        average_bias=average,
        difference={axis: float(mean.max() - mean.min()) for axis, mean in means.items()},
        ratio={axis: float(mean.min() / mean.max()) if mean.max() > 0 else 1.0 for axis, mean in means.items()},
        worst_group={axis.axis: axis.groups[int(means[axis.axis].argmax())] for axis in axes},
        cells=_groups(cell, error, weight, options.min_group),
        seeds=_seeds(photos, others),
        calibration=_calibration(photos),
        classes=_classes(photos, axes, own, weight, options, seed, threshold),
        by_age=bands(photos, weight),
        worst={axis.axis: _shown(photos, axis, options.worst, _worst) for axis in (everyone, *axes)},
        ordinary={axis.axis: _shown(photos, axis, options.worst, _ordinary) for axis in (everyone, *axes)},
        notes=_notes(photos, axes, by_group, options),
    ), by_group


def _calibration(photos: LabelledPhotos) -> Calibration | None:
    if photos.target.values or photos.distribution is None:
        return None
    return calibration(photos.distribution, photos.truth)


def _classes(
    photos: LabelledPhotos,
    axes: Sequence[Grouping],
    own: Sequence[Grouping],
    weight: np.ndarray,
    options: Score,
    seed: int,
    threshold: float | None,
) -> ClassScores | None:
    """What else is known of classes; the target's own axis has a gap of its own, apart from the biases."""
    if not photos.target.values:
        return None
    gaps = _biases([axis for axis in own if len(axis.groups) > 1], photos.error, weight, options, seed)[0]
    bystanding = [axis for axis in axes if axis not in own]
    return class_scores(photos, bystanding, weight, next(iter(gaps.values()), None), threshold, photos.target.ordered)


def _one_group(name: str, photos: np.ndarray) -> Grouping:
    return Grouping(name, (name,), photos[:, None].astype(np.float64), ())


def _cell_grouping(cells: Cells, cell: np.ndarray) -> Grouping:
    """The joint cells that have photos, as one grouping."""
    numbers, place = np.unique(cell, return_inverse=True)
    member = (place[:, None] == np.arange(len(numbers))).astype(np.float64)
    return Grouping("cell", tuple(cells.name(int(number)) for number in numbers), member, ())


def _groups(axis: Grouping, error: np.ndarray, weight: np.ndarray, min_group: int) -> dict[str, GroupError]:
    mean = group_means(axis.member, error)
    low, high = of_mean(weighted_group_means(axis.member, error, weight))
    made = {}
    for i, (group, n) in enumerate(zip(axis.groups, axis.counts.tolist(), strict=True)):
        alone = n < 2
        made[group] = GroupError(
            error=float(mean[i]),
            n=n,
            low=None if alone else float(low[i]),
            high=None if alone else float(high[i]),
            marked=n < min_group,
        )
    return made


def _biases(
    axes: Sequence[Grouping], error: np.ndarray, weight: np.ndarray, options: Score, seed: int
) -> tuple[dict[str, Bias], Bias]:
    """Each axis' bias and their mean; an axis with one group has no pair and is left out of both."""
    if not axes:
        return {}, Bias(value=0.0, low=0.0, high=0.0, p=1.0, chance=0.0)
    values = np.stack([bias(group_means(axis.member, error)) for axis in axes])
    replicates = np.stack([bias(weighted_group_means(axis.member, error, weight)) for axis in axes], axis=1)
    chance = chance_biases(error, axes, options.permutations, seed)
    made = {axis.axis: _bias(float(values[i]), replicates[:, i], chance[:, i]) for i, axis in enumerate(axes)}
    return made, _bias(float(values.mean()), replicates.mean(axis=1), chance.mean(axis=1))


def _bias(value: float, replicates: np.ndarray, chance: np.ndarray) -> Bias:
    p = p_value(value, chance)
    low, high = of_bias(value, replicates, p)
    return Bias(value=value, low=low, high=high, p=p, chance=float(chance.mean()))


def _seeds(photos: LabelledPhotos, axes: Sequence[Grouping]) -> Seeds:
    """Every seed's own predictions, scored like the run's."""
    error = photos.target.errors(photos.preds, photos.truth[:, None]).T
    each = {axis.axis: np.atleast_1d(bias(group_means(axis.member, error))) for axis in axes}
    average = np.mean(list(each.values()), axis=0) if each else np.zeros(len(error))
    return Seeds(
        n=len(error),
        error=_spread(error.mean(axis=1)),
        bias={axis: _spread(values) for axis, values in each.items()},
        average_bias=_spread(average),
    )


def _spread(values: np.ndarray) -> Spread:
    return Spread(mean=float(values.mean()), sd=float(values.std(ddof=1)) if len(values) > 1 else 0.0)


def _shown(
    photos: LabelledPhotos, axis: Grouping, most: int, choose: Callable[[LabelledPhotos, np.ndarray], np.ndarray]
) -> dict[str, list[ShownPhoto]]:
    """Photos of each group to look at.

    Args:
        photos: of one split.
        axis: the groups.
        most: photos per group.
        choose: orders a group's photos, given bool (photos,), which are in it; returns positions.
    """
    return {
        group: [_photo(photos, int(i)) for i in choose(photos, axis.member[:, j] > 0)[:most]]
        for j, group in enumerate(axis.groups)
    }


def _worst(photos: LabelledPhotos, group: np.ndarray) -> np.ndarray:
    """The largest errors first; equal ones in order of image_id."""
    return photos.worst_first[group[photos.worst_first]]


def _ordinary(photos: LabelledPhotos, group: np.ndarray) -> np.ndarray:
    """Those in the middle of the group's errors first."""
    order = _worst(photos, group)
    middle = len(order) // 2
    return order[np.argsort(np.abs(np.arange(len(order)) - middle), kind="stable")]


def _photo(photos: LabelledPhotos, i: int) -> ShownPhoto:
    shares = photos.distribution
    pred, truth = float(photos.pred[i]), float(photos.truth[i])
    return ShownPhoto(
        image_id=str(photos.image_id[i]),
        path=str(photos.path[i]),
        label=photos.target.shown(truth),
        pred=photos.target.shown(pred),
        said=photos.target.said(pred, truth, None if shares is None else shares[i]),
    )


def _notes(
    photos: LabelledPhotos, axes: Sequence[Grouping], by_group: dict[str, dict[str, GroupError]], options: Score
) -> list[str]:
    notes = []
    if photos.unlabelled:
        notes.append(f"{photos.split}: {photos.unlabelled} photos have no label and are not scored.")
    for axis in axes:
        if axis.empty:
            notes.append(f"{axis.axis}: no photos in {', '.join(axis.empty)}; left out of its bias.")
        if len(axis.groups) == 1 and axis.axis != photos.target.own:
            notes.append(f"{axis.axis}: one group only, so it has no bias and is left out of the average.")
        small = [f"{name} {group.n}" for name, group in by_group[axis.axis].items() if group.marked]
        if small:
            notes.append(
                f"{axis.axis}: fewer than {options.min_group} photos in {', '.join(small)}; "
                "their intervals are wide, and so is that of the axis' bias."
            )
    return notes
