"""The whole numbers that the `plan` section gives for cells: counts by pattern or axis value, and caps on copies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.sections.plan import DEFAULT, Plan


@dataclass(frozen=True)
class Caps:
    """The largest number of copies of one photo, or of one person, in each cell, and what sets it.

    Attributes:
        copies: int64 (cells,).
        keys: the keys below `plan` that set the numbers.
        key_of: int64 (cells,), the position in `keys` of the one that sets the cell's number.
    """

    copies: np.ndarray
    keys: tuple[str, ...]
    key_of: np.ndarray


@dataclass(frozen=True)
class Room:
    """What `max_copies` leaves room for.

    Attributes:
        cells: int64 (cells,), copies that each cell may get.
        photos: int64 (photos,), with `max_copies_of: pair` the copies that each photo's person may get in its cell.
    """

    cells: np.ndarray
    photos: np.ndarray | None = None


def caps(plan: Plan, cells: Cells) -> Caps:
    """In each cell the least of the numbers given for its axis values; the default where none is given."""
    given = plan.max_copies
    if isinstance(given, int):
        return Caps(np.full(len(cells), given, np.int64), ("max_copies",), np.zeros(len(cells), np.int64))
    default = given.get(DEFAULT, 12)
    if not isinstance(default, int):
        raise UserError(f".max_copies.{DEFAULT}", "a whole number", "a map", "Write one number")
    copies, key_of, keys = np.full(len(cells), default, np.int64), np.zeros(len(cells), np.int64), [DEFAULT]
    named = {axis: values for axis, values in given.items() if axis != DEFAULT}
    for key, members, number in counts("max_copies", named, cells, patterns=False):
        tighter = members[(key_of[members] == 0) | (number < copies[members])]
        copies[tighter], key_of[tighter] = number, len(keys)
        keys.append(key)
    return Caps(copies, tuple(f"max_copies.{key}" for key in keys), key_of)


def counts(
    section: str, given: Mapping[str, int | Mapping[str, int]], cells: Cells, patterns: bool = True
) -> Iterator[tuple[str, np.ndarray, int]]:
    """(key, cells, number) for each `pattern: number`, where patterns are allowed, and `axis: {value: number}`."""
    for key, value in given.items():
        where = f".{section}.{key}"
        if isinstance(value, int) and patterns:
            with located(where):
                members = np.flatnonzero(cells.match(key))
            yield key, members, value
            continue
        with located(where):
            axis = cells.named(key)
        if isinstance(value, int):
            rule = f"a map from the values of {key} to numbers"
            raise UserError(where, rule, repr(value), "Name its values, or write one number for all axes")
        column = cells.grid()[:, cells.names.index(key)]
        for label, number in value.items():
            with located(f"{where}.{label}"):
                position = axis.position(label)
            yield f"{key}.{axis.values[position]}", np.flatnonzero(column == position), number
