"""TensorFlow and Keras without their start-up messages, and the devices that they use.

All of `train/` imports them from here, as no setting of theirs turns the messages off.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from manifests.core import command


@contextmanager
def _without_messages() -> Iterator[None]:
    """Discard file descriptor 2 meanwhile: the messages do not pass through Python's `sys.stderr`."""
    sys.stderr.flush()
    kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
with _without_messages():
    import tensorflow as tf  # noqa: I001
    import keras
    from keras import layers, ops

THREADS = 2  # what the committed figures were made with

__all__ = ["keras", "layers", "ops", "tf"]


@dataclass(frozen=True)
class Devices:
    """How to train on the available devices.

    Attributes:
        strategy: one device, or mirrored over several.
        names: the devices, such as `/CPU:0`.
        gpu: whether they are GPUs; then mixed precision and prefetching to the device are on.
    """

    strategy: tf.distribute.Strategy
    names: tuple[str, ...]
    gpu: bool


def prepare(seed: int, threads: int = THREADS) -> Devices:
    """Seed everything, ask for deterministic kernels, and choose the strategy by the devices.

    Without a GPU a computation is split among so many `threads`, however many processors there are and whatever
    `N_JOBS` says: the order of a sum, and with it the last digits of what a network learns, depends on their number.
    Who wants more sets TensorFlow's own `TF_NUM_INTRAOP_THREADS`.
    """
    tf.get_logger().setLevel("ERROR")  # it warns of functions that are traced anew; each network needs its own
    gpus = tf.config.list_physical_devices("GPU")
    _set_threads(command.jobs() if gpus else command.whole_number("TF_NUM_INTRAOP_THREADS") or threads)
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    seed_all(seed)
    tf.config.experimental.enable_op_determinism()
    keras.mixed_precision.set_global_policy("mixed_float16" if gpus else "float32")
    return over(tf.config.list_logical_devices("GPU" if gpus else "CPU"))


def over(logical: list[tf.config.LogicalDevice]) -> Devices:
    """Mirror over the devices given, or use the one."""
    names = tuple(device.name.removeprefix("/device:") for device in logical)
    gpu = bool(logical) and logical[0].device_type == "GPU"
    if len(names) > 1:
        return Devices(tf.distribute.MirroredStrategy([f"/{name}" for name in names]), names, gpu)
    return Devices(tf.distribute.get_strategy(), names, gpu)


def seed_all(seed: int) -> None:
    """Seed Python, NumPy, TensorFlow and Keras, so that weights are drawn alike."""
    keras.utils.set_random_seed(seed % 2**32)


def _set_threads(threads: int) -> None:
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:  # a process that has already computed keeps its threads
        return
