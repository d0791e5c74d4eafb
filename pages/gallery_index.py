"""What the gallery filters by, column by column, as one script that every view reads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import Cells
from manifests.tables import judged as judged_table
from manifests.tables.source import SPLITS
from pages.gallery_alike import Alike
from pages.gallery_images import Block
from pages.sprites import ACROSS, SHEET, THUMB

MOST = 120_000  # images of a page; measured in Chromium with 100,000
MEASURES = ("target", "available", "keep", "augment")


def order(table: pa.Table) -> pa.Table:
    """Sort the index by split, cell, photo and copy: what is looked at together lies in one file."""
    split = pc.index_in(table["split"].cast(pa.string()), pa.array(SPLITS))
    by = ["split_", "cell", "image_id", "copy"]
    sorted_ = table.append_column("split_", split).sort_by([(name, "ascending") for name in by])
    return sorted_.drop_columns(["split_"]).combine_chunks()


def sampled(rows: pa.Table, most: int = MOST) -> tuple[pa.Table, int]:
    """Keep at most about `most` images where there are more: as many of each split and cell, whole photos with copies.

    Photos come in order of their ids, which are hashes: so the sample is one by chance, and the same each time.

    Args:
        rows: the index in the page's order.
        most: images that a browser shows without waiting.
    Returns:
        the rows, and about how many images a split's cell keeps at most; 0: all of them.
    """
    if rows.num_rows <= most:
        return rows, 0
    split = pc.index_in(rows["split"].cast(pa.string()), pa.array(SPLITS)).to_numpy().astype(np.int64)
    cell = pc.fill_null(rows["cell"], -1).to_numpy().astype(np.int64)
    _, start, size = np.unique(split * (cell.max() + 2) + cell + 1, return_index=True, return_counts=True)
    each = 1  # the largest number with which all cells together stay within `most`
    for step in 1 << np.arange(int(size.max()).bit_length())[::-1]:
        each += int(step) if np.minimum(size, each + step).sum() <= most else 0
    place = np.arange(rows.num_rows) - np.repeat(start, size)
    names = rows["image_id"].to_numpy(zero_copy_only=False)
    begins = np.append(True, names[1:] != names[:-1])
    first = place[begins][np.cumsum(begins) - 1]  # of each row's photo
    return rows.filter(pa.array(first < each)).combine_chunks(), each


def columns(
    rows: pa.Table, cells: Cells, parts: list[Block], alike: Alike, rejects: dict[str, str], excluded: dict[str, str]
) -> dict[str, Any]:
    """The index as the page reads it: a list a column, words by their number.

    Args:
        rows: the index in the page's order.
        cells: the axes.
        parts: which rows each part holds.
        alike: which photos look alike.
        rejects: task_id -> reason, as saved in `manifests/rejects.csv`.
        excluded: path -> reason, as saved in `manifests/exclude.csv`.
    Returns:
        plain lists and numbers. The joint cell stands for the labels; an age of -1 is unknown.
    """
    names = rows["image_id"].to_numpy(zero_copy_only=False).astype(str)
    ids, first, photo = np.unique(names, return_index=True, return_inverse=True)
    policies, policy = _words(rows["policy"])
    return {
        "axes": [{"name": axis.name, "values": list(axis.values)} for axis in cells.axes],
        "splits": list(SPLITS),
        "policies": policies,
        "ids": ids.tolist(),
        "paths": rows["path"].take(pa.array(first)).to_pylist(),
        "photo": photo.tolist(),
        "copy": rows["copy"].to_pylist(),
        "split": pc.index_in(rows["split"].cast(pa.string()), pa.array(SPLITS)).to_pylist(),
        "kept": rows["kept"].cast(pa.int8()).to_pylist(),
        "cell": pc.fill_null(rows["cell"], -1).to_pylist(),
        "age": [round(age, 1) for age in pc.fill_null(rows["age"], -1).to_pylist()],
        "policy": policy,
        "severity": [round(value, 3) for value in pc.fill_null(rows["severity"], 0).to_pylist()],
        "attempt": pc.fill_null(rows["attempt"], 0).to_pylist(),
        "sheet": {"across": ACROSS, "images": SHEET, "size": THUMB},
        "parts": np.cumsum([0, *(block.rows.num_rows for block in parts)])[:-1].tolist(),
        **_likeness(alike, photo[rows["copy"].to_numpy() == 0], len(ids)),
        "saved": {"rejects": list(rejects.items()), "excluded": list(excluded.items())},
    }


def _likeness(alike: Alike, photo: np.ndarray, photos: int) -> dict[str, Any]:
    """How alike each photo's nearest neighbour is, in thousandths, and where it is on the map; by numbers of photos."""
    near, spot = np.zeros(photos, np.int64), np.zeros((photos, 2), np.int64)
    if alike.likeness.shape[1]:
        near[photo] = alike.likeness[:, 0]
    spot[photo] = alike.spot
    return {"near": near.tolist(), "map": {"x": spot[:, 0].tolist(), "y": spot[:, 1].tolist()}}


def judged(rows: pa.Table, opinions: pa.Table, label: str) -> dict[str, Any]:
    """How far a photo is from what a judge sees in it, and a copy from its photo; None where nobody looked.

    Args:
        rows: the index in the order of the page.
        opinions: the table of `manifests.tables.judged`.
        label: what was judged.
    """
    off = judged_table.off(opinions, "photo", "copy")
    keys = zip(rows["image_id"].to_pylist(), rows["copy"].to_pylist(), strict=True)
    found = (off.get(key) for key in keys)
    return {"label": label, "off": [None if one is None else round(one, 3) for one in found]}


def policies(rows: pa.Table) -> list[str]:
    """The policies in the order in which the gallery's filter numbers them."""
    return _words(rows["policy"])[0]


def _words(column: pa.ChunkedArray) -> tuple[list[str], list[int]]:
    """The distinct words of a column in order, and each row's word by number."""
    text = column.cast(pa.string())
    distinct = sorted(pc.unique(text).to_pylist())
    return distinct, pc.index_in(text, pa.array(distinct, pa.string())).to_pylist()


def totals(rows: pa.Table) -> list[tuple[str, int]]:
    """The overview's figures: a name and a number of images each."""
    train = pc.equal(rows["split"].cast(pa.string()), "train")
    copy, kept = pc.greater(rows["copy"], 0), rows["kept"]
    both = pc.and_(train, kept)
    return [
        ("photos kept", _sum(pc.and_(both, pc.invert(copy)))),
        ("copies made", _sum(pc.and_(both, copy))),
        ("photos left out", _sum(pc.and_(train, pc.invert(kept)))),
        ("valid and test photos", _sum(pc.invert(train))),
    ]


def title(rows: pa.Table) -> str:
    """What the gallery holds, in one line."""
    (_, kept), (_, made), *_ = totals(rows)
    return f"{kept:,} photos and {made:,} copies made of them"


def copies(rows: pa.Table) -> list[tuple[str, str]]:
    """The choices of copy number: (value, text)."""
    most = int(pc.max(rows["copy"]).as_py() or 0)
    return [("0", "photos"), ("copies", "copies"), *((str(i), f"copy {i}") for i in range(1, most + 1))]


def _sum(mask: Any) -> int:
    return int(pc.sum(mask).as_py() or 0)
