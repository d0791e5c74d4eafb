"""One figure per judged image: the residual of each photo, and the drift of each probed copy."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from manifests.core.cells import AGE, Cells
from train.label_drift.drift import Ladder
from train.label_drift.judge_predictions import Opinions


def label(target: str | None, seen: Opinions) -> str:
    """What the figures are of: the target's axis, else the age, else the first axis that the judge predicts."""
    return target or (AGE if seen.age is not None else next(iter(seen.shares)))


def table(
    of: str,
    photos: pa.Table,
    held: Opinions,
    probe: pa.Table,
    seen: Opinions,
    made: Ladder,
    expected: np.ndarray,
    cells: Cells,
) -> pa.Table:
    """The rows of `manifests.tables.judged`, photos first, each kind in order of image_id and copy.

    Args:
        of: `age`, or an axis.
        photos: originals of train, with labels.
        held: of each photo, the opinion of a judge that has not seen it.
        probe: the probe's index.
        seen: of each of its images, likewise.
        made: the probe; copies that it leaves out have no fair judge.
        expected: float64 (images,), by how many years the perceived age of the probe's images should change.
        cells: the axes.
    """
    wanted = photos["age"].to_numpy(zero_copy_only=False).astype(np.float64) if of == AGE else 1.0
    residual = _opinion(of, photos, held, cells) - wanted
    opinion = _opinion(of, probe, seen, cells) - (expected if of == AGE else 0.0)
    drift = np.full(len(probe), np.nan)
    photo, step = np.nonzero(made.rows >= 0)
    copies = made.rows[photo, step]
    drift[copies] = opinion[copies] - opinion[made.original[photo]]
    return pa.concat_tables([_rows(photos, residual), _rows(probe, drift)])


def _opinion(of: str, images: pa.Table, seen: Opinions, cells: Cells) -> np.ndarray:
    """float64 (images,): the perceived age, or the probability of the image's own label."""
    if of == AGE:
        return np.full(len(images), np.nan) if seen.age is None else seen.age
    label = cells.grid()[images["cell"].to_numpy(), cells.names.index(of)]
    return np.asarray(seen.shares[of][np.arange(len(images)), label])


def _rows(images: pa.Table, off: np.ndarray) -> pa.Table:
    known = pa.array(np.isfinite(off))
    rows = images.select(["image_id", "copy"]).append_column("off", pa.array(off, pa.float32())).filter(known)
    return rows.sort_by([("image_id", "ascending"), ("copy", "ascending")])
