"""Losses on (age, spread) pairs: y is float32 (n, 2), years."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    distance = (ops.arange(AGES, dtype="float32")[None] - y[:, :1]) / y[:, 1:]
    wanted = ops.softmax(-0.5 * ops.square(distance))
    return -ops.sum(wanted * ops.log(distribution + 1e-8), axis=1)


def mean_variance(y: Any, distribution: Any) -> Any:
    """Soft labels plus .2 x the mean's squared error / 2 plus .05 x the variance.

    Pan et al. 2018, Mean-variance loss for deep age estimation from a face; the factors are theirs.
    (n, 2) and softmax (n, 101) to (n,).
    """
    ages = ops.arange(AGES, dtype="float32")[None]
    mean = ops.sum(distribution * ages, axis=1)
    variance = ops.sum(distribution * ops.square(ages - mean[:, None]), axis=1)
    return soft_labels(y, distribution) + 0.2 * ops.square(mean - y[:, 0]) / 2 + 0.05 * variance


LOSSES: dict[str, Loss] = {"mse": mse, "mae": mae, "soft_labels": soft_labels, "mean_variance": mean_variance}
