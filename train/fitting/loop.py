"""One stage of training, epoch by epoch: the schedule, validation, early stopping, the best epoch."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from manifests.core.errors import UserError
from manifests.sections.recipe import Stage
from train.data import tfdata
from train.data.readers import order
from train.data.tfdata import TrainingData
from train.fitting import adjust, checkpoint
from train.fitting.checkpoint import Checkpoint, Counters
from train.fitting.context import StageContext
from train.fitting.feeds import Feeds
from train.fitting.optimisers import optimiser_of
from train.fitting.timing import Clock
from train.fitting.validation import Validate
from train.model.losses import Loss, StatefulLoss, group_dro
from train.model.runtime import keras

PLATEAU_PATIENCE = 5  # epochs without a better validation metric before the rate is halved
TOGETHER = 16  # steps that TensorFlow takes before Python is asked again; the result is the same
WARM_UP = 0.1  # of a cosine schedule's steps


Report = Callable[[Checkpoint], None]


@dataclass(frozen=True)
class Epochs:
    """The gradient steps of a stage as epochs; in an epoch no image is seen twice.

    Attributes:
        count: epochs.
        size: images of each but the last.
        last: images of the last one.
        batch: images per step.
    """

    count: int
    size: int
    last: int
    batch: int

    @classmethod
    def of(cls, stage: Stage, batch: int, images: int, ceiling: int | None = None) -> Epochs:
        """Divide the stage's steps among epochs.

        Args:
            stage: the stage.
            batch: images per step; an epoch's rest smaller than that is left out of it.
            images: train images.
            ceiling: the most steps; None: no ceiling.
        """
        batch = min(batch, images)
        whole = images // batch
        steps = min(stage.steps or stage.epochs * whole, ceiling or sys.maxsize)
        count = -(-steps // whole)
        return cls(count, whole * batch, (steps - (count - 1) * whole) * batch, batch)

    def rows(self, epoch: int) -> int:
        """Images of an epoch, counted from 0."""
        return self.last if epoch == self.count - 1 else self.size

    @property
    def steps(self) -> int:
        """Gradient steps of all of them."""
        return (self.count - 1) * (self.size // self.batch) + self.last // self.batch


def train_stage(
    at: StageContext, data: TrainingData, validate: Validate, resumed: Checkpoint, report: Report, clock: Clock
) -> Checkpoint:
    """Train until the steps or the patience are used up, and go back to the best epoch.

    Args:
        at: the stage; the trainable flags of its network are set.
        data: the train images.
        validate: measures the network as it is on valid; no metrics without labels there.
        resumed: where the stage continues; its arrays are empty at the stage's start.
        report: called with the checkpoint after each epoch.
        clock: times each epoch.
    Returns:
        the checkpoint at the beginning of the next stage.
    """
    model, variables, recipe, run = at.model, at.variables, at.run.recipe, at.run
    epochs = Epochs.of(at.stage, run.batch, len(data.inputs), run.train.max_steps)
    stateful = _loss(at, data)
    optimiser = _compiled(at, epochs, stateful.loss)
    counters, best = resumed.counters, resumed.arrays.get("best", checkpoint.values(variables))
    if run.start is not None and not counters.history:
        counters = _measured(counters, recipe.monitor, validate())
    if "optimiser" in resumed.arrays:
        checkpoint.assign(optimiser.variables, resumed.arrays["optimiser"])
        checkpoint.assign(stateful.state, resumed.arrays.get("loss", []))
    feeds = Feeds(at, data, epochs.batch)
    while counters.epoch < epochs.count and counters.since < recipe.patience:
        if recipe.schedule == "plateau":
            optimiser.learning_rate = at.stage.rate * 0.5**counters.cuts
        rate = float(keras.ops.convert_to_numpy(optimiser.learning_rate))
        number = counters.epoch + 1_000_000 * counters.stage
        rows = order(len(data.inputs), at.seed, number)
        rows = rows[: epochs.rows(counters.epoch)]
        with tfdata.own_errors(), clock.timing(len(rows), first=counters.epoch == resumed.counters.epoch):
            steps = len(rows) // epochs.batch  # said to Keras too: what is prefetched to a GPU has no known length
            fitted = model.fit(feeds.epoch(number, rows), steps_per_epoch=steps, verbose=0, shuffle=False)
            loss = fitted.history["loss"][0]
        _check(loss, counters, run.name)
        metrics = validate()
        record = {"stage": counters.stage, "steps": steps, "rate": rate, "loss": loss, **metrics}
        counters = counters.after(metrics.get(f"valid_{recipe.monitor}", -counters.epoch), record)
        if counters.since == 0:
            best = checkpoint.values(variables)
        if recipe.schedule == "plateau" and counters.since and counters.since % PLATEAU_PATIENCE == 0:
            counters = replace(counters, cuts=counters.cuts + 1)
        arrays = {
            "network": checkpoint.values(variables),
            "optimiser": checkpoint.values(optimiser.variables),
            "loss": checkpoint.values(stateful.state),
            "best": best,
        }
        report(Checkpoint(counters, arrays))
    checkpoint.assign(variables, best)
    return Checkpoint(counters.next_stage(), {"network": best})


def _check(loss: float, counters: Counters, run: str) -> None:
    if not math.isfinite(loss):
        received = f"{loss} in epoch {counters.epoch + 1} of stage {counters.stage + 1}"
        raise UserError(f".runs.{run}", "a loss that stays finite", received, "Lower the stage's rate")


def _measured(counters: Counters, monitor: str, metrics: dict[str, float]) -> Counters:
    """Record how good the network is that a run starts from: a stage that never betters it goes back to it."""
    best = metrics.get(f"valid_{monitor}", counters.best)
    return replace(counters, best=best, history=[{"stage": 0, "steps": 0, "best": 1, **metrics}] if metrics else [])


def _loss(at: StageContext, data: TrainingData) -> StatefulLoss:
    """The loss of a stage: the recipe's, adjusted, by groups."""
    plain, dro = adjust.loss(at.run, data), at.run.recipe.dro
    if dro is None:
        return StatefulLoss(plain, [])
    with at.run.devices.strategy.scope():
        return group_dro(plain, int(data.targets[:, -1].max()) + 1, dro.rate)


def rate_of(schedule: str, rate: float, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate of a stage of `steps` gradient steps, or its schedule over them.

    `cosine` rises over the first tenth of the steps, then falls as half a cosine (Loshchilov and Hutter 2017,
    SGDR). It follows the steps, not the epochs, so that it is the same for few images and for many.
    """
    if schedule != "cosine":
        return rate
    warm = max(1, round(WARM_UP * steps))
    return keras.optimizers.schedules.CosineDecay(
        rate / warm, max(1, steps - warm), warmup_target=rate, warmup_steps=warm
    )


def _compiled(at: StageContext, epochs: Epochs, loss: Loss) -> keras.optimizers.Optimizer:
    """Compile the model; its optimiser has its variables already, so that a checkpoint fits."""
    model, recipe, devices = at.model, at.run.recipe, at.run.devices
    with devices.strategy.scope():
        rate = rate_of(recipe.schedule, at.stage.rate, epochs.steps)
        optimiser = optimiser_of(recipe, rate)
        if at.stage.backbone_rate is not None:
            optimiser.slow_down(at.network.backbone.variables, at.stage.backbone_rate / at.stage.rate)
        losses = dict.fromkeys(model.output_names, loss)
        model.compile(
            optimiser,
            losses if len(losses) > 1 else loss,
            jit_compile=False,  # XLA and deterministic kernels exclude each other
            steps_per_execution=TOGETHER if len(devices.names) == 1 else 1,  # TensorFlow fails at it over several
        )
        model.optimizer.build(model.trainable_variables)
    return model.optimizer  # in mixed precision another one, around ours, which scales the loss
