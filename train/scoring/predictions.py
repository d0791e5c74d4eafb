"""The labelled photos of one split, as arrays, out of a run's predictions table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import Cells
from manifests.core.errors import UserError

SPLITS = ("valid", "test")
YEARS = np.arange(101)  # the years at which `age_q` gives the cumulative probability
_AGAIN = "Run `python -m train.fit` for this run again"


@dataclass(frozen=True)
class LabelledPhotos:
    """One split's labelled photos, in order of image_id, so that no figure depends on the table's order.

    Attributes:
        split: valid or test.
        image_id: str (photos,).
        path: str (photos,).
        cell: int64 (photos,), joint cells.
        age: float64 (photos,), years.
        pred: float64 (photos,), years, the mean over the seeds.
        preds: float64 (photos, seeds), years.
        cumulative: float64 (photos, 101), the predicted probability of each age up to 0 to 100
            years, or None where the recipe's output is no distribution.
        unlabelled: how many photos of the split have no label and are left out.
    """

    split: str
    image_id: np.ndarray
    path: np.ndarray
    cell: np.ndarray
    age: np.ndarray
    pred: np.ndarray
    preds: np.ndarray
    cumulative: np.ndarray | None
    unlabelled: int

    @property
    def error(self) -> np.ndarray:
        """float64 (photos,): absolute errors of the run's prediction, in years."""
        return np.abs(self.pred - self.age)


def labelled(table: pa.Table, cells: Cells) -> dict[str, LabelledPhotos]:
    """Take the labelled photos of each split that has at least two.

    Args:
        table: a predictions table.
        cells: its axes.
    Returns:
        split -> its photos; valid before test.
    Raises:
        UserError: a prediction is missing or no number, a photo is listed twice, or no split has labels; the
            place is relative to the table's file.
    """
    words = table["split"].cast(pa.string())  # Arrow does not sort dictionaries
    table = table.set_column(table.schema.get_field_index("split"), "split", words)
    table = table.sort_by([("split", "ascending"), ("image_id", "ascending")])
    _check(table)
    found = {}
    for split in SPLITS:
        rows = table.filter(pc.equal(table["split"], split))
        known = pc.and_(pc.is_valid(rows["age"]), pc.greater_equal(rows["cell"], 0))
        kept = rows.filter(known)
        if kept.num_rows >= 2:
            found[split] = _photos(kept, split, rows.num_rows - kept.num_rows)
    if not found:
        raise UserError(
            "",
            "2 labelled photos or more in valid or test",
            f"{table.num_rows} rows, of which {table.num_rows - table['age'].null_count} have an age",
            "Score a data set whose valid or test split has labels",
        )
    return found


def _check(table: pa.Table) -> None:
    splits = set(table["split"].to_pylist())
    if splits - set(SPLITS):
        raise UserError(": split", "valid or test", repr(min(map(str, splits - set(SPLITS)))), _AGAIN)
    for name in ("age", "age_pred"):
        wrong = pc.invert(pc.is_finite(table[name]))
        wrong = pc.fill_null(wrong, name == "age_pred")  # an unlabelled photo has no age, but a prediction
        if pc.any(wrong).as_py():
            first = table.filter(wrong).slice(0, 1)
            count = pc.sum(wrong).as_py()
            raise UserError(
                f": {name} of {first['path'][0].as_py()}",
                "a number of years",
                f"{first[name][0].as_py()} ({count} rows like it)",
                _AGAIN,
            )
    pairs = table.group_by(["split", "image_id"]).aggregate([([], "count_all")])
    if pairs.num_rows < table.num_rows:
        double = pairs.filter(pc.greater(pairs["count_all"], 1)).sort_by("image_id")["image_id"][0].as_py()
        raise UserError(": image_id", "each photo once in a split", f"{double} twice", _AGAIN)


def _photos(rows: pa.Table, split: str, unlabelled: int) -> LabelledPhotos:
    pred = _numbers(rows["age_pred"])
    preds = _matrix(rows["age_preds"], "age_preds")
    cumulative = _matrix(rows["age_q"], "age_q")
    if cumulative is not None and cumulative.shape[1] != len(YEARS):
        raise UserError(": age_q", f"{len(YEARS)} probabilities per photo", cumulative.shape[1], _AGAIN)
    if cumulative is not None and (np.diff(cumulative).min() < -1e-4 or np.abs(cumulative[:, -1] - 1).max() > 1e-2):
        raise UserError(": age_q", "probabilities that never fall and end at 1", "others", _AGAIN)
    return LabelledPhotos(
        split,
        np.asarray(rows["image_id"].to_pylist()),
        np.asarray(rows["path"].to_pylist()),
        _numbers(rows["cell"]).astype(np.int64),
        _numbers(rows["age"]),
        pred,
        pred[:, None] if preds is None else preds,
        cumulative,
        unlabelled,
    )


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return column.to_numpy().astype(np.float64)


def _matrix(column: pa.ChunkedArray, name: str) -> np.ndarray | None:
    """float64 (rows, entries) of a list column; None where every list is null or empty."""
    lengths = np.asarray(pc.fill_null(pc.list_value_length(column), 0).to_numpy())
    if not lengths.any():
        return None
    if (lengths != lengths[0]).any():
        raise UserError(
            f": {name}",
            f"{lengths[0]} numbers in every row",
            f"{lengths[lengths != lengths[0]][0]} in one",
            _AGAIN,
        )
    values = pc.list_flatten(column).to_numpy().astype(np.float64).reshape(len(lengths), -1)
    if not np.isfinite(values).all():
        raise UserError(f": {name}", "finite numbers", "NaN or infinity", _AGAIN)
    return values
