"""Two runs on the same photos: how much of their difference is noise.

Both are resampled with the same weights, so that what is hard about a photo cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from manifests.tables.comparison import Difference, Pair
from train.intervals import KINK, of_difference
from train.metrics import Grouping, bias, gaps, group_means, weighted_group_means


@dataclass(frozen=True)
class Resampled:
    """One run's errors, and how far each bootstrap replicate takes its figures from what was observed.

    Attributes:
        run: its name.
        mae: years.
        mae_noise: float64 (replicates,), years.
        gaps: axis -> float64 (pairs of groups,), observed differences of MAE, in years.
        gap_noise: axis -> float64 (replicates, pairs of groups), years.
        bias: axis -> years.
    """

    run: str
    mae: float
    mae_noise: np.ndarray
    gaps: dict[str, np.ndarray]
    gap_noise: dict[str, np.ndarray]
    bias: dict[str, float]


def resampled(run: str, error: np.ndarray, axes: Sequence[Grouping], weights: np.ndarray) -> Resampled:
    """Resample one run.

    Args:
        run: its name.
        error: float64 (photos,), absolute errors in years.
        axes: the groupings of two groups or more.
        weights: float64 (replicates, photos), the same for every run.
    """
    mae = float(error.mean())
    means = {axis.axis: group_means(axis.member, error) for axis in axes}
    observed = {name: gaps(mean) for name, mean in means.items()}
    return Resampled(
        run,
        mae,
        weights @ (error - mae) / weights.sum(axis=1),
        observed,
        {a.axis: gaps(weighted_group_means(a.member, error, weights)) - observed[a.axis] for a in axes},
        {name: float(bias(mean)) for name, mean in means.items()},
    )


def pair(first: Resampled, second: Resampled) -> Pair:
    """The differences first - second, with their intervals and p-values; below 0 the first is better."""
    noise = {axis: bias_noise(first, second, axis) for axis in first.bias}
    differences = {axis: first.bias[axis] - second.bias[axis] for axis in first.bias}
    average = float(np.mean(list(differences.values()))) if differences else 0.0
    average_noise = np.mean(list(noise.values()), axis=0) if noise else np.zeros(len(first.mae_noise))
    return Pair(
        first=first.run,
        second=second.run,
        mae=_difference(first.mae - second.mae, first.mae_noise - second.mae_noise),
        bias={axis: _difference(value, noise[axis]) for axis, value in differences.items()},
        average_bias=_difference(average, average_noise),
    )


def bias_noise(first: Resampled, second: Resampled, axis: str) -> np.ndarray:
    """How far off the difference of two runs' biases on an axis may be, replicate by replicate.

    The delta method for a function with kinks (Fang and Santos 2019, "Inference on directionally
    differentiable functions", Review of Economic Studies 86): the noise of a gap between two
    groups counts with the gap's sign where the two runs together show a gap, and as its absolute
    value where the gap is within `KINK` standard errors of none.

    Returns:
        float64 (replicates,), years, around 0.
    """
    shared = (first.gaps[axis] + second.gaps[axis]) / 2
    none = np.abs(shared) < KINK * ((first.gap_noise[axis] + second.gap_noise[axis]) / 2).std(axis=0)
    moved = [np.where(none, np.abs(h), np.sign(shared) * h) for h in (first.gap_noise[axis], second.gap_noise[axis])]
    return (moved[0] - moved[1]).mean(axis=1)


def _difference(value: float, noise: np.ndarray) -> Difference:
    low, high, p = of_difference(value, noise)
    return Difference(value=value, low=low, high=high, p=p)
