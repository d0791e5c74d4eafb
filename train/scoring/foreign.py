"""Predictions of another program: a table of them and one of labels become a predictions table of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv

from manifests.core import inputs
from manifests.core.cells import AGE, Axis, Cells
from manifests.core.errors import UserError, located, nearest
from manifests.tables import base, predictions
from train import targets

KEYS = ("image_id", "path")
_REMEDY = "Correct the file"
_SHARE = "prob_"  # what the names of columns of probabilities begin with
_WORDS = pa.dictionary(pa.int16(), pa.string())
_LISTS = pa.list_(pa.float32())


def table(given: Path, labels: Path, cells: Cells, target: str, split: str | None) -> tuple[pa.Table, Cells]:
    """Join predictions with labels, by `image_id` or, where one of the two has none, by `path`.

    Args:
        given: CSV or Parquet, one row per photo: the key, and `prediction` (or `<target>_pred`), as the target says; of
            classes also their probabilities, a column `prob_<value>` each, which alone are enough.
        labels: CSV or Parquet, such as `source.parquet`: the key, the axes and `age`, and `split`, test where there
            is none. A row without a prediction is left out.
        cells: the axes, where the labels do not bring theirs.
        target: `age` or the column of an axis.
        split: score this one alone, as test; None: valid and test.
    Raises:
        UserError: a missing column, a photo predicted twice or without a label row, or a value that is none.
    """
    predicted, known = read(given, "a table of predictions"), read(labels, "a table of labels")
    if b"cells" in (known.schema.metadata or {}):
        cells = Cells.from_json(known.schema.metadata[b"cells"])
    key = next((one for one in KEYS if one in predicted.column_names and one in known.column_names), None)
    if key is None:
        received = f"{', '.join(predicted.column_names)}; {', '.join(known.column_names)}"
        raise UserError(str(given), f"a column {' or '.join(KEYS)} that the labels have too", received, _REMEDY)
    axis = next((one for one in cells.axes if one.column == target), None)
    shares = _shares(predicted, axis, given) if axis else None
    names = (f"{target}_pred", "prediction")
    if axis and shares is not None and not {*names} & {*predicted.column_names}:
        said = pa.array([axis.values[place] for place in shares.argmax(axis=1)], pa.string())
        predicted = predicted.append_column("prediction", said)
    column = _column(predicted, names, given)
    values = dict(zip(_once(predicted, key, given), predicted[column].to_pylist(), strict=True))
    ids = _once(known, key, labels)
    missing = next((one for one in values if one not in set(ids)), None)
    if missing is not None:
        raise UserError(f"{given}: {key}", f"photos of {labels}", repr(missing), "Correct it, or add its labels")
    known = known.filter(pa.array([one in values for one in ids]))
    splits = known["split"].cast(pa.string()).to_pylist() if "split" in known.column_names else ["test"] * len(known)
    if split is not None:
        known = known.filter(pa.array([one == split for one in splits]))
        splits = ["test"] * len(known)
    else:
        scored = [one in ("valid", "test") for one in splits]
        known, splits = known.filter(pa.array(scored)), [one for one in splits if one in ("valid", "test")]
    ids = _once(known, key, labels)
    wanted = [values[one] for one in ids]
    if shares is not None:
        place = {one: number for number, one in enumerate(values)}
        shares = shares[[place[one] for one in ids]]
    return _assembled(known, cells, target, splits, wanted, shares, f"{given}: {column}"), cells


def read(path: Path, what: str) -> pa.Table:
    """Read a Parquet or CSV table."""
    if path.suffix == ".parquet":
        return inputs.read_table(path, what, _REMEDY, _REMEDY)
    content = inputs.read_small(path, what, _REMEDY, _REMEDY)
    words = pa.csv.ConvertOptions(column_types=dict.fromkeys(KEYS, pa.string()), strings_can_be_null=False)
    try:
        return pa.csv.read_csv(pa.BufferReader(content), convert_options=words)
    except (pa.ArrowException, ValueError, KeyError) as error:
        raise UserError(str(path), "a CSV or Parquet table", " ".join(str(error).split())[:200], _REMEDY) from error


def tidy(table: pa.Table, cells: Cells, target: str) -> pa.Table:
    """One row per labelled photo: `image_id`, `path`, `split`, `y_true`, `y_pred` and the axes, as words.

    What Fairlearn's `MetricFrame(metrics=..., y_true=..., y_pred=..., sensitive_features=...)` takes.
    """
    table = table.filter(pa.array(table[target].is_valid().to_numpy(zero_copy_only=False)))
    plain = {name: table[name].cast(pa.string()) for name in ("image_id", "path", "split")}
    said = targets.of(target, cells)
    both = {"y_true": said.tidy(table[target]), "y_pred": said.tidy(table[f"{target}_pred"])}
    return pa.table({**plain, **both, **{name: table[name].cast(pa.string()) for name in cells.columns}})


def _column(table: pa.Table, names: tuple[str, ...], path: Path) -> str:
    found = next((name for name in names if name in table.column_names), None)
    if found is None:
        received = ", ".join(table.column_names) + nearest(names[0], table.column_names)
        raise UserError(str(path), f"a column {' or '.join(names)}", received, "Name it so")
    return found


def _shares(table: pa.Table, axis: Axis, path: Path) -> np.ndarray | None:
    """The probabilities of the axis' values: float64 (rows, values); None where no column has any."""
    named = {axis.index(name.removeprefix(_SHARE)): name for name in table.column_names if name.startswith(_SHARE)}
    if not named:
        return None
    where = f"{path}: {_SHARE}*"
    if set(named) != set(range(len(axis.values))):
        rule = f"a column for each of {', '.join(f'{_SHARE}{value}' for value in axis.values)}, and no other"
        raise UserError(where, rule, ", ".join(named.values()), _REMEDY)
    try:
        shares = np.stack([table[named[i]].cast(pa.float64()).to_numpy() for i in range(len(axis.values))], axis=1)
    except (pa.ArrowException, ValueError) as error:
        raise UserError(where, "a probability in each row", str(error)[:200], _REMEDY) from error
    if not (shares.min(initial=0) > -1e-4 and np.abs(shares.sum(axis=1) - 1).max(initial=0) < 1e-2):
        raise UserError(where, "probabilities that sum to 1 in each row", "others", _REMEDY)
    return shares


def _once(table: pa.Table, key: str, path: Path) -> list[str]:
    ids = table[key].cast(pa.string()).to_pylist()
    if len(set(ids)) < len(ids):
        double = next(one for one in ids if ids.count(one) > 1)
        raise UserError(f"{path}: {key}", "each photo once", f"{double!r} twice", "Remove the double")
    return ids


def _assembled(
    known: pa.Table,
    cells: Cells,
    target: str,
    splits: list[str],
    wanted: list[Any],
    shares: np.ndarray | None,
    where: str,
) -> pa.Table:
    """The predictions table of labelled rows and of what was predicted for each."""
    age = _ages(known)
    cell = np.zeros(len(known), np.int64)
    for axis in cells.axes:
        position = _binned(axis, age) if axis.edges else _positions(axis, known)
        cell = np.where((position < 0) | (cell < 0), -1, cell * len(axis.values) + np.maximum(position, 0))
    with located(where):
        made = targets.of(target, cells).given(wanted)
    paths = known["path" if "path" in known.column_names else "image_id"].cast(pa.string())
    ids = known["image_id"].cast(pa.string()) if "image_id" in known.column_names else paths
    lists = pa.nulls(len(known), _LISTS) if shares is None else pa.array(list(shares), _LISTS)
    axes = base.axis_columns(cells, pa.array(cell, pa.int32()))
    split = pa.array(splits, pa.string()).dictionary_encode().cast(_WORDS)
    columns = [ids, paths, split, pa.array(age, pa.float32(), from_pandas=True), *axes, made, lists, lists]
    return pa.table(columns, schema=predictions.schema(cells, target))


def _ages(known: pa.Table) -> np.ndarray:
    if AGE not in known.column_names:
        return np.full(len(known), np.nan)
    return known[AGE].cast(pa.float64()).fill_null(np.nan).to_numpy()


def _binned(axis: Axis, age: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(age), -1, np.searchsorted(axis.edges, age, side="right"))


def _positions(axis: Axis, known: pa.Table) -> np.ndarray:
    if axis.name not in known.column_names:
        raise UserError(f"the labels: {axis.name}", "a column for each axis of `cells`", "none", "Add the column")
    found = [axis.index("" if word is None else str(word)) for word in known[axis.name].to_pylist()]
    return np.array([-1 if place is None else place for place in found], np.int64)
