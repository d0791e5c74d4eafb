"""Logit adjustment by the prior of the train labels (Menon et al. 2021, Long-tail learning via logit adjustment)."""

from __future__ import annotations

import numpy as np

from manifests.sections.methods import Adjust
from train.data import samples
from train.data.tfdata import TrainingData
from train.fitting import stage_data
from train.fitting.context import RunContext, StageContext
from train.model import heads
from train.model.losses import WANTED, Loss, adjusted, loss_of
from train.model.runtime import keras

LEAST = 1e-6  # added to every prior, so that its logarithm is finite


def prior(labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The mean soft label of the images, weighted.

    Args:
        labels: float32 (images, values), soft labels.
        weights: float32 (images,), sample weights.
    Returns:
        float64 (values,), which sums to 1.
    """
    labels = np.asarray(keras.ops.convert_to_numpy(labels), np.float64)
    return weights.astype(np.float64) @ labels / weights.sum(dtype=np.float64)


def offset(strength: float, prior: np.ndarray, wished: np.ndarray) -> np.ndarray:
    """What the loss adds to the logits: strength x (log prior - log wished). (values,) each, to float32 (values,)."""
    return np.asarray(strength * (np.log(prior + LEAST) - np.log(wished + LEAST)), np.float32)


def loss(run: RunContext, data: TrainingData) -> Loss:
    """The recipe's loss, adjusted by the prior of the images and weights of the stage where the recipe says so."""
    wanted, plain = run.recipe.adjustment, loss_of(run.recipe)
    if wanted is None or wanted.when != "loss":
        return plain
    return adjusted(plain, _offset(run, wanted, data.targets, data.weights[:, 0]))


def after_training(at: StageContext) -> None:
    """Divide the trained distribution by prior ** strength where the recipe adjusts post hoc; `at` is the last stage.

    It shifts the bias of the last layer, so that predictions and the exported model have it.
    """
    wanted = at.run.recipe.adjustment
    if wanted is None or wanted.when != "post_hoc":
        return
    chosen = stage_data.samples_of(at.run, at.stage)
    weights = stage_data.sample_weights_of(at.run, at.stage, chosen)[:, 0]
    shift = _offset(at.run, wanted, at.run.wanted(chosen), weights)
    heads.shift_logits(at.network.head, -shift)


def _offset(run: RunContext, wanted: Adjust, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    soft = WANTED[run.recipe.loss]
    trained = prior(soft(targets), weights)
    if wanted.toward == "flat":
        return offset(wanted.strength, trained, np.full(len(trained), 1 / len(trained)))
    plan = samples.train_samples(run.index, "balanced", "none", run.cells)
    return offset(wanted.strength, trained, prior(soft(run.wanted(plan)), np.ones(len(plan), np.float32)))
