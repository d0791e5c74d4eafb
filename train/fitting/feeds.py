"""The batches of each epoch: from one dataset, or from a new one where images are drawn or mixed anew."""

from __future__ import annotations

import gc
from dataclasses import replace

import numpy as np

from manifests.core import seeds
from train.data.mixup import mixed
from train.data.readers import ArrayRows
from train.data.tfdata import Feed, TrainingData
from train.fitting.context import StageContext
from train.model.runtime import tf


class Feeds:
    """The batches of a stage's epochs.

    Args:
        at: the stage.
        data: the train images.
        batch: images per step.
    """

    def __init__(self, at: StageContext, data: TrainingData, batch: int) -> None:
        self._at, self._data, self._batch = at, data, batch
        self._mixes = at.run.recipe.mixup is not None and (data.drawn is not None or isinstance(data.inputs, ArrayRows))
        self._feed: Feed | None = None

    def epoch(self, number: int, rows: np.ndarray) -> tf.data.Dataset:
        """The batches of one epoch, in the order of int64 `rows`; good until the next epoch is asked for."""
        if self._feed is None or self._mixes or self._data.drawn is not None:
            self._feed = None
            if self._data.drawn is not None:
                gc.collect()  # the last epoch's maps, which may be gigabytes: TensorFlow's datasets hold one another
            self._feed = Feed(self._made(number), list(self._at.model.output_names), self._batch, self._at.run.devices)
        return self._feed.epoch(rows)

    def _made(self, number: int) -> TrainingData:
        """What an epoch learns from; a mixture is a function of the seed and the epoch's number."""
        drawn, mixup = self._data.drawn, self._at.run.recipe.mixup
        data = self._data if drawn is None else replace(self._data, inputs=drawn(number))
        if mixup is None or not isinstance(data.inputs, ArrayRows):
            return data
        rng = seeds.generator(seeds.derive(self._at.seed, "mixup", number, 0))
        return mixed(data, data.inputs.array, mixup.bandwidth, mixup.alpha, rng)
