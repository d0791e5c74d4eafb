"""Which images a stage trains on, in which view, and their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import AGE, Cells
from manifests.core.errors import UserError
from manifests.tables.index import positions
from train.data.views import PLAIN, extra
from train.targets import YEARS, Target

PLACE = ("path", "shard", "offset", "size", "sha256")  # where an image's bytes are, and what they are


@dataclass(frozen=True)
class Samples:
    """Index rows, each in one view.

    Attributes:
        table: rows of the index.
        views: the name of each row's view.
    """

    table: pa.Table
    views: list[str]

    def __len__(self) -> int:
        return len(self.views)

    @property
    def keys(self) -> list[str]:
        """What identifies each sample's pixels: the SHA-256 of the bytes, and the view."""
        return [f"{sha}/{view}" for sha, view in zip(self.table["sha256"].to_pylist(), self.views, strict=True)]

    @property
    def age(self) -> np.ndarray:
        """float64 (samples,), years; NaN without a label."""
        return YEARS.truth(self.table)


def train_samples(index: pa.Table, images: str, augmentation: str, cells: Cells) -> Samples:
    """Choose the train images of a run, in order of image_id and copy, plus the recipe's views.

    Args:
        index: the index's rows.
        images: `original`; `balanced`, what the plan keeps and adds; or `repeated`, the same with each copy replaced
            by its original, which may lie in a shard of dropped photos; or `online`, the same with each copy's own
            labels, policy and seed, from which it is drawn anew in each epoch.
        augmentation: of the recipe.
        cells: the axes.
    Raises:
        UserError: there is no such image, or the original of a copy is not in the index.
    """
    wanted = pc.field("copy") == 0 if images == "original" else pc.field("kept")
    table = _train_rows(index, wanted)
    if images in ("repeated", "online"):
        photos = _originals(table["image_id"], originals(index))
        for name in PLACE if images == "online" else table.column_names:
            table = table.set_column(table.column_names.index(name), name, photos[name])
    if not len(table):
        raise UserError(
            "index.parquet", f"train photos of the {images} images", "none", "Look at quarantine.parquet and the plan"
        )
    return augmented(plain(table), augmentation, cells)


def originals(index: pa.Table) -> pa.Table:
    """The index's rows of train originals, kept or dropped."""
    return _train_rows(index, pc.field("copy") == 0)


def _train_rows(index: pa.Table, wanted: pc.Expression) -> pa.Table:
    rows = index.filter((pc.field("split") == "train") & wanted)
    return rows.sort_by([("image_id", "ascending"), ("copy", "ascending")])


def _originals(ids: pa.ChunkedArray, originals: pa.Table) -> pa.Table:
    """The original of each image_id, as often as it is listed."""
    places = pc.index_in(ids, originals["image_id"].combine_chunks())
    if places.null_count:
        missing = ids.filter(pc.is_null(places))[0].as_py()
        again = "Run `python -m augment.render` again"
        raise UserError("index.parquet", "the original of every copy", f"no copy 0 of {missing}", again)
    return originals.take(places)


def target(index: pa.Table, cells: Cells) -> np.ndarray:
    """How many images the plan's set has in each joint cell: int64 (cells,)."""
    return np.bincount(_train_rows(index, pc.field("kept"))["cell"].to_numpy(), minlength=len(cells))


def split_samples(index: pa.Table, split: str) -> Samples:
    """The valid or test photos, in order of their paths."""
    return plain(index.filter((pc.field("split") == split) & (pc.field("copy") == 0)).sort_by([("path", "ascending")]))


def mirrored(samples: Samples) -> Samples:
    """The same photos, seen in the mirror."""
    return Samples(samples.table, ["flip"] * len(samples))


def plain(table: pa.Table) -> Samples:
    """These rows as they are."""
    return Samples(table, [PLAIN] * len(table))


def labelled(samples: Samples, target: Target = YEARS) -> Samples:
    """Those whose target is known."""
    has = ~np.isnan(target.truth(samples.table))
    return Samples(samples.table.filter(pa.array(has)), [v for v, keep in zip(samples.views, has, strict=True) if keep])


def augmented(samples: Samples, augmentation: str, cells: Cells) -> Samples:
    """The samples and, after them, the further views of some of them."""
    if AGE in cells.names:
        axis = cells[AGE]
        group = positions(samples.table, axis)
    else:
        group = np.zeros(len(samples), np.int64)
    tables, views = [samples.table], list(samples.views)
    for view, rows in extra(augmentation, samples.age, group):
        tables.append(samples.table.take(pa.array(rows)))
        views += [view] * len(rows)
    return Samples(pa.concat_tables(tables), views)


def groups(samples: Samples, axes: Sequence[str], cells: Cells) -> np.ndarray:
    """Number the samples' combinations of values on some axes, or their joint cells: int64 (samples,), from 0.

    Raises:
        UserError: no axis of that name.
    """
    for axis in axes:
        if axis not in cells.names:
            raise UserError(": dro.axes", f"axes among {', '.join(cells.names)}", repr(axis), "Correct the axes")
    grid = cells.grid()[samples.table["cell"].to_numpy()]
    chosen = [grid[:, cells.names.index(axis)] for axis in axes or cells.names]
    return np.unique(np.stack(chosen, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
