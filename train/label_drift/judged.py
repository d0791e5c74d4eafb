"""One figure per judged image: the residual of each photo, and the drift of each copy, of the probe and of the set."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import AGE, Cells
from train.label_drift import mixes
from train.label_drift.drift import Ladder
from train.label_drift.judge_predictions import Opinions

MOST = 20_000  # copies of the set that are judged


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
    """The rows of photos and of the probe, each kind in order of image_id and copy; see `manifests.tables.judged`.

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
    return pa.concat_tables([_rows(photos, "photo", residual), _rows(probe, "probe", drift)])


def chosen(index: pa.Table, photos: pa.Table) -> pa.Table:
    """The copies of these photos in the shards; of more than MOST, some, evenly spread."""
    own = pc.is_in(index["image_id"].cast(pa.string()), photos["image_id"].cast(pa.string()).combine_chunks())
    copies = index.filter(pc.and_(pc.greater(index["copy"], 0), own))
    if len(copies) <= MOST:
        return copies
    return copies.take(pa.array(np.linspace(0, len(copies) - 1, MOST).astype(np.int64)))


def of_copies(
    of: str, copies: pa.Table, seen: Opinions, photos: pa.Table, held: Opinions, fold: np.ndarray, cells: Cells
) -> pa.Table:
    """The rows of the set's copies; those that no judge can judge fairly have none.

    Args:
        of: `age`, or an axis.
        copies: rows of the shards' index.
        seen: of each, the opinion of a judge that has not seen its photo.
        photos, held: as for `table`.
        fold: int64 (photos,), of the judges.
        cells: the axes.
    """
    expected, known = mixes.changes(copies, photos, held.age, fold)
    own = mixes.parents(copies, photos)[:, 0]
    drift = _opinion(of, copies, seen, cells) - _opinion(of, photos, held, cells)[own]
    drift -= expected if of == AGE else 0.0
    return _rows(copies, "copy", np.where(known, np.nan, drift))


def _opinion(of: str, images: pa.Table, seen: Opinions, cells: Cells) -> np.ndarray:
    """float64 (images,): the perceived age, or the probability of the image's own label."""
    if of == AGE:
        return np.full(len(images), np.nan) if seen.age is None else seen.age
    label = cells.grid()[images["cell"].to_numpy(), cells.names.index(of)]
    return np.asarray(seen.shares[of][np.arange(len(images)), label])


def _rows(images: pa.Table, kind: str, off: np.ndarray) -> pa.Table:
    rows = images.select(["image_id", "copy"]).append_column("kind", pa.array([kind] * len(images), pa.string()))
    rows = rows.append_column("off", pa.array(off, pa.float32())).filter(pa.array(np.isfinite(off)))
    return rows.sort_by([("image_id", "ascending"), ("copy", "ascending")])
