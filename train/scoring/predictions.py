"""The labelled photos of one split, as arrays, out of a run's predictions table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.tables import predictions
from train import targets
from train.targets import AGAIN, Target

SPLITS = ("valid", "test")


@dataclass(frozen=True)
class LabelledPhotos:
    """One split's labelled photos, in order of image_id, so that no figure depends on the table's order.

    Attributes:
        split: valid or test.
        target: what is predicted.
        image_id: str (photos,).
        path: str (photos,).
        cell: int64 (photos,), joint cells.
        age: float64 (photos,), years; NaN where nobody knows it.
        truth: float64 (photos,), labels, as the target numbers them.
        pred: float64 (photos,), predictions of the mean over the seeds.
        preds: float64 (photos, seeds), predictions of each.
        distribution: float64 (photos, values), of ages the cumulative probabilities of 0 to 100 years, of classes
            their probabilities; None where the recipe's output is no distribution.
        unlabelled: how many photos of the split have no label and are left out.
    """

    split: str
    target: Target
    image_id: np.ndarray
    path: np.ndarray
    cell: np.ndarray
    age: np.ndarray
    truth: np.ndarray
    pred: np.ndarray
    preds: np.ndarray
    distribution: np.ndarray | None
    unlabelled: int

    @property
    def error(self) -> np.ndarray:
        """float64 (photos,): errors of the run's prediction, in the target's unit."""
        return self.target.errors(self.pred, self.truth)

    @property
    def worst_first(self) -> np.ndarray:
        """int64 (photos,): positions, the largest error first; of equal ones those in order."""
        return np.argsort(-self.target.misses(self.pred, self.truth, self.distribution), kind="stable")


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
    target = targets.of(predictions.target(table, cells), cells)
    _check(table, target)
    found = {split: labelled_split(table, target, split) for split in SPLITS}
    scored = {split: photos for split, photos in found.items() if photos is not None and len(photos.truth) >= 2}
    if not scored:
        raise UserError(
            "",
            "2 labelled photos or more in valid or test",
            f"{table.num_rows} rows, of which {np.count_nonzero(~np.isnan(target.truth(table)))} have a label",
            "Score a data set whose valid or test split has labels",
        )
    return scored


def labelled_split(table: pa.Table, target: Target, split: str) -> LabelledPhotos | None:
    """Take the labelled photos of one split; None where there is none."""
    rows = table.filter(pc.equal(table["split"].cast(pa.string()), split)).sort_by([("image_id", "ascending")])
    known = ~np.isnan(target.truth(rows)) & (rows["cell"].to_numpy() >= 0)
    return _photos(rows.filter(pa.array(known)), target, split, int((~known).sum())) if known.any() else None


def _check(table: pa.Table, target: Target) -> None:
    splits = set(table["split"].to_pylist())
    if splits - set(SPLITS):
        raise UserError(": split", "valid or test", repr(min(map(str, splits - set(SPLITS)))), AGAIN)
    name = f"{target.name}_pred"
    for column, rule, wrong in (
        ("age", "a number of years", np.isinf(targets.YEARS.truth(table))),
        (name, target.rule, ~np.isfinite(target.numbers(table[name]))),
    ):
        if wrong.any():
            first = table.filter(pa.array(wrong)).slice(0, 1)
            received = f"{first[column][0].as_py()} ({np.count_nonzero(wrong)} rows like it)"
            raise UserError(f": {column} of {first['path'][0].as_py()}", rule, received, AGAIN)
    pairs = table.group_by(["split", "image_id"]).aggregate([([], "count_all")])
    if pairs.num_rows < table.num_rows:
        double = pairs.filter(pc.greater(pairs["count_all"], 1)).sort_by("image_id")["image_id"][0].as_py()
        raise UserError(": image_id", "each photo once in a split", f"{double} twice", AGAIN)


def _photos(rows: pa.Table, target: Target, split: str, unlabelled: int) -> LabelledPhotos:
    pred = target.numbers(rows[f"{target.name}_pred"])
    preds, distribution = (_matrix(rows[name], name) for name in (f"{target.name}_preds", f"{target.name}_q"))
    target.check(pred, preds, distribution)
    return LabelledPhotos(
        split,
        target,
        np.asarray(rows["image_id"].to_pylist()),
        np.asarray(rows["path"].to_pylist()),
        rows["cell"].to_numpy().astype(np.int64),
        targets.YEARS.truth(rows),
        target.truth(rows),
        pred,
        pred[:, None] if preds is None else target.each(preds),
        distribution,
        unlabelled,
    )


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
            AGAIN,
        )
    values = pc.list_flatten(column).to_numpy().astype(np.float64).reshape(len(lengths), -1)
    if not np.isfinite(values).all():
        raise UserError(f": {name}", "finite numbers", "NaN or infinity", AGAIN)
    return values
