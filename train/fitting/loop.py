"""One stage of training, epoch by epoch: the schedule, the monitor, early stopping, the best epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from manifests.sections.train import Recipe, Stage
from train.data import tfdata
from train.data.readers import order
from train.data.tfdata import Fitted
from train.fitting import checkpoint
from train.fitting.checkpoint import Counters, State
from train.model.losses import LOSSES
from train.model.runtime import Devices, keras

PLATEAU_PATIENCE = 5  # epochs without a better monitor before the rate is halved
TOGETHER = 16  # steps that TensorFlow takes before Python is asked again; the result is the same
WARM_UP = 0.1  # of a cosine schedule's steps


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
        batch: images a step.
    """

    count: int
    size: int
    last: int
    batch: int

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
        return cls(count, size, last, batch)

    def rows(self, epoch: int) -> int:
        """Images of an epoch, counted from 0."""
        return self.last if epoch == self.count - 1 else self.size

    @property
    def steps(self) -> int:
        """Gradient steps of all of them."""
        return (self.count - 1) * (self.size // self.batch) + self.last // self.batch


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
    model, recipe = learner.model, setting.recipe
    plan = Epochs.of(setting, len(learner.fitted.inputs))
    optimiser = _compiled(model, setting, plan.steps)
    counters, best = resumed.counters, resumed.arrays.get("best", checkpoint.values(learner.variables))
    if "optimiser" in resumed.arrays:
        checkpoint.assign(optimiser.variables, resumed.arrays["optimiser"])
    while counters.epoch < plan.count and counters.since < recipe.patience:
        if recipe.schedule == "plateau":
            optimiser.learning_rate = setting.stage.rate * 0.5**counters.cuts
        rate = float(optimiser.learning_rate)
        rows = order(len(learner.fitted.inputs), setting.seed, counters.epoch + 1_000_000 * counters.stage)
        rows = rows[: plan.rows(counters.epoch)]
        batches = tfdata.epoch(learner.fitted, list(model.output_names), rows, setting.batch, setting.devices)
        with tfdata.own_errors():
            loss = model.fit(batches, verbose=0, shuffle=False).history["loss"][0]
        metrics = learner.monitor()
        record = {"stage": counters.stage, "rate": rate, "loss": loss, **metrics}
        counters = counters.after(metrics.get(f"valid_{recipe.monitor}", -counters.epoch), record)
        if counters.since == 0:
            best = checkpoint.values(learner.variables)
        if recipe.schedule == "plateau" and counters.since and counters.since % PLATEAU_PATIENCE == 0:
            counters = Counters(**{**vars(counters), "cuts": counters.cuts + 1})
        arrays = {
            "network": checkpoint.values(learner.variables),
            "optimiser": checkpoint.values(optimiser.variables),
            "best": best,
        }
        report(State(counters, arrays))
    checkpoint.assign(learner.variables, best)
    return State(counters.next_stage(), {"network": best})


def rate_of(schedule: str, rate: float, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate of a stage of so many gradient steps, or its course over them.

    `cosine` rises over the first tenth of the steps, then falls as half a cosine (Loshchilov and Hutter 2017,
    SGDR). It follows the steps, not the epochs, so that it is the same for few images and for many.
    """
    if schedule != "cosine":
        return rate
    warm = max(1, round(WARM_UP * steps))
    return keras.optimizers.schedules.CosineDecay(
        rate / warm, max(1, steps - warm), warmup_target=rate, warmup_steps=warm
    )


def _compiled(model: keras.Model, setting: Setting, steps: int) -> keras.optimizers.Optimizer:
    """Compile the model; its optimiser has its variables already, so that a saved state fits."""
    stage, recipe, loss = setting.stage, setting.recipe, LOSSES[setting.recipe.loss]
    with setting.devices.strategy.scope():
        rate = rate_of(recipe.schedule, stage.rate, steps)
        if recipe.optimiser == "adamw":
            optimiser = keras.optimizers.AdamW(rate, weight_decay=recipe.decay)
        else:
            optimiser = keras.optimizers.Adam(rate)
        losses = dict.fromkeys(model.output_names, loss)
        model.compile(
            optimiser,
            losses if len(losses) > 1 else loss,
            jit_compile=setting.devices.gpu,
            steps_per_execution=TOGETHER,
        )
        model.optimizer.build(model.trainable_variables)
    return model.optimizer  # in mixed precision another one, around ours, which scales the loss
