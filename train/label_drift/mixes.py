"""Copies that are mixed from two photos: what their age should be, and which of them a judge may judge."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.sections.policies import MIXED
from train.label_drift.drift import Ladder


def parents(probe: pa.Table, photos: pa.Table) -> np.ndarray:
    """int64 (images, 2): the positions of each image's photo and of its donor, or the photo again without one."""
    ids = photos["image_id"].combine_chunks()
    own, donor = (pc.index_in(probe[name].combine_chunks(), value_set=ids) for name in ("image_id", "donor"))
    donor = pc.if_else(pc.is_valid(donor), donor, own)
    return np.stack([one.to_numpy(zero_copy_only=False) for one in (own, donor)], axis=1).astype(np.int64)


def labelled(made: Ladder, probe: pa.Table) -> np.ndarray:
    """float64 (images,), years by which each copy's label differs from its original's; nothing else is known."""
    ages = probe["age"].cast(pa.float64()).fill_null(np.nan).to_numpy()
    expected = np.zeros(len(probe))
    for rows in made.rows.T:
        there = rows >= 0
        expected[rows[there]] = np.nan_to_num(ages[rows[there]] - ages[made.original[there]])
    return expected


def fair(
    made: Ladder, probe: pa.Table, photos: pa.Table, ages: np.ndarray | None, fold: np.ndarray
) -> tuple[Ladder, np.ndarray]:
    """Leave out the mixes that a judge has seen a parent of, and say by how much the others should change.

    A judge has seen neither parent where both are of one fold. The measure is the judge's own: what it thinks of the
    donor and of the photo, each by the judge that has not seen it, so that its own bias counts for nothing.

    Args:
        made: the probe.
        probe: its index.
        photos: the original train photos.
        ages: float64 (photos,), the age that a judge sees in each; None from one that predicts no ages.
        fold: int64 (photos,).
    Returns:
        the probe without those copies, at most one mix per photo, and float64 (images,), years.
    """
    expected, seen = changes(probe, photos, ages, fold)
    rows = made.rows.copy()
    rows[(rows >= 0) & seen[rows]] = -1
    return merged(replace(made, rows=rows)), expected


def changes(
    images: pa.Table, photos: pa.Table, ages: np.ndarray | None, fold: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What a mix should change, and whom a judge has seen, as `fair` says.

    Args:
        images: rows of an index.
        photos, ages, fold: as for `fair`.
    Returns:
        float64 (images,), years; bool (images,), whether its judge has seen the donor of a mix.
    """
    of, expected, seen = parents(images, photos), np.zeros(len(images)), np.zeros(len(images), bool)
    mixed = np.flatnonzero(images["policy"].cast(pa.string()).to_numpy(zero_copy_only=False) == MIXED)
    shares = [json.loads(replay)[MIXED]["amount"] for replay in images["replay"].take(pa.array(mixed)).to_pylist()]
    if ages is not None:
        expected[mixed] = np.array(shares) * (ages[of[mixed, 1]] - ages[of[mixed, 0]])
    seen[mixed] = fold[of[mixed, 0]] != fold[of[mixed, 1]]
    return expected, seen


def merged(made: Ladder) -> Ladder:
    """Of several mixes of a photo, with as many donors, the first one that is there."""
    columns = [at for at, (policy, _) in enumerate(made.steps) if policy == MIXED]
    if len(columns) < 2:
        return made
    ours = made.rows[:, columns]
    rows = made.rows.copy()
    rows[:, columns[0]] = ours[np.arange(len(ours)), (ours >= 0).argmax(axis=1)]
    stay = np.setdiff1d(np.arange(len(made.steps)), columns[1:])
    return replace(made, steps=[made.steps[at] for at in stay.tolist()], rows=rows[:, stay])
