"""The `plan` section over the given photos, in whole numbers: a `Problem`.

The section is read once. Another total or another largest number of copies is a variant of the same
problem: only the marginal targets depend on the total. They are share x total, rounded by largest
remainder (Hamilton's method), so that an axis' wanted counts add up to the total.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from math import lcm

import numpy as np

from balance.solver.limits import Caps, Room, caps, counts
from balance.solver.shares import wanted_shares
from balance.solver.targets import AxisShares, PairShares, Target
from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.sections.plan import INDEPENDENT, JOINT, PAIR, PHOTO, Plan

TOTAL = "total"
LARGE = 20_000  # cells
Factors = Mapping[str, Mapping[str, float]]  # axis -> value -> factor on its wanted share
Rooms = Callable[[int, np.ndarray], Room]  # of images that no cell needs more than, and of int64 (cells,), the caps
_LARGEST = 8  # times all photos: with `total: auto` and caps on pairs no cell gets room for more


@dataclass(frozen=True)
class Constraint:
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
        persons: int64 (cells,), among whom a cell's copies are split evenly, each up to the cap: its photos, or with
            `max_copies_of: person` the persons in them; with `pair` the persons, each up to a number of its own.
        keep_share: the least share of each cell's originals that stays.
        caps: the largest number of copies of one photo, of one person, or of one person alone and of one pair.
        room: copies that each cell may get within the caps.
        shares: what the targets of the axes, and of pairs of them, are computed from.
        total: images in all.
        targets: the soft targets, those of the marginals first.
        constraints: the hard ones; the last one is the total, unless it is free.
        scale: what the targets' weights were multiplied by to make them whole.
        nodes: branch-and-bound nodes for each integer programme.
        rooms: with `max_copies_of: pair`, how caps become room; else each person has that of the cap.
    """

    available: np.ndarray
    persons: np.ndarray
    keep_share: Fraction
    caps: Caps
    room: Room
    shares: tuple[AxisShares | PairShares, ...]
    total: int
    targets: tuple[Target, ...]
    constraints: tuple[Constraint, ...]
    scale: int
    nodes: int
    rooms: Callable[[np.ndarray], Room] | None = None

    @cached_property
    def keep(self) -> np.ndarray:
        """int64 (cells,): the least number of originals to keep, each cell's share rounded up."""
        return -(-self.available * self.keep_share.numerator // self.keep_share.denominator)

    @cached_property
    def most(self) -> np.ndarray:
        """int64 (cells,): each cell's largest target, every original and every copy allowed."""
        return self.available + self.room.cells

    @property
    def rows(self) -> tuple[Target | Constraint, ...]:
        """Everything that adds up some cells: the targets, then the constraints."""
        return (*self.targets, *self.constraints)

    @property
    def large(self) -> bool:
        """Whether there are so many cells that the dozens of plans of the reports would take minutes."""
        return len(self.available) > LARGE

    def with_total(self, total: int) -> Problem:
        """The same problem for another total."""
        marginal = [target for shares in self.shares for target in shares.targets(total)]
        joint = [target for target in self.targets if target.key.startswith(JOINT)]
        fixed = Constraint(TOTAL, np.arange(len(self.available)), total, total)
        bounds = self.without_total().constraints
        return replace(self, total=total, targets=(*marginal, *joint), constraints=(*bounds, fixed))

    def without_total(self) -> Problem:
        """The same problem without the constraint on the total."""
        return replace(self, constraints=tuple(each for each in self.constraints if each.key != TOTAL))

    def with_new_persons(self, photos: np.ndarray) -> Problem:
        """The same problem with int64 (cells,) new photos, each of a new person."""
        room = replace(self.room, cells=self.room.cells + photos * self.caps.copies)
        return replace(self, available=self.available + photos, persons=self.persons + photos, room=room)

    def with_copies(self, copies: np.ndarray | int) -> Problem:
        """The same problem for other caps: int64 (cells,), or one number for all cells."""
        copies = np.zeros_like(self.available) + copies
        room = Room(self.persons * copies) if self.rooms is None else self.rooms(copies)
        return replace(self, caps=replace(self.caps, copies=copies), room=room)

    def with_useful_copies(self) -> Problem:
        """The same problem, each cap of the total or more reduced to what fills its cell with the total.

        The third level has a variable for each number of copies that a photo may get: caps that no plan can
        reach would cost minutes.
        """
        if self.rooms is not None:  # its room is no larger than what is needed
            return self
        enough = -(-self.total // np.maximum(1, self.persons))
        return self.with_copies(np.where(self.caps.copies >= self.total, enough, self.caps.copies))


def parse(
    plan: Plan,
    cells: Cells,
    available: np.ndarray,
    factors: Factors,
    persons: np.ndarray | None = None,
    rooms: Rooms | None = None,
) -> Problem:
    """Read the targets and constraints of the section.

    Args:
        plan: the section; `total: auto` is read as a total of 1.
        cells: the axes.
        available: int64 (cells,), photos.
        factors: of the committed emphasis; empty for none.
        persons: int64 (cells,), persons in the photos; None where nobody knows.
        rooms: for `max_copies_of: pair`, as of `Problem`.
    Raises:
        UserError: an unknown axis, value or pattern, or a cap per person without persons.
    """
    weights, scale = _weights(plan, cells)
    every = {each.axis.name: each for each in _shares(plan, cells, available, factors, weights)}
    named = [every[name] for name in cells.names if name in plan.shares]
    shares: tuple[AxisShares | PairShares, ...] = (*named, *_pairs(plan, cells, every, weights[INDEPENDENT]))
    joint = tuple(
        Target(f"joint.{key}", members, number, weights[JOINT])
        for key, members, number in counts("joint", plan.joint, cells)
    )
    floors = [Constraint(f"floors.{key}", cell, least=n) for key, cell, n in counts("floors", plan.floors, cells)]
    ceilings = [
        Constraint(f"ceilings.{key}", cell, most=n) for key, cell, n in counts("ceilings", plan.ceilings, cells)
    ]
    share = Fraction(1) if isinstance(plan.keep, str) else Fraction(str(plan.keep))
    total = 1 if plan.total == "auto" else images(plan.total, int(available.sum()))
    split = available if plan.max_copies_of == PHOTO else persons
    if split is None:
        rule = f"{PHOTO} for a plan from counts, which do not say who is who"
        raise UserError(".max_copies_of", rule, plan.max_copies_of, "Remove the key, or plan from photos")
    limits, bounds = caps(plan, cells), (*floors, *ceilings)
    ample = sum(each.least or 0 for each in bounds) + (
        _LARGEST * int(available.sum()) if plan.total == "auto" else total
    )
    found = partial(rooms, ample) if rooms is not None and plan.max_copies_of == PAIR else None
    none = Room(np.zeros_like(available))
    made = Problem(available, split, share, limits, none, shares, total, joint, bounds, scale, plan.nodes, found)
    return made.with_copies(limits.copies).with_total(total)


def images(total: int | str, originals: int) -> int:
    """`plan.total` in images: as written, or `3x` the originals, rounded down, at least 1."""
    return total if isinstance(total, int) else max(1, int(Fraction(total.removesuffix("x")) * originals))


def _weights(plan: Plan, cells: Cells) -> tuple[dict[str, int], int]:
    """Axis, `independent` or `joint` -> whole weight; and what the weights were multiplied by."""
    further = (INDEPENDENT, JOINT)
    for name in (*plan.shares, *plan.independent, *plan.weights):
        if name not in cells.names and not (name in further and name in plan.weights):
            key = "shares" if name in plan.shares else INDEPENDENT if name in plan.independent else "weights"
            with located(f".{key}.{name}"):
                cells.named(name)
    exact = {name: Fraction(str(plan.weights.get(name, 1))) for name in (*cells.names, *further)}
    scale = lcm(*(weight.denominator for weight in exact.values()))
    return {name: int(weight * scale) for name, weight in exact.items()}, scale


def _shares(
    plan: Plan, cells: Cells, available: np.ndarray, factors: Factors, weights: Mapping[str, int]
) -> Iterator[AxisShares]:
    """Of every axis; one that `shares` does not name is natural."""
    for axis, position in zip(cells.axes, cells.grid().T, strict=True):
        photos = np.bincount(position, weights=available, minlength=len(axis.values)).astype(np.int64)
        with located(f".shares.{axis.name}"):
            wanted = wanted_shares(plan.shares.get(axis.name, "natural"), axis, photos, factors.get(axis.name, {}))
        yield AxisShares(axis, position, tuple(wanted), weights[axis.name])


def _pairs(plan: Plan, cells: Cells, every: Mapping[str, AxisShares], weight: int) -> Iterator[PairShares]:
    """Each axis that is to be independent with each other one; two such axes once."""
    for at, name in enumerate(cells.names):
        for other in cells.names[at + 1 :]:
            if name in plan.independent or other in plan.independent:
                pair = (name, other) if name in plan.independent else (other, name)
                one, two = (every[axis] for axis in pair)
                patterns = tuple(tuple(_pattern(cells, {pair[0]: a, pair[1]: b}) for b in two.axis.values)
                                 for a in one.axis.values)  # fmt: skip
                yield PairShares(one, two, patterns, weight)


def _pattern(cells: Cells, values: Mapping[str, str]) -> str:
    return "|".join(values.get(axis, "*") for axis in cells.names)


def mean_target(problem: Problem) -> int:
    """The mean target of the cells that have photos, rounded, half to even."""
    filled = int((problem.available > 0).sum())
    return round(Fraction(problem.total, filled)) if filled else 0
