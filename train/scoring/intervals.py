"""95% intervals from bootstrap replicates, each of the kind that covers well for its figure.

A mean is smooth, and the percentile interval serves. A bias is a mean of absolute gaps: it has
a kink where two groups are equal, noise can only push it up there, and a percentile interval
never reaches 0. Measured coverages are in docs/scores.md.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from manifests.tables.parts import Estimate

TAIL = 0.025
NORMAL = 1.96  # the normal distribution's quantile at 1 - TAIL


def of_mean(replicates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The percentile interval of float64 (replicates, ...): low and high, float64 (...)."""
    low, high = np.quantile(replicates, [TAIL, 1 - TAIL], axis=0)
    return low, high


def of_bias(value: float, replicates: np.ndarray, p: float) -> tuple[float, float]:
    """The interval of one bias.

    The upper end is the percentile interval's. Resampling adds noise, which raises a bias; the value
    itself lies above the true bias by about as much. The lower end therefore subtracts it, and is 0
    where the permutation test can't tell the groups from random ones.

    Args:
        value: the bias.
        replicates: float64 (replicates,), the bias in each.
        p: the permutation p-value.
    """
    low = value - (replicates.mean() - value) - NORMAL * replicates.std()
    return (max(float(low), 0.0) if p <= TAIL else 0.0), max(float(np.quantile(replicates, 1 - TAIL)), value)


def of_difference(value: float, noise: np.ndarray) -> tuple[float, float, float]:
    """Low, high and two-sided p-value of a difference: the interval excludes 0 just where p is below .05."""
    size = np.abs(noise)
    reach = float(np.quantile(size, 1 - 2 * TAIL))
    p = (1 + np.count_nonzero(size >= abs(value) - 1e-9)) / (1 + len(size))
    return value - reach, value + reach, float(p)


def widening(shares: np.ndarray) -> float:
    """How much wider an interval is for the few photos that its noise was learnt from: 1 or more.

    Student's t over the normal distribution, at Satterthwaite's degrees of freedom
    (sum of variances)^2 / sum of squared variances. A photo's variance is its squared share, and
    the square of that is 3 times too large for a normal share.

    Args:
        shares: float64 (photos,), what each photo adds to the figure, around 0.
    """
    fourth = float((shares**4).sum())
    if fourth == 0:
        return 1.0
    freedom = 3 * float((shares**2).sum()) ** 2 / fourth
    return max(1.0, float(stdtrit(freedom, 1 - TAIL)) / NORMAL)


def means(values: np.ndarray, weights: np.ndarray) -> list[Estimate]:
    """Means over photos with their intervals.

    Args:
        values: float64 (photos, figures); NaN where a photo has none.
        weights: float64 (resamples, photos), of `train.scoring.resampling.weights`.
    Returns:
        one per figure; zeros where no photo has any.
    """
    there = ~np.isnan(values)
    filled, count = np.where(there, values, 0.0), there.sum(axis=0)
    weight = weights @ there
    low, high = of_mean(weights @ filled / np.where(weight > 0, weight, 1.0))
    value = filled.sum(axis=0) / np.maximum(count, 1)
    columns = (value.tolist(), low.tolist(), high.tolist())
    return [Estimate(value=v, low=a, high=b) for v, a, b in zip(*columns, strict=True)]
