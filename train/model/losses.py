"""Losses on (age, spread) pairs: y is float32 (n, 2), years."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from train.model.runtime import ops

AGES = 101  # values of a distribution: 0 to 100 years
Loss = Callable[[Any, Any], Any]


def mse(y: Any, share: Any) -> Any:
    """Squared error of age / 100. (n, 2) and (n, 1) to (n,)."""
    return ops.square(share[:, 0] - y[:, 0] / 100)


def mae(y: Any, share: Any) -> Any:
    """Absolute error of age / 100. (n, 2) and (n, 1) to (n,)."""
    return ops.abs(share[:, 0] - y[:, 0] / 100)


def soft_labels(y: Any, distribution: Any) -> Any:
    """Cross-entropy with a normal around the label (Gao et al. 2017, Deep label distribution learning).

    (n, 2) and softmax (n, 101) to (n,).
    """
    return -ops.sum(soft(y) * ops.log(distribution + 1e-8), axis=1)


def soft(y: Any) -> Any:
    """The soft label of each age and spread: a normal around the age, (n, 2) to (n, 101)."""
    distance = (ops.arange(AGES, dtype="float32")[None] - y[:, :1]) / y[:, 1:2]
    return ops.softmax(-0.5 * ops.square(distance))


def mean_variance(y: Any, distribution: Any) -> Any:
    """Soft labels plus .2 x the mean's squared error / 2 plus .05 x the variance.

    Pan et al. 2018, Mean-variance loss for deep age estimation from a face; the factors are theirs.
    (n, 2) and softmax (n, 101) to (n,).
    """
    ages = ops.arange(AGES, dtype="float32")[None]
    mean = ops.sum(distribution * ages, axis=1)
    variance = ops.sum(distribution * ops.square(ages - mean[:, None]), axis=1)
    return soft_labels(y, distribution) + 0.2 * ops.square(mean - y[:, 0]) / 2 + 0.05 * variance


def adjusted(loss: Loss, offset: np.ndarray) -> Loss:
    """The loss of softmax(log p + offset) in place of the network's own p (Menon et al. 2021, equation 10).

    So the network need not learn what the offset says, the log prior of the ages to some power.

    Args:
        loss: of a distribution.
        offset: float32 (101,).
    """

    def shifted(y: Any, distribution: Any) -> Any:
        return loss(y, ops.softmax(ops.log(distribution + 1e-8) + offset))

    return shifted


LOSSES: dict[str, Loss] = {"mse": mse, "mae": mae, "soft_labels": soft_labels, "mean_variance": mean_variance}
