"""What a stage learns from: its samples, their pixels or features, and the sample weights."""

from __future__ import annotations

import gc

import numpy as np

from manifests.core.cells import AGE, Cells
from manifests.core.errors import located
from manifests.sections.methods import Scheme
from manifests.sections.recipe import ImageSet, Stage
from train.data import features, samples
from train.data.online import Online
from train.data.readers import ArrayRows, Images, Inputs
from train.data.samples import Samples
from train.data.tfdata import TrainingData
from train.fitting.context import RunContext, StageContext
from train.model.runtime import keras
from train.sample_weights import named, normalised, weigh


def training_data(at: StageContext) -> TrainingData:
    """Inputs, targets and weights of a stage's train images."""
    gc.collect()  # an earlier stage's or repeat's maps, which may be gigabytes: TensorFlow's datasets hold one another
    chosen = samples_of(at.run, at.stage)
    targets = at.run.wanted(chosen)
    if at.run.recipe.dro is not None:
        with located(f".runs.{at.run.name}.recipe"):
            targets = np.column_stack([targets, samples.groups(chosen, at.run.recipe.dro.axes, at.run.cells)])
    weights = sample_weights_of(at.run, at.stage, chosen)
    if images_of(at.run, at.stage) != "online":
        return TrainingData(inputs_of(at, chosen), targets, weights)
    photos = samples.originals(at.run.index)
    online, keys = Online(at.run.shards, chosen, photos, at.run.train.size, 0), list(map(str, range(len(chosen))))
    return TrainingData(online, targets, weights, lambda epoch: _seen(at, online.of(epoch), keys))


def samples_of(run: RunContext, stage: Stage) -> Samples:
    """The train images of a stage, with the recipe's views where the stage has them."""
    augmentation = run.recipe.augmentation if stage.augment else "none"
    return samples.train_samples(run.index, images_of(run, stage), augmentation, run.cells)


def images_of(run: RunContext, stage: Stage) -> ImageSet:
    """The stage's own images, or else the run's."""
    return stage.images or run.recipe.images


def inputs_of(at: StageContext, chosen: Samples) -> Inputs:
    """Photos where the whole backbone learns; what a part of it, or the last layer, receives; else the features."""
    return _seen(at, Images(at.run.shards, chosen.table, chosen.views, at.run.train.size), chosen.keys)


def _seen(at: StageContext, images: Images, keys: list[str]) -> Inputs:
    """What the stage's layers receive of the images."""
    if at.trains_pixels:
        return images
    kept = not isinstance(images, Online)  # those of an epoch are never seen again
    if at.cut is not None:
        return ArrayRows(_outputs(at.run, at.cut.below, images, keys, kept))
    rows = ArrayRows(_outputs(at.run, at.network.backbone, images, keys, kept and _as_given(at)))
    if at.stage.layers == "last":
        rows = ArrayRows(features.forward(at.network.hidden, 256)(rows, np.arange(len(rows))))
    return rows


def _as_given(at: StageContext) -> bool:
    """Whether the backbone still has its pretrained weights, so that another run will need the same features."""
    first = at.stage is at.run.recipe.stages[0] and at.run.start is None and at.run.train.weights != "none"
    return at.run.train.frozen or first


def features_of(run: RunContext, backbone: keras.Model, images: Images, chosen: Samples) -> np.ndarray:
    """The photos' features; kept on disk where the backbone is frozen, as the next run needs the same ones."""
    return _outputs(run, backbone, images, chosen.keys, run.train.frozen)


def _outputs(run: RunContext, model: keras.Model, images: Images, keys: list[str], kept: bool) -> np.ndarray:
    folder = run.cache / "features" / features.fingerprint(model, run.train) if kept else None
    return features.extract(model, images, keys, folder)


def sample_weights_of(run: RunContext, stage: Stage, chosen: Samples) -> np.ndarray:
    """float32 (samples, outputs): the stage's weights; for the experts one column per axis."""
    if stage.layers == "experts":
        schemes = [_expert(axis, run.cells) for axis in run.cells.names]
    else:
        schemes = [[named(stage.weights)]]
    columns, target = [], samples.target(run.index, run.cells)
    with located(f".runs.{run.name}.weights"):
        for factors in schemes:
            raw = np.prod([weigh(scheme, chosen.table, run.cells, target) for scheme in factors], axis=0)
            columns.append(normalised(factors[0], raw))
    return np.stack(columns, axis=1).astype(np.float32)


def _expert(axis: str, cells: Cells) -> list[Scheme]:
    """An expert's weights: its axis' from 1b times the age's from 1b; for age, those of 1a."""
    if axis == AGE:
        return [Scheme(axes=(AGE,), edges="years")]
    ages = [Scheme(axes=(AGE,))] if AGE in cells.names else []
    return [Scheme(axes=(axis,)), *ages]
