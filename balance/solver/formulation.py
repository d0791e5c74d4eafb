"""The plan as a linear programme over segments, level by level.

Keeping an original is always better than replacing it by a copy: at a given target the third
and fourth level want the fewest copies, and the first two do not see the difference. So
keep = min(target, available), augment = the rest, and a plan is its target vector alone.

Variables are the images of each cell with photos, then one sum per row: a soft target or a
constraint adds up some cells, the total all. Each variable has a box of whole numbers and, on
each level, a convex cost that is linear between whole numbers:

    1 deviation   weight * |sum - wanted|, of the soft targets' sums
    2 spread      |target - mean|
    3 copies      copies squared over the persons, which are the photos unless `max_copies_of` says
                  otherwise: each of n copied q times, r of them once more, is n q^2 + r (2q + 1)
    4 synthesise  max(0, target - available)
    5 order       (1-based cell number)^3 mod 999,983, times target: a fixed linear order that
                  prefers one plan among equals. Weights that grow evenly with the cell's number
                  would not: with fixed marginals such a sum is constant.

A variable is cut into segments where a cost bends, so that each level is linear in the
segments and its optimum is attained on whole numbers of a box (Ahuja, Magnanti and Orlin 1993,
"Network Flows", section 14).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import gcd

import numpy as np
from scipy.sparse import csc_array, eye_array, hstack

from balance.solver.problem import Problem, mean_target
from manifests.core.errors import UserError
from manifests.sections.plan import JOINT

LEVELS = ("deviation", "spread", "copies", "synthesise", "order")
DEVIATION, SPREAD, COPIES, SYNTHESISE, ORDER, MOST = range(6)  # MOST + i: the most of the i-th cell
PRIME = 999_983
UNBOUNDED = 1 << 40
BENDS = 2_000_000  # of the third level; more would take gigabytes


@dataclass(frozen=True)
class Box:
    """Least and most of every variable, int64 (variables,): cells with photos, then rows."""

    low: np.ndarray
    high: np.ndarray

    @property
    def empty(self) -> bool:
        """Whether some variable has no value left."""
        return bool((self.low > self.high).any())


@dataclass(frozen=True)
class Segments:
    """The columns of one linear programme.

    Attributes:
        variable: int64 (segments,), ascending.
        start: int64 (segments,), ascending within a variable.
        length: int64 (segments,), 1 or more.
        slopes: int64 (levels asked for, segments), each ascending within a variable.
    """

    variable: np.ndarray
    start: np.ndarray
    length: np.ndarray
    slopes: np.ndarray


def order_weights(cells: np.ndarray) -> np.ndarray:
    """int64 (cells,): the fifth level's weight of each cell number."""
    return np.array([pow(cell + 1, 3, PRIME) for cell in cells.tolist()], np.int64)


class Formulation:
    """A problem's variables, rows and costs."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.cells = np.flatnonzero(problem.available > 0)
        self.available = problem.available[self.cells]
        self.persons = problem.persons[self.cells]
        self.keep = problem.keep[self.cells]
        self.mean = mean_target(problem)
        self.order = order_weights(self.cells)

    @property
    def size(self) -> int:
        """Cells with photos."""
        return len(self.cells)

    @cached_property
    def rows(self) -> csc_array:
        """int64 (rows, cells with photos): which cells a row adds up; first the soft targets, then the constraints."""
        position = np.full(len(self.problem.available), -1, np.int64)
        position[self.cells] = np.arange(self.size)
        groups = [position[row.members] for row in self.problem.rows]
        groups = [group[group >= 0] for group in groups]
        row = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
        column = np.concatenate(groups) if groups else np.zeros(0, np.int64)
        return csc_array((np.ones(len(column), np.int64), (row, column)), shape=(len(groups), self.size))

    @cached_property
    def columns(self) -> csc_array:
        """int64 (rows, variables): targets less sums, zero in every plan."""
        return csc_array(hstack([self.rows, -eye_array(self.rows.shape[0], dtype=np.int64)]))

    @cached_property
    def granule(self) -> int:
        """What the deviation is a multiple of: over a whole axis the deviations add up to 0, so it is even there."""
        return gcd(*(each.weight * (1 if each.key.startswith(JOINT) else 2) for each in self.problem.targets))

    @cached_property
    def wanted(self) -> np.ndarray:
        """int64 (soft targets,)."""
        return np.array([each.wanted for each in self.problem.targets], np.int64)

    @cached_property
    def weight(self) -> np.ndarray:
        """int64 (soft targets,)."""
        return np.array([each.weight for each in self.problem.targets], np.int64)

    @cached_property
    def box(self) -> Box:
        """What the hard constraints allow each variable by itself."""
        problem, constraints = self.problem, self.problem.constraints
        low, high = self.keep, problem.most[self.cells]
        free = len(problem.targets)
        least = [*[0] * free, *(each.least or 0 for each in constraints)]
        most = [*[UNBOUNDED] * free, *(UNBOUNDED if each.most is None else each.most for each in constraints)]
        reach_low, reach_high = self.rows @ low, self.rows @ high
        return Box(
            np.concatenate([low, np.maximum(reach_low, np.array(least, np.int64))]),
            np.concatenate([high, np.minimum(reach_high, np.array(most, np.int64))]),
        )

    @cached_property
    def scattered(self) -> np.ndarray:
        """int64 (cells with photos,): all cells, so that the first of them lie anywhere."""
        return np.argsort(-self.order, kind="stable")

    def sums(self, target: np.ndarray) -> np.ndarray:
        """int64 (variables,): the targets int64 (cells with photos,) with their rows' sums."""
        return np.concatenate([target, self.rows @ target])

    def value(self, level: int, target: np.ndarray) -> int:
        """A level's objective at int64 targets (cells with photos,)."""
        if level == DEVIATION:
            sums = (self.rows @ target)[: len(self.wanted)]
            return sum((self.weight * np.abs(sums - self.wanted)).tolist())
        if level == SPREAD:
            return int(np.abs(target - self.mean).sum())
        if level == ORDER:
            return sum((self.order * target).tolist())
        if level >= MOST:
            return -int(target[level - MOST])
        augment = np.maximum(0, target - self.available)
        if level == SYNTHESISE:
            return int(augment.sum())
        each, over = np.divmod(augment, self.persons)
        return int((self.persons * each * each + over * (2 * each + 1)).sum())

    def segments(self, box: Box, levels: Sequence[int]) -> Segments:
        """Cut each variable's box where a cost of `levels` bends; a fixed variable has no segment."""
        variable, start = [np.flatnonzero(box.high > box.low)], [box.low[box.high > box.low]]
        for level in levels:
            bend_variable, bend = self._bends(level, box)
            inside = (bend > box.low[bend_variable]) & (bend < box.high[bend_variable])
            variable.append(bend_variable[inside])
            start.append(bend[inside])
        pair = np.stack([np.concatenate(variable), np.concatenate(start)])
        if len(levels) > 1 or pair.shape[1] > len(variable[0]):
            pair = np.unique(pair, axis=1) if len(levels) > 1 else pair[:, np.lexsort((pair[1], pair[0]))]
        owner, begin = pair
        end = box.high[owner]
        same = np.flatnonzero(owner[1:] == owner[:-1])
        end[same] = begin[same + 1]
        slopes = [self._slope(level, owner, begin) for level in levels]
        return Segments(owner, begin, end - begin, np.array(slopes, np.int64).reshape(len(levels), len(owner)))

    def _bends(self, level: int, box: Box) -> tuple[np.ndarray, np.ndarray]:
        """(variables, points) where a level's cost changes its slope."""
        cells = np.arange(self.size)
        if level == DEVIATION:
            return self.size + np.arange(len(self.wanted)), self.wanted
        if level == SPREAD:
            return cells, np.full(self.size, self.mean)
        if level == SYNTHESISE:
            return cells, self.available
        if level >= ORDER:
            return cells[:0], cells[:0]
        low, high = (end[: self.size] - self.available for end in (box.low, box.high))  # copies; below 0 none
        first = np.maximum(0, low // self.persons + 1)
        count = np.maximum(0, (high - 1) // self.persons - first + 1)
        if count.sum() > BENDS:
            rule, remedy = f"at most {BENDS} numbers of copies to choose from", "Lower it, or plan.max_copies"
            raise UserError(".total", rule, count.sum(), remedy)
        owner = np.repeat(cells, count)
        step = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + first[owner]
        return owner, self.available[owner] + step * self.persons[owner]

    def _slope(self, level: int, variable: np.ndarray, start: np.ndarray) -> np.ndarray:
        """The cost of one image more at `start`."""
        cell = variable < self.size
        i = np.where(cell, variable, 0)
        if level == DEVIATION:
            soft = ~cell & (variable < self.size + len(self.wanted))
            w = np.where(soft, variable - self.size, 0)
            if not len(self.wanted):
                return np.zeros(len(variable), np.int64)
            return np.where(soft, np.where(start < self.wanted[w], -self.weight[w], self.weight[w]), 0)
        if level == SPREAD:
            return np.where(cell, np.where(start < self.mean, -1, 1), 0)
        if level == ORDER:
            return np.where(cell, self.order[i], 0)
        if level >= MOST:
            return np.where(variable == level - MOST, -1, 0)
        if level == SYNTHESISE:
            return np.where(cell & (start >= self.available[i]), 1, 0)
        return np.where(cell, np.maximum(0, 2 * ((start - self.available[i]) // self.persons[i]) + 1), 0)
