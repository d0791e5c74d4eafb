"""Check a row's labels against the cells, and find its joint cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from manifests.core.cells import AGE, Axis, Cells, fold
from manifests.core.errors import UserError
from manifests.sources.rows import Age, Quarantined, SourceRow, Unusable

UNLABELLED = -1  # the cell of a row whose labels are hidden
Rename = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Labels:
    """A row's checked labels; ages in years, `age_width` only of a labelled range."""

    age: float | None
    age_std: float | None
    age_width: float | None
    cell: int


@dataclass(frozen=True)
class LabelRules:
    """What a row's labels are checked against.

    Attributes:
        cells: the axes that the layout has.
        rename: axis -> {label: value}, which comes before the label's own words.
        max_age: the largest age that is believed, in years.
        aged: a row without an age lacks a label; else its age is known or not, and one that is wrong counts as none.
    """

    cells: Cells
    rename: Rename
    max_age: float
    aged: bool


def resolve(row: SourceRow, rules: LabelRules) -> Labels | Quarantined:
    """Check the labels of one row.

    Args:
        row: as its adapter yielded it.
        rules: the cells and what is accepted.
    Returns:
        its labels, or why they can't be used.
    """
    if row.unlabelled:
        return Labels(None, None, None, UNLABELLED)
    try:
        age = _age(row, rules)
        positions = [
            _age_position(age, axis) if axis.edges else _position(row, axis, rules.rename.get(axis.name, {}))
            for axis in rules.cells.axes
        ]
    except Unusable as error:
        return Quarantined(row.path, *error.args)
    cell = int(np.ravel_multi_index(positions, rules.cells.shape))
    if age is None:
        return Labels(None, row.age_std, None, cell)
    return Labels(age.years, row.age_std, age.width, cell)


def _age(row: SourceRow, rules: LabelRules) -> Age | None:
    """The row's age, once it is checked."""
    needed = rules.aged or AGE in rules.cells.names
    try:
        _check_age(row, rules)
    except Unusable:
        if needed:
            raise
        return None
    if row.age is None and needed:
        raise Unusable("missing_label", AGE)
    return row.age


def _check_age(row: SourceRow, rules: LabelRules) -> None:
    age, max_age = row.age, rules.max_age
    if row.age_std is not None and row.age_std < 0:
        raise Unusable("malformed_row", f"age_std is {row.age_std:g}")
    if age is None:
        return
    if age.low > age.high:
        raise Unusable("age_range_backwards", f"{age.low:g} to {age.high:g}")
    highest = age.years if age.high == float("inf") else age.high
    if age.low < 0 or highest > max_age:
        raise Unusable("age_out_of_range", f"{age.low if age.low < 0 else highest:g} is not in 0 to {max_age:g}")


def _age_position(age: Age | None, axis: Axis) -> int:
    if age is None:
        raise Unusable("missing_label", AGE)
    low, high = axis.bin(age.low), axis.bin(age.high)
    if low != high:
        raise Unusable("age_range_straddles", f"{age.low:g} to {age.high:g} lies in {axis.values[low]} and above")
    return low


def _position(row: SourceRow, axis: Axis, rename: Mapping[str, str]) -> int:
    words = [word for word in row.labels.get(axis.name, ()) if word.strip()]
    if not words:
        raise Unusable("missing_label", axis.name)
    renamed = {fold(label): value for label, value in rename.items()}
    for word in (renamed.get(fold(words[0]), words[0]), *words[1:]):
        position = axis.index(word)
        if position is not None:
            return position
    raise Unusable("unknown_label", f"{axis.name}: {words[0]!r} is none of {', '.join(axis.values)}")


def check_rename(rename: Rename, cells: Cells) -> None:
    """Check that the axes and values of `source.rename` are those of `cells`.

    Raises:
        UserError: one is not.
    """
    for name, labels in rename.items():
        if name not in cells.names:
            raise UserError(f".rename.{name}", f"an axis of cells ({', '.join(cells.names)})", repr(name), "Rename it")
        for label, value in labels.items():
            if cells[name].index(value) is None:
                values = ", ".join(cells[name].values)
                raise UserError(f".rename.{name}.{label}", f"a value of {name} ({values})", repr(value), "Correct it")
