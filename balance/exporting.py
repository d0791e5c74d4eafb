"""The plan as one row per train photo: copies, a sampling weight and a loss weight, for any trainer, without pixels."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import Cells


def rows(tasks: pa.Table, source: pa.Table, cells: Cells) -> pa.Table:
    """Weigh each train photo that the plan could use.

    `sampling_weight` is the photo's images in the balanced set: drawing photos in proportion to it gives the
    plan's shares in expectation. `loss_weight` is its cell's target over the cell's photos, scaled to mean 1: the
    same shares, spread evenly over the photos of a cell, in a loss that sees each photo once.

    Args:
        tasks: the tasks table.
        source: the source table.
        cells: the axes.
    Returns:
        in order of path: `path`, `image_id`, `age`, the axes' columns, `kept`, `copies`, `sampling_weight` and
        `loss_weight`.
    """
    train = tasks.filter(pc.equal(tasks["split"].cast(pa.string()), "train"))
    ids, photo = np.unique(np.asarray(train["image_id"].to_pylist(), dtype=np.str_), return_inverse=True)
    copy = train["copy"].to_numpy()
    kept = train["kept"].to_numpy(zero_copy_only=False)
    stays = np.bincount(photo, weights=kept & (copy == 0), minlength=len(ids)).astype(np.int64)
    copies = np.bincount(photo, weights=copy > 0, minlength=len(ids)).astype(np.int64)
    at = pc.index_in(pa.array(ids.tolist(), pa.string()), value_set=source["image_id"].combine_chunks())
    photos = source.select(["path", "image_id", "age", "cell", *cells.columns]).take(at)
    cell = photos["cell"].to_numpy()
    target = np.bincount(cell, weights=stays + copies, minlength=len(cells))
    loss = target[cell] / np.bincount(cell, minlength=len(cells))[cell]
    made = {
        **{name: photos[name] for name in ("path", "image_id", "age")},
        **{name: photos[name].cast(pa.string()) for name in cells.columns},
        "kept": pa.array(stays > 0),
        "copies": pa.array(copies, pa.int32()),
        "sampling_weight": pa.array((stays + copies).astype(np.float64)),
        "loss_weight": pa.array(loss / loss.mean() if len(loss) else loss),
    }
    return pa.table(made).sort_by("path").combine_chunks()
