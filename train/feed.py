"""Ready batches as `tf.data`: whole batches are handed over, not images, and not copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from train.batches import Inputs, ready
from train.devices import Devices
from train.quiet import tf


@dataclass(frozen=True)
class Fitted:
    """What a stage learns from: inputs, float32 (n, 2) targets, float32 (n, outputs) weights of mean 1."""

    inputs: Inputs
    targets: np.ndarray
    weights: np.ndarray


def epoch(fitted: Fitted, outputs: list[str], rows: np.ndarray, batch: int, devices: Devices) -> tf.data.Dataset:
    """One epoch in the order of `rows`: (inputs, targets, weights), dictionaries by output where there are several.

    All batches are of one size, so that they split evenly over several devices and compile
    once; a smaller rest is left out.
    """
    batch = min(batch, len(rows))
    rows = rows[: len(rows) // batch * batch]
    many = len(outputs) > 1

    def with_labels(cut: np.ndarray, content: np.ndarray) -> tuple[Any, ...]:
        targets, weights = fitted.targets[cut], fitted.weights[cut]
        if not many:
            return content, targets, weights[:, 0]
        return content, dict.fromkeys(outputs, targets), dict(zip(outputs, weights.T, strict=True))

    target, weight = tf.TensorSpec((batch, 2), tf.float32), tf.TensorSpec((batch,), tf.float32)
    labels = (dict.fromkeys(outputs, target), dict.fromkeys(outputs, weight)) if many else (target, weight)
    signature = (tf.TensorSpec((batch, *fitted.inputs.shape), fitted.inputs.dtype), *labels)
    dataset = _dataset(lambda: (with_labels(*pair) for pair in ready(fitted.inputs, rows, batch)), signature)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(rows) // batch))
    if devices.gpu and len(devices.names) == 1:
        return dataset.apply(tf.data.experimental.prefetch_to_device(f"/{devices.names[0]}"))
    return dataset.prefetch(2)


def batches(inputs: Inputs, rows: np.ndarray, batch: int) -> tf.data.Dataset:
    """The inputs alone; the last batch may be smaller."""
    signature = tf.TensorSpec((None, *inputs.shape), inputs.dtype)
    return _dataset(lambda: (content for _, content in ready(inputs, rows, batch)), signature).prefetch(2)


def _dataset(make: Any, signature: Any) -> tf.data.Dataset:
    options = tf.data.Options()
    options.autotune.enabled = False  # it can stall for a second after an epoch's last batch
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return tf.data.Dataset.from_generator(make, output_signature=signature).with_options(options)
