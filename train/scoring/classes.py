"""The figures of predicted classes: accuracy, ranking, calibration, and how far the groups are apart.

Rates are those of Fairlearn's MetricFrame: a group's true positive rate of a class is the recall over the group's
photos of that class, its false positive rate the share of the group's others that are taken for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manifests.tables.class_scores import Bin, ClassScores, Fairness, Rates, Reliability, Threshold
from manifests.tables.parts import Bias, Estimate
from train.scoring.intervals import of_mean
from train.scoring.metrics import Grouping, group_means, weighted_group_means
from train.scoring.predictions import LabelledPhotos

BINS = 10  # of the reliability diagram
LEAST = 1e-7  # the smallest probability whose logarithm is taken


def class_scores(
    photos: LabelledPhotos,
    axes: Sequence[Grouping],
    weight: np.ndarray,
    gap: Bias | None,
    threshold: float | None,
    ordered: bool,
) -> ClassScores:
    """Score one split.

    Args:
        photos: its labelled photos, with probabilities of the classes where they are known.
        axes: the groupings that rates are given for.
        weight: float64 (replicates, photos), of the bootstrap.
        gap: the bias of the target's own axis.
        threshold: on the second class' probability, chosen on valid.
        ordered: whether the classes are.
    """
    classes, truth, pred = photos.target.values, photos.truth.astype(np.int64), photos.pred.astype(np.int64)
    shares = photos.distribution
    confusion = np.bincount(truth * len(classes) + pred, minlength=len(classes) ** 2).reshape(-1, len(classes))
    rates = {axis.axis: _rates(axis, truth, pred, classes, weight) for axis in axes}
    hit = truth == pred
    return ClassScores(
        classes=list(classes),
        accuracy=_mean(hit, weight),
        balanced_accuracy=_balanced(truth, hit, weight),
        one_off=_mean(np.abs(truth - pred) <= 1, weight) if ordered else None,
        log_loss=None if shares is None else _mean(_loss(truth, shares), weight),
        auc=None if shares is None else _auc(truth, shares, weight),
        confusion=confusion.tolist(),
        calibration=None if shares is None else reliability(shares, truth),
        class_gap=gap,
        rates=rates,
        fairness={axis: fairness(groups) for axis, groups in rates.items()},
        threshold=None if threshold is None or shares is None else _at(threshold, truth, shares, weight),
    )


def _loss(truth: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return np.asarray(-np.log(np.clip(shares[np.arange(len(truth)), truth], LEAST, 1)))


def _mean(values: np.ndarray, weight: np.ndarray) -> Estimate:
    numbers = values.astype(np.float64)
    return _estimate(float(numbers.mean()), weight @ numbers / weight.sum(axis=1))


def _estimate(value: float, replicates: np.ndarray) -> Estimate:
    low, high = of_mean(replicates)
    return Estimate(value=value, low=float(low), high=float(high))


def members(truth: np.ndarray) -> np.ndarray:
    """Which photo is of which class, those without photos left out: float64 (photos, classes)."""
    return (truth[:, None] == np.unique(truth)).astype(np.float64)


def balanced_weights(truth: np.ndarray) -> np.ndarray:
    """What each photo counts in a mean over the classes' means: float64 (photos,), 1 on average."""
    of = members(truth)
    return of @ (len(truth) / (of.sum(axis=0) * of.shape[1]))


def _balanced(truth: np.ndarray, hit: np.ndarray, weight: np.ndarray) -> Estimate:
    member, values = members(truth), hit.astype(np.float64)
    replicates = weighted_group_means(member, values, weight).mean(axis=1)
    return _estimate(float(group_means(member, values).mean()), replicates)


def area(positive: np.ndarray, score: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The area under the ROC curve: how often a positive photo has a higher score than another, ties counting half.

    Args:
        positive: bool (photos,), with both values.
        score: float64 (photos,).
        weight: float64 (replicates, photos).
    Returns:
        float64 (replicates,); NaN where a replicate has no photo of one side.
    """
    order = np.argsort(score, kind="stable")
    starts = np.flatnonzero(np.concatenate([[True], np.diff(score[order]) > 0]))
    ones, others = (np.add.reduceat(weight[:, order] * of[order], starts, axis=1) for of in (positive, ~positive))
    below = np.cumsum(others, axis=1) - others / 2
    pairs = ones.sum(axis=1) * others.sum(axis=1)
    return np.where(pairs > 0, (ones * below).sum(axis=1) / np.where(pairs > 0, pairs, 1), np.nan)


def _auc(truth: np.ndarray, shares: np.ndarray, weight: np.ndarray) -> Estimate:
    columns = [1] if shares.shape[1] == 2 else range(shares.shape[1])
    known = [c for c in columns if 0 < np.count_nonzero(truth == c) < len(truth)]
    if not known:
        return Estimate(value=0.5, low=0.0, high=1.0)
    every = np.concatenate([np.ones((1, len(truth))), weight])
    each = np.array([area(truth == c, shares[:, c], every) for c in known])
    areas = np.where(np.isnan(each), each[:, :1], each).mean(axis=0)  # what a replicate missed keeps its value
    return _estimate(float(areas[0]), areas[1:])


def reliability(shares: np.ndarray, truth: np.ndarray) -> Reliability:
    """Compare the probability of the predicted class with the share that is right, in bins of equal width."""
    confidence, hit = shares.max(axis=1), shares.argmax(axis=1) == truth
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    bins = [
        Bin(n=int(of.sum()), confidence=float(confidence[of].mean()), accuracy=float(hit[of].mean()))
        for of in (place == number for number in np.unique(place))
    ]
    error = sum(each.n * abs(each.accuracy - each.confidence) for each in bins) / len(truth)
    return Reliability(error=float(error), bins=bins)


def _rates(
    axis: Grouping, truth: np.ndarray, pred: np.ndarray, classes: Sequence[str], weight: np.ndarray
) -> dict[str, dict[str, Rates]]:
    made: dict[str, dict[str, Rates]] = {}
    for number, group in enumerate(axis.groups):
        inside = axis.member[:, number] > 0
        made[group] = {}
        for c, name in enumerate(classes):
            taken, of, others = pred == c, inside & (truth == c), inside & (truth != c)
            made[group][name] = Rates(
                n=int(of.sum()),
                others=int(others.sum()),
                true_positive=_share(taken, of, weight),
                false_positive=_share(taken, others, weight),
                selected=float(taken[inside].mean()),
            )
    return made


def _share(taken: np.ndarray, of: np.ndarray, weight: np.ndarray) -> Estimate | None:
    if not of.any():
        return None
    values = taken.astype(np.float64)
    return _estimate(float(values[of].mean()), weighted_group_means(of[:, None].astype(float), values, weight)[:, 0])


def fairness(groups: dict[str, dict[str, Rates]]) -> Fairness:
    """The gaps of one axis; groups without photos of a class do not count in the class' rates."""
    names = list(next(iter(groups.values())))
    true = {name: _gap([of[name].true_positive for of in groups.values()]) for name in names}
    false = [_gap([of[name].false_positive for of in groups.values()]) for name in names]
    selected = [[of[name].selected for of in groups.values()] for name in names]
    return Fairness(
        opportunity=true, odds=max(*true.values(), *false), parity=max(max(each) - min(each) for each in selected)
    )


def _gap(rates: Sequence[Estimate | None]) -> float:
    known = [rate.value for rate in rates if rate is not None]
    return max(known) - min(known) if known else 0.0


def best_threshold(photos: LabelledPhotos) -> float | None:
    """The threshold on the second class' probability that has the best balanced accuracy, nearest to .5 of equals.

    None where there are not two classes with photos of both.
    """
    truth, shares = photos.truth.astype(np.int64), photos.distribution
    if shares is None or shares.shape[1] != 2 or len(np.unique(truth)) != 2:
        return None
    known = np.unique(shares[:, 1])
    candidates = np.concatenate([[0.5], (known[1:] + known[:-1]) / 2])
    recall = [1 - np.searchsorted(np.sort(shares[truth == 1, 1]), candidates) / (truth == 1).sum()]
    recall += [np.searchsorted(np.sort(shares[truth == 0, 1]), candidates) / (truth == 0).sum()]
    balanced = np.mean(recall, axis=0)
    best = candidates[balanced >= balanced.max() - 1e-12]
    return float(best[np.abs(best - 0.5).argmin()])


def _at(threshold: float, truth: np.ndarray, shares: np.ndarray, weight: np.ndarray) -> Threshold:
    hit = (shares[:, 1] >= threshold) == truth
    return Threshold(value=threshold, accuracy=_mean(hit, weight), balanced_accuracy=_balanced(truth, hit, weight))
