"""Means over photos, some of which may lack a figure, with their 95% bootstrap intervals."""

from __future__ import annotations

import numpy as np

from manifests.tables.audit import Estimate
from train.scoring import intervals


def means(values: np.ndarray, weights: np.ndarray) -> list[Estimate]:
    """Means over photos with their intervals.

    Args:
        values: float64 (photos, figures); NaN where a photo has none.
        weights: float64 (resamples, photos), of `train.bootstrap.weights`.
    Returns:
        one a figure; zeros where no photo has any.
    """
    there = ~np.isnan(values)
    filled, count = np.where(there, values, 0.0), there.sum(axis=0)
    weight = weights @ there
    low, high = intervals.of_mean(weights @ filled / np.where(weight > 0, weight, 1.0))
    value = filled.sum(axis=0) / np.maximum(count, 1)
    columns = (value.tolist(), low.tolist(), high.tolist())
    return [Estimate(value=v, low=a, high=b) for v, a, b in zip(*columns, strict=True)]
