"""What a stage learns from: its items, their pixels or features, and the loss weights."""

from __future__ import annotations

import numpy as np

from manifests.core.cells import AGE, Cells
from manifests.core.errors import located
from manifests.sections.train import Scheme, Stage
from train.data import features, samples
from train.data.readers import Images, Inputs, Rows
from train.data.samples import Items
from train.data.tfdata import Fitted
from train.fitting.context import Job
from train.model.heads import Network
from train.model.runtime import keras
from train.sample_weights import named, normalised, weigh


def fitted(job: Job, network: Network, stage: Stage) -> Fitted:
    """Inputs, targets and weights of a stage's train images."""
    chosen = items_of(job, stage)
    return Fitted(
        inputs_of(job, network, stage, chosen), samples.targets(chosen, job.recipe), weights_of(job, stage, chosen)
    )


def items_of(job: Job, stage: Stage) -> Items:
    """The train images of a stage, with the recipe's views where the stage has them."""
    augmentation = job.recipe.augmentation if stage.augment else "none"
    return samples.train_items(job.index, job.recipe.images, augmentation, job.cells)


def trains_pixels(job: Job, stage: Stage) -> bool:
    """Whether the backbone learns in a stage; else the head learns from its features."""
    return stage.layers == "all" and not job.train.frozen


def inputs_of(job: Job, network: Network, stage: Stage, chosen: Items) -> Inputs:
    """Photos where the backbone learns, else its features."""
    images = Images(job.shards, chosen.table, chosen.views, job.train.size)
    return images if trains_pixels(job, stage) else Rows(features_of(job, network.backbone, images, chosen))


def features_of(job: Job, backbone: keras.Model, images: Images, chosen: Items) -> np.ndarray:
    """The photos' features; kept where the backbone is a frozen one, which the next run asks for too."""
    folder = job.cache / "embeddings" / features.digest(backbone, job.train) if job.train.frozen else None
    return features.embed(backbone, images, chosen.keys, folder)


def weights_of(job: Job, stage: Stage, chosen: Items) -> np.ndarray:
    """float32 (items, outputs): the stage's weights, for the experts one column an axis."""
    if stage.layers == "experts":
        schemes = [_expert(axis, job.cells) for axis in job.cells.names]
    else:
        schemes = [[named(stage.weights)]]
    columns = []
    with located(f".runs.{job.name}.weights"):
        for factors in schemes:
            raw = np.prod([weigh(scheme, chosen.table, job.cells) for scheme in factors], axis=0)
            columns.append(normalised(factors[0], raw))
    return np.stack(columns, axis=1).astype(np.float32)


def _expert(axis: str, cells: Cells) -> list[Scheme]:
    """An expert's weights: its axis' from 1b times the age's from 1b; for age, those of 1a."""
    if axis == AGE:
        return [Scheme(axes=(AGE,), edges="years")]
    ages = [Scheme(axes=(AGE,))] if AGE in cells.names else []
    return [Scheme(axes=(axis,)), *ages]
