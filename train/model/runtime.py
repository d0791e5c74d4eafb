"""Import TensorFlow and Keras without their start-up notes, which no setting of theirs turns off.

Everything of `train/` that needs them takes them from here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without_notes() -> Iterator[None]:
    """Point file descriptor 2 at nothing meanwhile: the notes are written below Python's `sys.stderr`."""
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
with _without_notes():
    import tensorflow as tf  # noqa: I001
    import keras
    from keras import layers, ops

__all__ = ["keras", "layers", "ops", "tf"]
