"""Batches as `tf.data`: a whole batch is decoded in one call, in order, into memory that TensorFlow need not copy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from manifests.core import command
from manifests.core.errors import UserError
from train.data.readers import ArrayRows, Inputs
from train.model.runtime import Devices, tf


@dataclass(frozen=True)
class TrainingData:
    """What a stage learns from.

    Attributes:
        inputs: of n images.
        targets: float32 (n, columns), what the loss compares with.
        weights: float32 (n, outputs), of mean 1.
        drawn: gives the inputs of an epoch by its number, where copies are drawn anew in each.
    """

    inputs: Inputs
    targets: np.ndarray
    weights: np.ndarray
    drawn: Callable[[int], Inputs] | None = None


class Feed:
    """The batches of a stage: (inputs, targets, weights), the last two by output where there are several.

    All batches are of one size, so that they split evenly over several devices and compile once. There is one dataset
    for all epochs, as building it takes as long as several steps on features.

    Args:
        data: what the stage learns from.
        outputs: the names of the model's outputs.
        batch: images in each.
        devices: where they are used.
    """

    def __init__(self, data: TrainingData, outputs: list[str], batch: int, devices: Devices) -> None:
        self._cuts = [np.zeros((0, batch), np.int64)]
        held = self._cuts  # all that the function below may refer to, as TensorFlow keeps it for ever
        taken, targets, weights = taking(data.inputs, batch), tf.constant(data.targets), tf.constant(data.weights)

        def labelled(cut: tf.Tensor) -> tuple[Any, ...]:
            target, columns = tf.gather(targets, cut), tf.unstack(tf.gather(weights, cut), axis=1)
            if len(outputs) == 1:
                return taken(cut), target, columns[0]
            return taken(cut), dict.fromkeys(outputs, target), dict(zip(outputs, columns, strict=True))

        def asked(nothing: tf.Tensor) -> tf.data.Dataset:
            # No variable: with deterministic kernels TensorFlow reads a dataset that has one by a single thread.
            cuts = tf.numpy_function(lambda _: held[0], [nothing], tf.int64, stateful=False)
            return tf.data.Dataset.from_tensor_slices(tf.ensure_shape(cuts, (None, batch)))

        dataset = mapped(tf.data.Dataset.from_tensors(0).flat_map(asked), labelled)
        if devices.gpu and len(devices.names) == 1:
            self._dataset = dataset.apply(tf.data.experimental.prefetch_to_device(f"/{devices.names[0]}"))
        else:
            self._dataset = dataset.prefetch(2)

    def epoch(self, rows: np.ndarray) -> tf.data.Dataset:
        """The batches of one epoch, in the order of int64 `rows`; a rest smaller than a batch is left out.

        It is good until the next epoch is asked for.
        """
        batch = self._cuts[0].shape[1]
        self._cuts[0] = rows[: len(rows) // batch * batch].reshape(-1, batch)
        return self._dataset


@contextmanager
def own_errors() -> Iterator[None]:
    """Raise a user's mistake, such as a damaged shard, as a UserError, which tf.data's threads turn into an OpError."""
    try:
        yield
    except tf.errors.OpError as error:
        found = re.search(r"UserError: (.+?): expected (.+?)\. Received (.+?)\. (.+?)\.\n", str(error), re.DOTALL)
        if found is None:
            raise
        raise UserError(*found.groups()) from error


def batches(inputs: Inputs, rows: np.ndarray, batch: int) -> tf.data.Dataset:
    """The inputs alone; the last batch may be smaller."""
    cuts = tf.data.Dataset.from_tensor_slices(rows).batch(batch)
    return mapped(cuts, taking(inputs, None)).prefetch(2)


def taking(inputs: Inputs, batch: int | None) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function of row numbers to their inputs, (batch, *shape)."""
    if isinstance(inputs, ArrayRows):
        if inputs.held is None:  # one for all epochs: TensorFlow keeps what an earlier epoch's function refers to
            inputs.held = tf.constant(inputs.array)
        held = inputs.held
        return lambda cut: tf.gather(held, cut)  # a step on features is too short to go through Python

    def taken(cut: tf.Tensor) -> tf.Tensor:
        made = tf.numpy_function(inputs.take, [cut], inputs.dtype, stateful=False)
        return tf.ensure_shape(made, (batch, *inputs.shape))

    return taken


def mapped(cuts: tf.data.Dataset, taken: Callable[[tf.Tensor], Any]) -> tf.data.Dataset:
    """Map cuts to batches with one thread per processor, in order."""
    options = tf.data.Options()
    options.autotune.enabled = False  # it can stall for a second after an epoch's last batch
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return cuts.map(taken, num_parallel_calls=command.jobs(), deterministic=True).with_options(options)
