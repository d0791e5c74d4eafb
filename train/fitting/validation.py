"""What picks a stage's best epoch: metrics on valid of the network as it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from train.data import features, samples
from train.data.readers import ArrayRows
from train.fitting import stage_data
from train.fitting.context import RunContext, StageContext
from train.model.losses import loss_of
from train.model.runtime import keras
from train.scoring import metrics

Validate = Callable[[], dict[str, float]]


def validator(at: StageContext) -> Validate:
    """Make the function that measures the network on valid: no metrics where valid has no labels.

    A recipe may ask for an augmented copy of valid.
    """
    run, network = at.run, at.network
    valid = samples.labelled(samples.split_samples(run.index, "valid"), run.target)
    if not len(valid):
        return dict
    if run.recipe.augment_valid and at.stage.augment:
        valid = samples.augmented(valid, run.recipe.augmentation, run.cells)
    inputs, truth = stage_data.inputs_of(at, valid), run.wanted(valid)
    groups = metrics.bystanders(metrics.groupings(run.cells, valid.table["cell"].to_numpy()), run.target.own)
    if at.model is network.experts and isinstance(inputs, ArrayRows):
        experts, array = network.experts, inputs.array

        def measure_experts() -> dict[str, float]:
            outputs = experts(array, training=False).values()
            return _mean([_metrics(keras.ops.convert_to_numpy(o), truth, run, groups) for o in outputs])

        return measure_experts
    outputs, every = features.forward(at.model, 256), np.arange(len(inputs))
    return lambda: _metrics(outputs(inputs, every), truth, run, groups)


def _metrics(
    output: np.ndarray, truth: np.ndarray, run: RunContext, groups: tuple[metrics.Grouping, ...]
) -> dict[str, float]:
    """Loss, mean error and average bias on valid."""
    errors = run.target.errors(run.target.decode(output), run.target.labels(truth))
    error = float(errors.mean())
    biases = [metrics.bias(metrics.group_means(group.member, errors)) for group in groups]
    bias = float(np.mean(biases)) if biases else 0.0
    loss = float(keras.ops.mean(loss_of(run.recipe)(truth, output)))
    return {"valid_loss": loss, run.error: error, "valid_bias": bias, f"{run.error}_plus_bias": error + bias}


def _mean(records: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([record[name] for record in records])) for name in records[0]}
