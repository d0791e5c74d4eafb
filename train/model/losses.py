"""The losses: y is float32 (n, 2), age and spread in years, or (n, classes), the wanted probability of each class.

With group DRO y has one column more, the last: the group's number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from manifests.sections.recipe import Recipe
from train.model.runtime import keras, ops
from train.targets import AGES

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


def shares(output: Any) -> Any:
    """The probability of each class: of one unit's p, the pair 1 - p and p; more are a distribution already."""
    return ops.concatenate([1 - output, output], axis=1) if output.shape[1] == 1 else output


def cross_entropy(y: Any, output: Any) -> Any:
    """Binary cross-entropy of one unit, categorical of a softmax. (n, classes) and (n, 1 or classes) to (n,)."""
    each = shares(output)
    return -ops.sum(y[:, : each.shape[1]] * ops.log(each + 1e-8), axis=1)


def adjusted(loss: Loss, offset: np.ndarray) -> Loss:
    """The loss of softmax(log p + offset) in place of the network's own p (Menon et al. 2021, equation 10).

    So the network need not learn what the offset says, the log prior of the labels to some power.

    Args:
        loss: of a distribution.
        offset: float32 (values,).
    """

    def shifted(y: Any, output: Any) -> Any:
        return loss(y, ops.softmax(ops.log(shares(output) + 1e-8) + offset))

    return shifted


def balanced_mse(noise: float) -> Loss:
    """Squared error as if all ages were equally frequent, the batch standing for the train ages.

    Ren et al. 2022, Balanced MSE for imbalanced visual regression, the batch-based Monte-Carlo form (BMC): how well
    each label is told from the labels of its batch by the distance to the prediction. With several devices, its part
    of the batch.

    Args:
        noise: standard deviation of the prediction's error, in years.
    """
    variance = (noise / 100) ** 2

    def loss(y: Any, share: Any) -> Any:
        squared = ops.square(share[:, :1] - ops.transpose(y[:, :1]) / 100)
        logits = -squared / (2 * variance)
        return 2 * variance * (ops.logsumexp(logits, axis=1) + mse(y, share) / (2 * variance))

    return loss


@dataclass(frozen=True)
class StatefulLoss:
    """A loss, and the variables that it changes, which belong to the checkpoint."""

    loss: Loss
    state: list[keras.Variable]


def group_dro(loss: Loss, groups: int, rate: float) -> StatefulLoss:
    """The groups' mean losses, weighted; a group's weight grows with its loss at each step.

    Sagawa et al. 2020, Distributionally robust neural networks for group shifts, algorithm 1.

    Args:
        loss: of each image.
        groups: how many; each image's is the last column of y.
        rate: step size of the weights.
    """
    weights = keras.Variable(np.full(groups, 1 / groups, np.float32), trainable=False, aggregation="mean")

    def weighted(y: Any, output: Any) -> Any:
        each = loss(y, output)
        member = ops.one_hot(ops.cast(y[:, -1], "int32"), groups, dtype="float32")
        count = ops.maximum(ops.sum(member, axis=0), 1)
        raised = weights * ops.exp(rate * ops.stop_gradient(ops.matmul(each, member) / count))
        raised = raised / ops.sum(raised)
        weights.assign(raised)
        batch = ops.cast(ops.shape(member)[0], "float32")  # Keras takes the mean over the batch
        return each * batch * ops.matmul(member, raised / count)

    return StatefulLoss(weighted, [weights])


def loss_of(recipe: Recipe) -> Loss:
    """The recipe's loss of each image, before any adjustment."""
    return balanced_mse(recipe.noise) if recipe.loss == "balanced_mse" else LOSSES[recipe.loss]


LOSSES: dict[str, Loss] = {
    "mse": mse,
    "mae": mae,
    "soft_labels": soft_labels,
    "mean_variance": mean_variance,
    "cross_entropy": cross_entropy,
}
# The distribution that a loss compares with, of y; of those losses that have one.
WANTED: dict[str, Callable[[Any], Any]] = {"soft_labels": soft, "mean_variance": soft, "cross_entropy": lambda y: y}
