"""C-Mixup (Yao et al. 2022, C-Mixup: improving generalization in regression): mixtures of images of similar age."""

from __future__ import annotations

import numpy as np

from train.data.readers import ArrayRows
from train.data.tfdata import TrainingData

YEARS = 101


def partners(age: np.ndarray, bandwidth: float, rng: np.random.Generator) -> np.ndarray:
    """Draw a partner for each image, with a probability that falls as a normal of the distance in whole years.

    Args:
        age: float (images,), years.
        bandwidth: standard deviation of that normal, in years.
        rng: the source of randomness.
    Returns:
        int64 (images,), positions; an image may be its own partner.
    """
    year = np.clip(np.floor(age), 0, YEARS - 1).astype(np.int64)
    count, order = np.bincount(year, minlength=YEARS), np.argsort(year, kind="stable")
    first = np.cumsum(count) - count
    distance = np.arange(YEARS)[:, None] - np.arange(YEARS)
    cumulative = np.cumsum(np.exp(-0.5 * (distance / bandwidth) ** 2) * count, axis=1)
    place = rng.random(len(age)) * cumulative[year, -1]
    chosen = (cumulative[year] <= place[:, None]).sum(axis=1)
    return order[first[chosen] + (rng.random(len(age)) * count[chosen]).astype(np.int64)]


def mixed(
    data: TrainingData, features: np.ndarray, bandwidth: float, alpha: float, rng: np.random.Generator
) -> TrainingData:
    """Mix each image's features and target with those of its partner; it keeps its own weight.

    Args:
        data: float32 targets (images, 2) and weights.
        features: float32 (images, features).
        bandwidth: in years, see `partners`.
        alpha: the own share is drawn from Beta(alpha, alpha).
        rng: the source of randomness.
    """
    other = partners(data.targets[:, 0], bandwidth, rng)
    share = rng.beta(alpha, alpha, (len(other), 1)).astype(np.float32)
    targets = data.targets.copy()  # a group's number is not mixed
    targets[:, :2] = share * targets[:, :2] + (1 - share) * data.targets[other, :2]
    return TrainingData(ArrayRows(share * features + (1 - share) * features[other]), targets, data.weights)
