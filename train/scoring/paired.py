"""Two runs on the same photos: how much of their difference is noise.

Both are resampled with the same weights, so that what is hard about a photo cancels out. A bias
rests on few photos, those of the smallest group, and so does what is known of its noise: intervals
are wider by Student's t at the degrees of freedom of Satterthwaite (1946, "An approximate
distribution of estimates of variance components", Biometrics Bulletin 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from manifests.tables.comparison import Difference, GroupDifference, Pair
from train.scoring.intervals import of_difference, widening
from train.scoring.metrics import Grouping, bias, gaps, group_means, weighted_group_means


@dataclass(frozen=True)
class Resampled:
    """One run's errors, and how far each bootstrap replicate takes its figures from what was observed.

    Attributes:
        run: its name.
        mean: of what the photos count, in the task's unit, as all of these.
        mean_noise: float64 (replicates,).
        gaps: axis -> float64 (pairs of groups,), observed differences of error.
        gap_noise: axis -> float64 (replicates, pairs of groups).
        group_noise: axis -> float64 (replicates, groups).
        bias: axis -> its bias.
        overall: float64 (photos,), what each photo counts in the mean: its error, or a weighted one.
        error: float64 (photos,), errors.
        axes: the groupings.
    """

    run: str
    mean: float
    mean_noise: np.ndarray
    gaps: dict[str, np.ndarray]
    gap_noise: dict[str, np.ndarray]
    group_noise: dict[str, np.ndarray]
    bias: dict[str, float]
    overall: np.ndarray
    error: np.ndarray
    axes: tuple[Grouping, ...]


def resampled(
    run: str,
    error: np.ndarray,
    axes: Sequence[Grouping],
    weights: np.ndarray,
    importance: np.ndarray | float = 1.0,
) -> Resampled:
    """Resample one run.

    Args:
        run: its name.
        error: float64 (photos,), errors.
        axes: the groupings of two groups or more.
        weights: float64 (replicates, photos), the same for every run.
        importance: float64 (photos,), of each photo in the mean over all, 1 on average; the groups do not know it.
    """
    overall = error * importance
    mean = float(overall.mean())
    means = {axis.axis: group_means(axis.member, error) for axis in axes}
    observed = {name: gaps(each) for name, each in means.items()}
    moved = {axis.axis: weighted_group_means(axis.member, error, weights) for axis in axes}
    return Resampled(
        run,
        mean,
        weights @ (overall - mean) / weights.sum(axis=1),
        observed,
        {name: gaps(each) - observed[name] for name, each in moved.items()},
        {name: each - means[name] for name, each in moved.items()},
        {name: float(bias(each)) for name, each in means.items()},
        overall,
        error,
        tuple(axes),
    )


def pair(first: Resampled, second: Resampled) -> Pair:
    """The differences first - second, with their intervals and p-values; below 0 the first is better."""
    between = first.overall - second.overall
    noise = {axis: bias_noise(first, second, axis) for axis in first.bias}
    shares = {axis.axis: bias_shares(first, second, axis) for axis in first.axes}
    differences = {axis: first.bias[axis] - second.bias[axis] for axis in first.bias}
    average = float(np.mean(list(differences.values()))) if differences else 0.0
    average_noise = np.mean(list(noise.values()), axis=0) if noise else np.zeros(len(first.mean_noise))
    average_shares = np.mean(list(shares.values()), axis=0) if shares else np.zeros(len(between))
    mean_noise = first.mean_noise - second.mean_noise
    return Pair(
        first=first.run,
        second=second.run,
        error=_difference(first.mean - second.mean, mean_noise, between - between.mean()),
        bias={axis: _difference(value, noise[axis], shares[axis]) for axis, value in differences.items()},
        average_bias=_difference(average, average_noise, average_shares),
        groups={axis.axis: _groups(first, second, axis) for axis in first.axes},
    )


def _groups(first: Resampled, second: Resampled, axis: Grouping) -> dict[str, GroupDifference]:
    """The difference of each group's error, first - second."""
    between = first.error - second.error
    means = group_means(axis.member, between)
    noise = first.group_noise[axis.axis] - second.group_noise[axis.axis]
    shares = axis.member * (between[:, None] - means) / axis.counts
    made = {}
    for i, (name, n) in enumerate(zip(axis.groups, axis.counts.tolist(), strict=True)):
        found = _difference(float(means[i]), noise[:, i], shares[:, i])
        made[name] = GroupDifference(**found.model_dump(), n=n)
    return made


def bias_noise(first: Resampled, second: Resampled, axis: str) -> np.ndarray:
    """How far off the difference of two runs' biases on an axis may be, replicate by replicate.

    A bias has a kink where two groups are equal, and what the noise of a gap does to it depends
    on how far the gap is from there (Fang and Santos 2019, "Inference on directionally
    differentiable functions", Review of Economic Studies 86). The bootstrap's own gap is the true
    one plus noise, too far from the kink on average. So both runs' noise is added to one shared
    gap, whose square is cut by the noise in it and so is unbiased.

    Returns:
        float64 (replicates,), around 0.
    """
    shared = (first.gaps[axis] + second.gaps[axis]) / 2
    variance = ((first.gap_noise[axis] + second.gap_noise[axis]) / 2).var(axis=0)
    gap = np.sqrt(np.maximum(shared**2 - variance, 0)) * np.sign(shared)
    return (np.abs(gap + first.gap_noise[axis]) - np.abs(gap + second.gap_noise[axis])).mean(axis=1)


def bias_shares(first: Resampled, second: Resampled, axis: Grouping) -> np.ndarray:
    """What each photo adds to the difference of two runs' biases on an axis, away from the kinks.

    Returns:
        float64 (photos,), around 0.
    """
    between = first.error - second.error
    sign = np.sign(first.gaps[axis.axis] + second.gaps[axis.axis])
    one, other = np.triu_indices(len(axis.groups), k=1)
    slope = np.bincount(one, sign, len(axis.groups)) - np.bincount(other, sign, len(axis.groups))
    around = axis.member * (between[:, None] - group_means(axis.member, between))
    return around @ (slope / axis.counts) / max(len(sign), 1)


def _difference(value: float, noise: np.ndarray, shares: np.ndarray) -> Difference:
    low, high, p = of_difference(value, noise * widening(shares))
    return Difference(value=value, low=low, high=high, p=p)
