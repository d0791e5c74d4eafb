"""Divide the train photos into folds: no judge is trained on a photo that it judges, or on a near duplicate."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core import command
from manifests.core.errors import UserError
from manifests.core.seeds import derive
from manifests.scanning import near_duplicates
from manifests.scanning.photos import SIDE
from manifests.scanning.subjects import joined
from train.data.readers import Inputs, ready
from train.data.samples import Samples

_BLOCK = 256  # photos decoded at once


def of(photos: Samples, pixels: Inputs, source: pa.Table, folds: int, seed: int) -> np.ndarray:
    """int64 (photos,): the fold of each original train photo.

    Args:
        photos: those.
        pixels: the same, uint8, of any size.
        source: the source table, whose subjects always share a fold.
        folds: how many.
        seed: of params.yaml.
    """
    ids = photos.table["image_id"]
    at = pc.index_in(ids, value_set=source["image_id"].combine_chunks())
    pairs = [*same(source["subject"].combine_chunks().take(at).to_pylist()), *alike(pixels)]
    return assign(ids.to_pylist(), photos.table["cell"].to_numpy(), pairs, folds, seed)


def shown(photos: Samples, probe: pa.Table) -> np.ndarray:
    """int64 (images,): the position of the photo that each image of the probe shows.

    Raises:
        UserError: one that is not among them.
    """
    at = pc.index_in(probe["image_id"], value_set=photos.table["image_id"].combine_chunks())
    if at.null_count:
        missing = probe["image_id"].filter(pc.is_null(at))[0].as_py()
        raise UserError("probe: image_id", "train photos of the shards", missing, "Run `python -m augment.probe` again")
    return np.asarray(at.to_numpy(), np.int64)


def assign(
    image_ids: Sequence[str], cell: np.ndarray, together: Sequence[tuple[int, int]], folds: int, seed: int
) -> np.ndarray:
    """Assign groups of photos to the folds in turn, cell by cell, so that the folds have equal shares of every cell.

    Args:
        image_ids: the photos.
        cell: int (photos,), joint cells.
        together: pairs of photos that always share a fold.
        folds: how many, 2 or more.
        seed: of params.yaml.
    Returns:
        int64 (photos,), each photo's fold; the same for every order of the photos.
    Raises:
        UserError: all photos belong together, so that no judge could be trained without them.
    """
    group = joined(len(image_ids), together)
    first: dict[int, tuple[int, int, int]] = {}
    for photo, image_id in enumerate(image_ids):
        key = (int(cell[photo]), derive(seed, image_id, 0, 0), int(group[photo]))
        first[key[2]] = min(key, first.get(key[2], key))
    if len(first) < 2:
        raise UserError("train photos", "two or more that are not of one subject", len(first), "Add photos of others")
    fold = {key[2]: turn % folds for turn, key in enumerate(sorted(first.values()))}
    return np.array([fold[one] for one in group.tolist()], np.int64)


def alike(photos: Inputs) -> list[tuple[int, int]]:
    """Pairs of photos that are one photo, cropped or compressed again; see `manifests.scanning.near_duplicates`."""
    greys = np.zeros((len(photos), SIDE, SIDE), np.uint8)
    for rows, pixels in ready(photos, np.arange(len(photos)), _BLOCK):
        for row, image in zip(rows, pixels, strict=True):
            grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
            greys[row] = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return alike_greys(greys)


def alike_greys(greys: np.ndarray) -> list[tuple[int, int]]:
    """The same for thumbnails, uint8 (photos, SIDE, SIDE)."""
    return [(one, other) for one, other in near_duplicates.within(greys, command.jobs()).tolist()]


def same(names: Sequence[str | None]) -> list[tuple[int, int]]:
    """Pairs of photos of the same name, such as a subject; None is nobody's."""
    first: dict[str, int] = {}
    return [(first[name], at) for at, name in enumerate(names) if name and first.setdefault(name, at) != at]
