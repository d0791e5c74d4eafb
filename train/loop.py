"""One stage of training, epoch by epoch: the schedule, the monitor, early stopping, the best epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from manifests.sections.train import Recipe, Stage
from train import feed, state
from train.batches import order
from train.devices import Devices
from train.feed import Fitted
from train.losses import LOSSES
from train.quiet import keras
from train.state import Counters, State

PLATEAU_PATIENCE = 5  # epochs without a better monitor before the rate is halved
WARM_UP = 0.1  # of a cosine schedule's epochs


Monitor = Callable[[], dict[str, float]]
Report = Callable[[State], None]


@dataclass(frozen=True)
class Setting:
    """How a stage is trained.

    Attributes:
        stage: the stage.
        recipe: its recipe.
        batch: images a step; an epoch's rest smaller than that is left out of it.
        seed: of the repeat.
        devices: where to train.
        ceiling: epochs are cut off there; None: they are not.
    """

    stage: Stage
    recipe: Recipe
    batch: int
    seed: int
    devices: Devices
    ceiling: int | None = None


@dataclass(frozen=True)
class Learner:
    """What is trained, and on what.

    Attributes:
        model: the layers that learn, their trainable flags set.
        variables: the whole network's.
        fitted: the train images.
        monitor: the metrics on valid of the model as it is; empty without labels there.
    """

    model: keras.Model
    variables: list[Any]
    fitted: Fitted
    monitor: Monitor


@dataclass(frozen=True)
class Epochs:
    """How many epochs a stage has.

    Attributes:
        count: epochs.
        size: images of one.
        last: images of the last one.
    """

    count: int
    size: int
    last: int

    @classmethod
    def of(cls, setting: Setting, images: int) -> Epochs:
        """By the stage's epochs, or by its gradient steps where it names them."""
        stage, batch = setting.stage, min(setting.batch, images)
        count, size, last = stage.epochs, images, images
        if stage.steps is not None:
            whole = images // batch
            count, size = -(-stage.steps // whole), whole * batch
            last = (stage.steps - (count - 1) * whole) * batch
        if setting.ceiling is not None and count > setting.ceiling:
            count, last = setting.ceiling, size
        return cls(count, size, last)

    def rows(self, epoch: int) -> int:
        """Images of an epoch, counted from 0."""
        return self.last if epoch == self.count - 1 else self.size


def train_stage(learner: Learner, setting: Setting, resumed: State, report: Report) -> State:
    """Train until the epochs or the patience are used up, and go back to the best epoch.

    Args:
        learner: what is trained.
        setting: how.
        resumed: where the stage stands; its arrays are empty at the stage's start.
        report: told the state after each epoch.
    Returns:
        the state at the beginning of the next stage.
    """
    model, stage, recipe = learner.model, setting.stage, setting.recipe
    optimiser = _compiled(model, setting)
    counters, best = resumed.counters, resumed.arrays.get("best", state.values(learner.variables))
    if "optimiser" in resumed.arrays:
        state.assign(optimiser.variables, resumed.arrays["optimiser"])
    plan = Epochs.of(setting, len(learner.fitted.inputs))
    while counters.epoch < plan.count and counters.since < recipe.patience:
        rate = rate_at(recipe.schedule, stage.rate, counters, plan.count)
        optimiser.learning_rate = rate
        rows = order(len(learner.fitted.inputs), setting.seed, counters.epoch + 1_000_000 * counters.stage)
        rows = rows[: plan.rows(counters.epoch)]
        batches = feed.epoch(learner.fitted, list(model.output_names), rows, setting.batch, setting.devices)
        with feed.own_errors():
            loss = model.fit(batches, verbose=0, shuffle=False).history["loss"][0]
        metrics = learner.monitor()
        record = {"stage": counters.stage, "rate": rate, "loss": loss, **metrics}
        counters = counters.after(metrics.get(f"valid_{recipe.monitor}", -counters.epoch), record)
        if counters.since == 0:
            best = state.values(learner.variables)
        if recipe.schedule == "plateau" and counters.since and counters.since % PLATEAU_PATIENCE == 0:
            counters = Counters(**{**vars(counters), "cuts": counters.cuts + 1})
        arrays = {
            "network": state.values(learner.variables),
            "optimiser": state.values(optimiser.variables),
            "best": best,
        }
        report(State(counters, arrays))
    state.assign(learner.variables, best)
    return State(counters.next_stage(), {"network": best})


def rate_at(schedule: str, rate: float, counters: Counters, epochs: int) -> float:
    """The learning rate of an epoch.

    `cosine` rises over the first tenth of the epochs, then falls as half a cosine
    (Loshchilov and Hutter 2017, SGDR); `plateau` halves at each cut.
    """
    if schedule == "plateau":
        return rate * 0.5**counters.cuts
    if schedule == "cosine":
        warm = max(1, round(WARM_UP * epochs))
        if counters.epoch < warm:
            return rate * (counters.epoch + 1) / warm
        return rate * 0.5 * (1 + math.cos(math.pi * (counters.epoch - warm) / max(1, epochs - warm)))
    return rate


def _compiled(model: keras.Model, setting: Setting) -> keras.optimizers.Optimizer:
    """Compile the model; its optimiser has its variables already, so that a saved state fits."""
    stage, recipe, loss = setting.stage, setting.recipe, LOSSES[setting.recipe.loss]
    with setting.devices.strategy.scope():
        if recipe.optimiser == "adamw":
            optimiser = keras.optimizers.AdamW(stage.rate, weight_decay=recipe.decay)
        else:
            optimiser = keras.optimizers.Adam(stage.rate)
        losses = dict.fromkeys(model.output_names, loss)
        model.compile(optimiser, losses if len(losses) > 1 else loss, jit_compile=setting.devices.gpu)
        model.optimizer.build(model.trainable_variables)
    return model.optimizer  # in mixed precision another one, around ours, which scales the loss
