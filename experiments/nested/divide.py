"""Which photos a nested cross-validation uses, and their folds; near duplicates share one, and so does a subject."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experiments.nested.trial import Folds
from manifests.core import command
from manifests.core.places import place
from manifests.scanning import photos
from manifests.scanning.photos import CheckedPhoto, SizeLimits
from manifests.sections.source import Source
from train.label_drift import folds


def pool(table: pa.Table) -> pa.Table:
    """The labelled train and valid photos of the source table, each photo once, in order of image_id.

    Near duplicates of test photos are left out; those among train and valid share a fold instead.
    """
    test = set(table.filter(pc.equal(table["split"].cast(pa.string()), "test"))["image_id"].to_pylist())
    wanted = pc.and_(pc.greater_equal(table["cell"], 0), pc.not_equal(table["split"].cast(pa.string()), "test"))
    rows = table.filter(wanted)
    clear = [near not in test for near in rows["near_of"].to_pylist()]
    return rows.filter(pa.array(clear)).sort_by("image_id")


def folds_of(wanted: Folds, chosen: pa.Table, section: Source, seed: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Divide the photos, each fold with an equal share of every joint cell.

    Args:
        wanted: how many folds.
        chosen: the photos, rows of the source table.
        section: where the files are.
        seed: of the parameter file.
    Returns:
        int64 (photos,), the outer folds; and for each of them int64 (photos,), the inner folds of its train photos,
        -1 for the photos that it scores.
    """
    ids, cell, together = chosen["image_id"].to_pylist(), chosen["cell"].to_numpy(), _together(chosen, section)
    outer = folds.assign(ids, cell, together, wanted.outer, seed)
    inner = []
    for number in range(wanted.outer):
        rows = np.flatnonzero(outer != number)
        at = {int(row): position for position, row in enumerate(rows)}
        pairs = [(at[a], at[b]) for a, b in together if a in at and b in at]
        fold = np.full(len(ids), -1)
        fold[rows] = folds.assign([ids[row] for row in rows], cell[rows], pairs, wanted.inner, seed + 1 + number)
        inner.append(fold)
    return outer, inner


def _together(chosen: pa.Table, section: Source) -> list[tuple[int, int]]:
    """Pairs of photos that are near duplicates, or of one subject."""
    limits = SizeLimits(section.max_bytes, section.max_pixels)
    seen = photos.check_all(place(section.root), chosen["path"].to_pylist(), limits, command.jobs())
    blank = np.zeros((photos.SIDE,) * 2, np.uint8)
    greys = np.stack([one.grey if isinstance(one, CheckedPhoto) else blank for one in seen])
    return folds.alike_greys(greys) + folds.same(chosen["subject"].to_pylist()) + _scanned(chosen)


def _scanned(chosen: pa.Table) -> list[tuple[int, int]]:
    """The pairs of a train and a valid photo that the scan has found."""
    ids = {image_id: row for row, image_id in enumerate(chosen["image_id"].to_pylist())}
    pairs = zip(ids.values(), chosen["near_of"].to_pylist(), strict=True)
    return [(row, ids[near]) for row, near in pairs if near in ids]
