"""Judges of our own: cross-fitted models of the original train photos alone.

One model per fold of photos, with one output for the age, as a distribution over 0 to 100 years,
and one for each other axis. A photo and all its copies are judged by the model that was trained
without its fold (Chernozhukov et al. 2018, "Double/debiased machine learning", on cross-fitting).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from manifests.core import command
from manifests.core.cells import AGE, Cells
from manifests.sections.train import Train
from train.data import features, tfdata
from train.data.readers import ArrayRows, Images, Inputs, order
from train.data.samples import Samples
from train.label_drift.judge_predictions import Opinions, asked
from train.model import backbones
from train.model.losses import soft_labels
from train.model.runtime import keras, layers, ops, seed_all, tf
from train.targets import AGES, NARROWEST

SIZE = 96  # pixels, at most, of a judge that learns from pixels
NAME = "a cross-fitted judge"
HEAD, DROPOUT, RATE = (128,), 0.2, 2e-3
ASKED = 256  # images judged at once
SPREAD = 3.0  # years, of the soft label where the raters' is not known


@dataclass(frozen=True)
class Bench:
    """What the judges are trained on and what they judge.

    Attributes:
        photos: the original train photos, or their features.
        images: sets of images to judge, or of their features.
        train: the section of a judge's own small network; None where the inputs are features.
        labels: output -> its labels, as `_labels` makes them.
        units: output -> its width.
        batch: photos per step.
    """

    photos: Inputs
    images: tuple[Inputs, ...]
    train: Train | None
    labels: dict[str, np.ndarray]
    units: dict[str, int]
    batch: int


def bench(
    train: Train, photos: tuple[Samples, Path], judged: Sequence[tuple[Samples, Path]], cells: Cells, cache: Path
) -> Bench:
    """Look the inputs up: features of the pretrained backbone, computed once, else pixels for small networks.

    Args:
        train: the section.
        photos: the original train photos, and their shards' folder.
        judged: sets of images to judge, and theirs.
        cells: the axes.
        cache: where features are kept.
    """
    pretrained = train.weights != "none"
    if not pretrained:
        train = train.model_copy(update={"backbone": backbones.SMALL, "size": min(train.size, SIZE)})
    every = (photos, *judged)
    pixels = [Images(folder, samples.table, samples.views, train.size) for samples, folder in every]
    labels = _labels(photos[0], cells)
    units = {name: AGES if name == AGE else len(cells[name].values) for name in labels}
    if not pretrained:
        return Bench(pixels[0], tuple(pixels[1:]), train, labels, units, train.batch)
    backbone = backbones.build(train)
    folder = cache / "features" / features.fingerprint(backbone, train)
    inputs = [
        ArrayRows(features.extract(backbone, images, samples.keys, folder))
        for images, (samples, _) in zip(pixels, every, strict=True)
    ]
    return Bench(inputs[0], tuple(inputs[1:]), None, labels, units, train.batch)


def _labels(photos: Samples, cells: Cells) -> dict[str, np.ndarray]:
    """For the age float32 (photos, 2), years and its soft label's spread; for an axis int32 (photos,)."""
    labels: dict[str, np.ndarray] = {}
    if not np.isnan(photos.age).any():
        spread = photos.table["age_std"].to_numpy().astype(np.float64)
        spread = np.where(np.isnan(spread), SPREAD, np.maximum(spread, NARROWEST))
        labels[AGE] = np.stack([photos.age, spread], axis=1).astype(np.float32)
    position = cells.grid()[photos.table["cell"].to_numpy()]
    for axis in asked(cells):
        labels[axis.name] = position[:, cells.names.index(axis.name)].astype(np.int32)
    return labels


def judge(made: Bench, fold: np.ndarray, of: Sequence[np.ndarray], epochs: int, seed: int) -> list[Opinions]:
    """Train one judge per fold, and let it judge what it was not trained on.

    Args:
        made: the bench.
        fold: int64 (photos,), each photo's fold.
        of: for each set of images int64 (images,), the photo that each shows.
        epochs: passes over the photos.
        seed: of params.yaml.
    Returns:
        opinions of the photos, and of each set of images.
    """
    width = sum(made.units.values())
    every, held_of = (made.photos, *made.images), (fold, *(fold[one] for one in of))
    seen = [np.zeros((len(inputs), width), np.float32) for inputs in every]
    numbers = np.unique(fold)
    others = int((fold != numbers[0]).sum())
    one = _Judge(made, epochs * (others // min(made.batch, others)))
    with command.progress(len(numbers), "judges", "fold") as bar:
        for number in numbers.tolist():
            one.learn(np.flatnonzero(fold != number), epochs, seed + number)
            for target, inputs, held in zip(seen, every, held_of, strict=True):
                rows = np.flatnonzero(held == number)
                target[rows] = one.outputs(inputs, rows)
            bar.update(1)
    return [_opinions(one, made.units) for one in seen]


class _Judge:
    """One network, drawn anew for each fold, so that its graphs are traced once."""

    def __init__(self, made: Bench, steps: int) -> None:
        self._bench = made
        self._network = _network(made)
        self._optimiser = keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(RATE, steps))
        losses = {name: soft_labels if name == AGE else "sparse_categorical_crossentropy" for name in made.units}
        self._network.compile(self._optimiser, losses, jit_compile=False)
        self._optimiser.build(self._network.trainable_variables)
        self.outputs = features.forward(keras.Model(self._network.inputs, _joined(self._network)), ASKED)

    def learn(self, rows: np.ndarray, epochs: int, seed: int) -> None:
        """Train from scratch on the photos at int64 (n,) rows, with a learning rate that falls as half a cosine."""
        seed_all(seed)
        for old, new in zip(self._network.variables, _network(self._bench).variables, strict=True):
            old.assign(new)
        for variable in self._optimiser.variables:
            variable.assign(ops.zeros_like(variable))
        made = self._bench
        batch = min(made.batch, len(rows))
        whole = len(rows) // batch * batch  # an epoch's rest is left out, as in `train.data.tfdata`
        drawn = [rows[order(len(rows), seed, epoch)][:whole] for epoch in range(epochs)]
        taken, labels = tfdata.taking(made.photos, batch), {k: tf.constant(one) for k, one in made.labels.items()}

        def labelled(cut: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
            return taken(cut), {name: tf.gather(label, cut) for name, label in labels.items()}

        cuts = tf.data.Dataset.from_tensor_slices(np.concatenate(drawn).reshape(-1, batch))
        self._network.fit(tfdata.mapped(cuts, labelled).prefetch(2), verbose=0, shuffle=False)


def _network(made: Bench) -> keras.Model:
    """From pixels or features to {output: softmax}."""
    if made.train is None:
        inputs = hidden = keras.Input(made.photos.shape)
    else:
        trunk = backbones.build(made.train)
        inputs, hidden = trunk.inputs, trunk.outputs[0]
    for width in HEAD:
        hidden = layers.Dropout(DROPOUT)(hidden)
        hidden = layers.Dense(width, activation="relu")(hidden)
    outputs = {
        name: layers.Dense(units, activation="softmax", dtype="float32", name=name)(hidden)
        for name, units in made.units.items()
    }
    return keras.Model(inputs, outputs)


def _joined(model: keras.Model) -> Any:
    outputs = list(model.output.values())
    return layers.Concatenate()(outputs) if len(outputs) > 1 else outputs[0]


def _opinions(outputs: np.ndarray, units: dict[str, int]) -> Opinions:
    ends = np.cumsum(list(units.values()))
    parts = dict(zip(units, np.split(outputs.astype(np.float64), ends[:-1], axis=1), strict=True))
    distribution = parts.pop(AGE, None)
    return Opinions(None if distribution is None else distribution @ np.arange(AGES), parts)
