"""Copies drawn anew in each epoch, by the renderer's own policies and kernels, in the reader's threads.

What every deep-learning framework does while it trains, and so what images that were rendered once compete with.
Nothing is written, and no quality gate looks at a copy.
"""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pyarrow as pa

from augment.kernels import ops
from augment.kernels.draws import Draws
from augment.kernels.policies import CATALOGUE
from manifests.core import codec, seeds
from manifests.core.errors import UserError
from manifests.sections.policies import ON_FACES
from manifests.tables.tasks import ORIGINAL
from train.data.readers import Images, fit
from train.data.samples import Samples
from train.data.views import VIEWS

Place = tuple[str, int, int]  # shard, offset and size in bytes


class Online(Images):
    """The plan's images in one epoch: originals as they are, copies with that epoch's parameters.

    A copy's randomness belongs to it and to the epoch: it follows from its seed in the index and the epoch's number.

    Args:
        folder: where the shards lie.
        chosen: rows of `samples.train_samples` of `online` images, that is, each copy's row with its photo's place.
        originals: the index's rows of train originals, among which the donors are.
        size: width and height to deliver, in pixels.
        epoch: its number.
    Raises:
        UserError: a policy needs landmarks, or is a pipeline of albumentations; only the render stage has those.
    """

    def __init__(self, folder: Path, chosen: Samples, originals: pa.Table, size: int, epoch: int) -> None:
        super().__init__(folder, chosen.table, chosen.views, size)
        for name in sorted(set(chosen.table["policy"].to_pylist()) - {ORIGINAL}):
            if name in ON_FACES or name not in CATALOGUE:
                rule = "policies that need no landmarks and are none of the user's own, for images: online"
                raise UserError("params.yaml: policies", rule, repr(name), "Plan without it, or take images: balanced")
        columns = (chosen.table[name].to_pylist() for name in ("copy", "policy", "severity", "seed", "donor"))
        self._copies, self.epoch = list(zip(*columns, strict=True)), epoch
        places = zip(*(originals[name].to_pylist() for name in ("shard", "offset", "size")), strict=True)
        self._photos: dict[str, Place] = dict(zip(originals["image_id"].to_pylist(), places, strict=True))

    def of(self, epoch: int) -> Online:
        """The images of another epoch; both use the same memory, which TensorFlow would else keep for each epoch."""
        made = copy.copy(self)
        made.epoch = epoch
        return made

    def fill(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Decode the rows and draw their copies: uint8 (rows, size, size, 3).

        Raises:
            UserError: a shard is missing or damaged.
        """
        for target, row in zip(out, rows.tolist(), strict=True):
            number, policy, severity, seed, donor = self._copies[row]
            if number == 0:
                super().fill(np.array([row]), target[None])
                continue
            drawn = CATALOGUE[policy].draw(Draws(seeds.derive(seed, "epoch", self.epoch)), severity)
            other = None if donor is None else self._decoded(self._photos[donor])
            made = ops.apply(self._decoded(self.place(row)), drawn, other)
            target[...] = VIEWS[self.views[row]](fit(made[..., :3], self.shape[0]))

    def _decoded(self, place: Place) -> np.ndarray:
        """uint8 (height, width, 4), RGBX."""
        try:
            return codec.decode(self._shards.read(*place), "RGBX")
        except codec.Undecodable as error:
            where = f"{self._shards.folder / place[0]} at byte {place[1]}"
            raise UserError(where, "a photo", error, "Run `python -m augment.render` again") from error
