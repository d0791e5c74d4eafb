"""How long an image takes, in training and in prediction."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from manifests.tables.times import Times
from train.model.runtime import keras

PHOTOS = 16  # a batch of the exported model


@dataclass
class Clock:
    """Milliseconds per image of each epoch that was trained; a stage's first one, which compiles, apart."""

    first: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)

    @contextmanager
    def timing(self, images: int, first: bool) -> Iterator[None]:
        """Time an epoch of so many images."""
        start = time.perf_counter()
        yield
        (self.first if first else self.later).append(1000 * (time.perf_counter() - start) / images)

    @property
    def train(self) -> float | None:
        """The median epoch's; None where none was trained."""
        epochs = self.later or self.first
        return median(epochs) if epochs else None


def times(clocks: Sequence[Clock], model: keras.Model, size: int, devices: tuple[str, ...]) -> Times:
    """The times of a run.

    Args:
        clocks: of its repeats.
        model: as it is exported.
        size: of the photos that it is timed with, which need no resizing.
        devices: their names.
    """
    known = [clock.train for clock in clocks if clock.train is not None]
    photos = np.random.default_rng(0).integers(0, 256, (PHOTOS, size, size, 3), np.uint8)
    took = []
    for _ in range(3):  # the first call builds what the others use
        start = time.perf_counter()
        model.predict_on_batch(photos)
        took.append(1000 * (time.perf_counter() - start) / PHOTOS)
    return Times(train=round(median(known), 3) if known else None, test=round(min(took[1:]), 3), devices=devices)
