"""What picks a stage's best epoch: metrics on valid of the network as it is."""

from __future__ import annotations

import numpy as np

from manifests.sections.train import Recipe, Stage
from train.data import features as embed
from train.data import samples
from train.data.readers import Rows
from train.fitting import stage_data
from train.fitting.context import Job
from train.fitting.loop import Monitor
from train.model import heads
from train.model.losses import LOSSES
from train.model.runtime import keras
from train.scoring import metrics


def monitor(job: Job, network: heads.Network, stage: Stage) -> Monitor:
    """Metrics on valid, none without labels there; a recipe may show an augmented copy of it."""
    recipe = job.recipe
    valid = samples.labelled(samples.split_items(job.index, "valid"))
    if not len(valid):
        return dict
    if recipe.augment_valid and stage.augment:
        valid = samples.augmented(valid, recipe.augmentation, job.cells)
    inputs, truth = stage_data.inputs_of(job, network, stage, valid), samples.targets(valid, recipe)
    groups = metrics.groupings(job.cells, valid.table["cell"].to_numpy())
    if stage.layers == "experts" and network.experts is not None and isinstance(inputs, Rows):
        experts, features = network.experts, inputs.array

        def measure_experts() -> dict[str, float]:
            outputs = experts(features, training=False).values()
            return _mean([_metrics(keras.ops.convert_to_numpy(o), truth, recipe, groups) for o in outputs])

        return measure_experts
    pixels = stage_data.trains_pixels(job, stage)
    outputs, every = embed.forward(network.full if pixels else network.head, 256), np.arange(len(inputs))
    return lambda: _metrics(outputs(inputs, every), truth, recipe, groups)


def _metrics(
    output: np.ndarray, truth: np.ndarray, recipe: Recipe, groups: tuple[metrics.Grouping, ...]
) -> dict[str, float]:
    """Loss, mean absolute error and average bias on valid."""
    errors = np.abs(heads.ages(output) - truth[:, 0])
    mae = float(errors.mean())
    bias = float(np.mean([metrics.bias(metrics.group_means(group.member, errors)) for group in groups]))
    loss = float(keras.ops.mean(LOSSES[recipe.loss](truth, output)))
    return {"valid_loss": loss, "valid_mae": mae, "valid_bias": bias, "valid_mae_plus_bias": mae + bias}


def _mean(records: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([record[name] for record in records])) for name in records[0]}
