"""From the words of the `plan` section to whole numbers: a `Problem`.

Soft wishes become wanted counts: share x total, rounded by largest remainder (Hamilton's
method), so that an axis' wanted counts add up to the total.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from balance.solver.shares import largest_remainder, shares
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.plan import DEFAULT, JOINT, Plan

TOTAL = "total"
VAST = 20_000  # cells
Factors = Mapping[str, Mapping[str, float]]  # axis -> value -> factor on its wanted share


@dataclass(frozen=True)
class Wish:
    """A soft wish: so many images in these cells together, at `weight` an image of deviation.

    Attributes:
        key: its key below `plan`, such as `shares.age.60+`.
        members: int64 (members,), cells; those without photos stay empty.
    """

    key: str
    members: np.ndarray
    wanted: int
    weight: int


@dataclass(frozen=True)
class Limit:
    """A floor or a ceiling on the images in these cells together; None: no such end."""

    key: str
    members: np.ndarray
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Problem:
    """What is wanted of each cell, in whole numbers; cells without photos stay empty.

    Attributes:
        available: int64 (cells,), photos.
        keep: int64 (cells,), least originals to keep.
        caps: int64 (cells,), most copies of one photo.
        total: images in all.
        wishes: the soft ones.
        limits: the hard ones; the last one is the total, unless it is free.
        scale: what the wishes' weights were multiplied by to make them whole.
        where: `params.yaml: plan`, for messages.
    """

    available: np.ndarray
    keep: np.ndarray
    caps: np.ndarray
    total: int
    wishes: tuple[Wish, ...] = ()
    limits: tuple[Limit, ...] = ()
    scale: int = 1
    where: str = "params.yaml: plan"

    @property
    def rows(self) -> tuple[Wish | Limit, ...]:
        """Everything that adds up some cells: the wishes, then the limits."""
        return (*self.wishes, *self.limits)

    @property
    def vast(self) -> bool:
        """Whether there are so many cells that the dozens of plans of a curve or a list would take minutes."""
        return len(self.available) > VAST

    @property
    def most(self) -> np.ndarray:
        """int64 (cells,): each cell's largest target, every original and every copy allowed."""
        return self.available * (1 + self.caps)


def problem(plan: Plan, cells: Cells, available: np.ndarray, total: int, factors: Factors, where: str) -> Problem:
    """State the wishes over the given photos.

    Args:
        plan: the section.
        cells: the axes.
        available: int64 (cells,), photos.
        total: what `plan.total` came to.
        factors: of the committed emphasis; empty for none.
        where: `params.yaml: plan`, for messages.
    Raises:
        UserError: an unknown axis, value or pattern.
    """
    weights, scale = _weights(plan, cells, where)
    wishes = [*_marginals(plan, cells, available, total, factors, weights, where)]
    for pattern, count in plan.joint.items():
        members = np.flatnonzero(cells.match(pattern, f"{where}.joint.{pattern}"))
        wishes.append(Wish(f"joint.{pattern}", members, count, weights[JOINT]))
    limits = [
        *(
            Limit(f"floors.{key}", np.flatnonzero(mask), least=n)
            for key, mask, n in _counts(plan.floors, cells, f"{where}.floors")
        ),
        *(
            Limit(f"ceilings.{key}", np.flatnonzero(mask), most=n)
            for key, mask, n in _counts(plan.ceilings, cells, f"{where}.ceilings")
        ),
    ]
    limits.append(Limit(TOTAL, np.arange(len(cells)), total, total))
    keep = least_kept(plan.keep, available)
    return Problem(available, keep, caps(plan, cells, where)[0], total, tuple(wishes), tuple(limits), scale, where)


def least_kept(keep: str | float, available: np.ndarray) -> np.ndarray:
    """int64 (cells,): the least originals to keep, each cell's share rounded up."""
    share = Fraction(1) if isinstance(keep, str) else Fraction(str(keep))
    return -(-available * share.numerator // share.denominator)


def caps(plan: Plan, cells: Cells, where: str) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """The largest number of copies of one photo in each cell.

    The least of the numbers given for the cell's axis values; the default where none is given.

    Returns:
        int64 (cells,) the numbers; the keys below `plan` that give them; int64 (cells,) which one does.
    Raises:
        UserError: an unknown axis or value.
    """
    given = plan.max_copies
    if isinstance(given, int):
        return np.full(len(cells), given, np.int64), ("max_copies",), np.zeros(len(cells), np.int64)
    default = given.get(DEFAULT, 12)
    if not isinstance(default, int):
        raise UserError(f"{where}.max_copies.{DEFAULT}", "a whole number", "a map", "Write one number")
    most, by, keys = np.full(len(cells), default, np.int64), np.zeros(len(cells), np.int64), [f"max_copies.{DEFAULT}"]
    named = {axis: values for axis, values in given.items() if axis != DEFAULT}
    for key, mask, number in _counts(named, cells, f"{where}.max_copies", nested=True):
        tighter = mask & ((by == 0) | (number < most))
        keys.append(f"max_copies.{key}")
        most[tighter], by[tighter] = number, len(keys) - 1
    return most, tuple(keys), by


def _weights(plan: Plan, cells: Cells, where: str) -> tuple[dict[str, int], int]:
    for name in (*plan.shares, *plan.weights):
        if name not in cells.names and not (name == JOINT and name in plan.weights):
            key = "shares" if name in plan.shares else "weights"
            raise UserError(
                f"{where}.{key}.{name}", f"an axis ({', '.join(cells.names)})", repr(name), "Correct the key"
            )
    exact = {name: Fraction(str(plan.weights.get(name, 1))) for name in (*cells.names, JOINT)}
    scale = lcm(*(weight.denominator for weight in exact.values()))
    return {name: int(weight * scale) for name, weight in exact.items()}, scale


def _marginals(
    plan: Plan,
    cells: Cells,
    available: np.ndarray,
    total: int,
    factors: Factors,
    weights: Mapping[str, int],
    where: str,
) -> list[Wish]:
    wishes, grid = [], cells.grid()
    for i, axis in enumerate(cells.axes):
        if axis.name not in plan.shares:
            continue
        present = np.bincount(grid[:, i], weights=available, minlength=len(axis.values)).astype(np.int64)
        wanted = shares(plan, axis, present, factors.get(axis.name, {}), f"{where}.shares")
        for position, count in enumerate(largest_remainder(wanted, total)):
            members = np.flatnonzero(grid[:, i] == position)
            wishes.append(Wish(f"shares.{axis.name}.{axis.values[position]}", members, count, weights[axis.name]))
    return wishes


def _counts(
    given: Mapping[str, int | Mapping[str, int]], cells: Cells, where: str, nested: bool = False
) -> list[tuple[str, np.ndarray, int]]:
    """(key, mask of cells, count) for `pattern: count` and `axis: {value: count}`."""
    found = []
    for key, value in given.items():
        if isinstance(value, int) and not nested:
            found.append((key, cells.match(key, f"{where}.{key}"), value))
            continue
        if key not in cells.names or isinstance(value, int):
            form = f"an axis ({', '.join(cells.names)}) with its values"
            raise UserError(f"{where}.{key}", form, repr(value), "Correct the key")
        axis, column = cells[key], cells.grid()[:, cells.names.index(key)]
        for label, number in value.items():
            position = axis.index(label)
            if position is None:
                raise UserError(
                    f"{where}.{key}.{label}", f"one of {', '.join(axis.values)}", repr(label), "Correct the label"
                )
            found.append((f"{key}.{axis.values[position]}", column == position, number))
    return found


def mean_target(problem: Problem) -> int:
    """The mean target of the cells that have photos, rounded, half to even."""
    filled = int((problem.available > 0).sum())
    return round(Fraction(problem.total, filled)) if filled else 0
