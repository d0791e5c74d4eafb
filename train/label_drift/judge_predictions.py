"""A judge's predictions for images: an age, and the probability of each value of each axis.

A judge of any kind can write them as a table: one row per image, identified by its `task_id` or
its `sha256`; `age` in years; a column `axis=value` for each value, such as `gender=male`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from manifests.core.cells import AGE, Axis, Cells
from manifests.core.errors import UserError, located

KEYS = ("task_id", "sha256")
OLDEST = 150.0  # years
_SUM = 0.02  # how far the probabilities of an axis may be from 1 in sum; files round them


@dataclass(frozen=True)
class Opinions:
    """A judge's predictions for some images; NaN where it has none.

    Attributes:
        age: float64 (images,), years; None from a judge that predicts no ages.
        shares: axis -> float64 (images, values), probabilities.
    """

    age: np.ndarray | None
    shares: dict[str, np.ndarray]

    def led_by(self, axis: str | None) -> Opinions:
        """The same with one axis before the others."""
        return Opinions(self.age, dict(sorted(self.shares.items(), key=lambda each: each[0] != axis)))

    def take(self, rows: np.ndarray) -> Opinions:
        """The opinions of the images at int64 (n,) rows."""
        shares = {axis: share[rows] for axis, share in self.shares.items()}
        return Opinions(None if self.age is None else self.age[rows], shares)


def asked(cells: Cells) -> list[Axis]:
    """The axes that have values to choose from: all but the age."""
    return [axis for axis in cells.axes if axis.name != AGE]


def read(path: Path, images: pa.Table, cells: Cells) -> Opinions:
    """Read a judge's table.

    Args:
        path: CSV or Parquet.
        images: rows of the probe's index.
        cells: the axes; those without columns are left out.
    Raises:
        UserError: the file, a column or a value is not as the module says, or an image has no row.
    """
    with located(str(path)):
        return _opinions(_table(path), images, cells)


def _opinions(table: pa.Table, images: pa.Table, cells: Cells) -> Opinions:
    key = next((name for name in KEYS if name in table.column_names), None)
    known = {AGE, *KEYS, *(f"{axis.name}={value}" for axis in asked(cells) for value in axis.values)}
    for name in table.column_names:
        if name not in known:
            raise UserError(f": {name}", f"one of the columns {', '.join(sorted(known))}", "another", "Rename it")
        if table.column_names.count(name) > 1:
            raise UserError(f": {name}", "each column once", "several", "Remove all but one")
    if key is None:
        raise UserError("", "a column task_id or sha256", ", ".join(table.column_names) or "none", "Add one")
    at = _places(_cast(table, key, pa.string(), "words"), images[key])
    age = _age(_column(table, AGE)[at]) if AGE in table.column_names else None
    shares = {}
    for axis in asked(cells):
        names = [f"{axis.name}={value}" for value in axis.values]
        present = [name for name in names if name in table.column_names]
        if present:
            for name in names:
                if name not in present:
                    raise UserError(f": {name}", "a column for each value of its axis", "none", "Add it")
            shares[axis.name] = _shares(axis.name, np.stack([_column(table, n)[at] for n in names], axis=1))
    if age is None and not shares:
        raise UserError("", f"columns of opinions, such as {AGE}", "none", "Add some")
    for name, values in [*([] if age is None else [(AGE, age[:, None])]), *shares.items()]:
        if np.isnan(values).any(axis=1).all():  # it would look like a judge that sees no change in any copy
            raise UserError(f": {name}", "an opinion of some image", "none", "Fill the columns, or remove them")
    return Opinions(age, shares)


def _table(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                return file.read()
        text = pa_csv.ConvertOptions(column_types={name: pa.string() for name in KEYS})
        return pa_csv.read_csv(path, convert_options=text)
    except FileNotFoundError as error:
        raise UserError("", "a table of opinions", "no such file", "Correct --opinions") from error
    except (pa.ArrowInvalid, OSError) as error:
        received = " ".join(str(error).split()).rstrip(".")
        raise UserError("", "a CSV or Parquet table", received, "Write it again") from error


def _places(keys: pa.ChunkedArray, images: pa.ChunkedArray) -> np.ndarray:
    """int64 (images,): each image's row of the table."""
    counts = pc.value_counts(keys).to_pylist()
    doubled = next((one["values"] for one in counts if one["counts"] > 1), None)
    if doubled is not None:
        raise UserError(f": {doubled}", "one row per image", "several", "Remove all but one")
    at = pc.index_in(images, value_set=keys.combine_chunks())
    if at.null_count:
        missing = images.filter(pc.is_null(at))
        remedy = "Add it; leave its values empty where the judge has no opinion"
        raise UserError("", "a row for every image of the probe", f"none for {missing[0]} "
                        f"and {len(missing) - 1} more", remedy)  # fmt: skip
    return np.asarray(at.to_numpy(), np.int64)


def _column(table: pa.Table, name: str) -> np.ndarray:
    """float64 (rows,), NaN where empty."""
    return np.asarray(_cast(table, name, pa.float64(), "numbers").fill_null(np.nan).to_numpy())


def _cast(table: pa.Table, name: str, to: pa.DataType, rule: str) -> pa.ChunkedArray:
    try:
        return table[name].cast(to)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise UserError(f": {name}", rule, table[name].type, "Correct the column") from error


def _age(age: np.ndarray) -> np.ndarray:
    wrong = age[(age < 0) | (age > OLDEST)]
    if wrong.size:
        raise UserError(f": {AGE}", f"years from 0 to {OLDEST:g}", f"{wrong[0]:g}", "Correct the value")
    return age


def _shares(axis: str, shares: np.ndarray) -> np.ndarray:
    sums = shares.sum(axis=1)
    wrong = np.flatnonzero((shares < 0).any(axis=1) | (np.abs(sums - 1) > _SUM))
    if wrong.size:
        received = " + ".join(f"{share:g}" for share in shares[wrong[0]])
        raise UserError(f": {axis}", "probabilities that sum to 1", received, "Correct the row")
    return shares
