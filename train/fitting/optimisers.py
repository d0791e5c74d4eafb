"""The optimisers of the recipes; the backbone may learn at a rate of its own."""

from __future__ import annotations

from typing import Any

from manifests.sections.recipe import Recipe
from train.model.runtime import keras


class TwoRates:
    """An optimiser some of whose variables learn at a multiple of the rate."""

    _slow: frozenset[Any] = frozenset()
    _factor = 1.0

    def slow_down(self, variables: list[Any], factor: float) -> None:
        """Let these variables learn at a multiple of the rate."""
        self._slow, self._factor = frozenset(self._var_key(each) for each in variables), factor  # type: ignore[attr-defined]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Take one step of one variable; Keras calls it."""
        slow = self._var_key(variable) in self._slow  # type: ignore[attr-defined]
        super().update_step(gradient, variable, learning_rate * self._factor if slow else learning_rate)  # type: ignore[misc]


class Adam(TwoRates, keras.optimizers.Adam):  # type: ignore[misc]
    """Adam (Kingma and Ba 2015)."""


class AdamW(TwoRates, keras.optimizers.AdamW):  # type: ignore[misc]
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""


class Sgd(TwoRates, keras.optimizers.SGD):  # type: ignore[misc]
    """Gradient descent with Nesterov's momentum."""


def optimiser_of(recipe: Recipe, rate: float | keras.optimizers.schedules.LearningRateSchedule) -> Any:
    """The recipe's optimiser at a rate, or a schedule of rates."""
    if recipe.optimiser == "sgd":
        return Sgd(rate, momentum=recipe.momentum, nesterov=recipe.momentum > 0)
    options = {"beta_1": recipe.betas[0], "beta_2": recipe.betas[1], "epsilon": recipe.epsilon}
    if recipe.optimiser == "adamw":
        return AdamW(rate, weight_decay=recipe.decay, **options)
    return Adam(rate, **options)
