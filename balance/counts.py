"""How many photos each joint cell has: from the scanned photos, or from a table of counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core import inputs
from manifests.core.cells import Axis, Cells
from manifests.core.errors import UserError, located

COUNT = "available"
_MOST = 1_000_000_000
_NUMBER = r"\d+(?:\.\d+)?"
_AGE = re.compile(rf"{_NUMBER}|\(?{_NUMBER}\s*[-,]\s*{_NUMBER}\)?|{_NUMBER}\s*[-+]|(?:more than|over) {_NUMBER}")


@dataclass(frozen=True)
class TrainPhotos:
    """The train photos that a plan may use, in the order of the source table.

    Attributes:
        image_ids: str (photos,).
        cell: int64 (photos,), the joint cell of each.
        row: int64 (photos,), its row in the source table.
        person: int64 (photos,), a number for who is shown; a photo of which nobody says it shows a person of its own.
    """

    image_ids: list[str]
    cell: np.ndarray
    row: np.ndarray
    person: np.ndarray


def photos(source: pa.Table) -> TrainPhotos:
    """Select what can be planned: photos of train, labelled, that nearly equal none of valid or test."""
    usable = pc.and_(pc.equal(pc.cast(source["split"], pa.string()), "train"), pc.greater_equal(source["cell"], 0))
    usable = pc.and_(usable, pc.is_null(source["near_of"]))
    rows = np.flatnonzero(usable.to_numpy(zero_copy_only=False))
    ids = source["image_id"].take(pa.array(rows)).to_pylist()
    cell = source["cell"].to_numpy()[rows].astype(np.int64)
    subject = source["subject"].combine_chunks().take(pa.array(rows))
    known = subject.dictionary_encode().indices.fill_null(-1).to_numpy().astype(np.int64)
    return TrainPhotos(ids, cell, rows, np.where(known >= 0, known, len(rows) + np.arange(len(rows))))


def available(chosen: TrainPhotos, cells: Cells) -> np.ndarray:
    """int64 (cells,): photos in each cell."""
    return np.bincount(chosen.cell, minlength=len(cells)).astype(np.int64)


def persons(chosen: TrainPhotos, cells: Cells) -> np.ndarray:
    """int64 (cells,): persons in each cell; one whose photos lie in several cells counts in each."""
    pairs = np.unique(np.stack([chosen.cell, chosen.person]), axis=1)
    return np.bincount(pairs[0], minlength=len(cells)).astype(np.int64)


def read(path: Path, cells: Cells) -> np.ndarray:
    """Read a table of counts, CSV or Parquet: one column per axis, and `available`.

    A column may have the axis' name or its column's in our tables (`age` or `age_bin`); a label of the
    numeric axis is a bin's (`20-40`), or an age or a range inside one bin (`25-29`, `more than 70`).
    Cells that no row names have no photos.

    Returns:
        int64 (cells,), photos in each cell.
    Raises:
        UserError: no such file, a missing column, an unknown label, a count that is not a whole
            number of 0 or more, or a cell that is named twice.
    """
    table = _table(path)
    number, finer = np.zeros(table.num_rows, np.int64), False
    for axis in cells.axes:
        labels = [str(label) for label in _column(table, axis, path)]
        positions = {label: _position(axis, label, path) for label in dict.fromkeys(labels)}
        number = number * len(axis.values) + np.array([positions[label] for label in labels], np.int64)
        finer |= bool(axis.edges) and not set(axis.values).issuperset(positions)  # several rows may be of one cell
    count = _counts(table, path)
    repeated = np.flatnonzero(np.bincount(number, minlength=len(cells)) > 1)
    if repeated.size and not finer:
        cell = int(repeated[0])
        raise UserError(f"{path}", "each cell in one row", f"{cells.name(cell)} twice", "Add its counts up in one row")
    total = np.zeros(len(cells), np.int64)
    np.add.at(total, number, count)
    return total


def _table(path: Path) -> pa.Table:
    import pyarrow.csv as csv

    remedy = "Correct --counts"
    if path.suffix == ".parquet":
        table = inputs.read_table(path, "a table of counts", remedy, remedy)
    else:
        content = inputs.read_small(path, "a table of counts", remedy, remedy)
        try:
            table = csv.read_csv(pa.BufferReader(content))
            table.validate(full=True)
        except (pa.ArrowException, ValueError, KeyError) as error:
            raise UserError(str(path), "a CSV or Parquet table", " ".join(str(error).split())[:200], remedy) from error
    twice = [name for name in table.column_names if table.column_names.count(name) > 1]
    if twice:
        raise UserError(f"{path}: {twice[0]}", "each column once", f"{len(twice)} of that name", "Remove the double")
    return table


def _column(table: pa.Table, axis: Axis, path: Path) -> list[object]:
    for name in (axis.column, axis.name):
        if name in table.column_names:
            with located(f"{path}: {name}"):
                return inputs.values(table[name], "Write words or numbers")
    raise UserError(
        f"{path}: {axis.name}",
        "a column for each axis of `cells`",
        f"the columns {', '.join(table.column_names)}",
        "Add the column, or take the axis out of `cells`",
    )


def _position(axis: Axis, label: str, path: Path) -> int:
    position = axis.index(label)
    if position is None and axis.edges:
        position = _bin(axis, label)
    if position is None:
        rule = "a bin, or an age or range inside one bin" if axis.edges else "a value"
        raise UserError(
            f"{path}: {axis.name}", f"{rule} ({', '.join(axis.values)})", repr(label), "Correct it or `cells`"
        )
    return position


def _bin(axis: Axis, label: str) -> int | None:
    """The bin that holds an age or an inclusive range; an open range counts as its lower end."""
    ends = [float(number) for number in re.findall(_NUMBER, label)]
    if not 1 <= len(ends) <= 2 or sorted(ends) != ends or not _AGE.fullmatch(label.strip()):
        return None
    low, high = axis.bin(ends[0]), axis.bin(ends[-1])
    return low if low == high else None


def _counts(table: pa.Table, path: Path) -> np.ndarray:
    where = f"{path}: {COUNT}"
    if COUNT not in table.column_names:
        raise UserError(where, "a column of this name", f"the columns {', '.join(table.column_names)}", "Add it")
    counts = []
    with located(where):
        values = inputs.values(table[COUNT], "Write numbers")
    for row, value in enumerate(values, 1):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _MOST or value % 1:
            raise UserError(
                f"{where}, row {row}", f"a whole number from 0 to {_MOST}", repr(value), "Correct the count"
            )
        counts.append(int(value))
    return np.array(counts, np.int64)
