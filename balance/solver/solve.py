"""Solve a formulation level by level, each to proven optimality before the next.

A level is solved as a linear programme. `balance.solver.lp` proves its bound in whole numbers, and the
bound is raised to the next value that the level can take. Where the vertex is whole, it meets
the bound; where it is not, a small integer programme around the vertex almost always does;
where that does not, the gap fixes all variables whose reduced cost exceeds it, and branch and bound
decides among the rest. The next levels may choose within the box that the reduced costs leave
(reduced-cost fixing), so that each level's programme is smaller than the one before.

There is no time limit: a plan must not depend on the machine's speed. After the problem's `nodes` nodes
a level is given up, and the result says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from balance.solver.formulation import COPIES, DEVIATION, LEVELS, MOST, ORDER, SPREAD, Box, Formulation
from balance.solver.lp import SCALE, WHOLE, Relaxed, Remaining, Unsolvable, integer, relax
from balance.solver.problem import Problem
from manifests.core.errors import UserError


@dataclass(frozen=True)
class Level:
    """What one level came to: `proven` says that no plan is better."""

    name: str
    value: int
    bound: int

    @property
    def proven(self) -> bool:
        """Whether the bound is met."""
        return self.value == self.bound

    @property
    def gap(self) -> int:
        """Value less bound."""
        return self.value - self.bound


@dataclass(frozen=True)
class Solution:
    """A solved problem.

    Attributes:
        target: int64 (cells,), images of each cell.
        levels: what each level came to.
        prices: float64 (rows,), the first level's dual prices: deviation saved by one image more in a
            target, a constraint or the total.
    """

    target: np.ndarray
    levels: tuple[Level, ...]
    prices: np.ndarray


def solve(
    problem: Problem, levels: tuple[int, ...] = tuple(range(len(LEVELS))), advance: Callable[[], object] = lambda: None
) -> Solution:
    """Find the plan.

    Args:
        problem: the targets and constraints.
        levels: all, or the first few where only their value is asked for.
        advance: called after each level.
    Raises:
        Unsolvable: the hard constraints contradict one another.
    """
    f = Formulation(problem)
    remaining, done, prices = Remaining(f.box), [], np.zeros(0)
    for level in levels:
        result, remaining, relaxed = _solve_level(f, remaining, level)
        done.append(result)
        if level == DEVIATION:
            prices = relaxed.prices
        if level == ORDER:
            remaining = _single_out(f, remaining)
        advance()
    target = np.zeros(len(problem.available), np.int64)
    if remaining.incumbent is not None:
        target[f.cells] = remaining.incumbent
    return Solution(target, tuple(done), prices)


def _solve_level(f: Formulation, remaining: Remaining, level: int) -> tuple[Level, Remaining, Relaxed]:
    """Minimise one level over what the earlier ones leave."""
    relaxed = relax(f, remaining, level)
    least = _next_value(f, level, remaining.box, -(-relaxed.bound // SCALE))
    best = _better(f, level, remaining, remaining.incumbent, np.rint(relaxed.target).astype(np.int64))
    split = int((np.abs(relaxed.target - np.rint(relaxed.target)) > WHOLE).sum())
    for size in _cores(f.size):
        if best is not None and f.value(level, best) == least:
            break
        if split > size // 2:  # a cell that the vertex splits would not be free
            continue
        core = _core(f, _within(remaining.box, relaxed, SCALE * least - relaxed.bound), relaxed, size)
        best = _better(f, level, remaining, best, integer(f, replace(remaining, box=core), level)[0])
    if best is None or f.value(level, best) > least:
        box = remaining.box
        if best is not None:
            box = _within(box, relaxed, SCALE * f.value(level, best) - relaxed.bound)
        target, bound = integer(f, replace(remaining, box=box), level)
        best = _better(f, level, remaining, best, target)
        if best is None:
            raise _given_up(f) if bound is not None else Unsolvable
        value = f.value(level, best)
        least = max(least, value if bound is None else min(value, _next_value(f, level, remaining.box, bound)))
    value = f.value(level, best)
    gap = SCALE * value - relaxed.bound
    held = remaining.held if gap == 0 else (*remaining.held, (level, value))
    box = _within(remaining.box, relaxed, gap)
    if level == DEVIATION and value == 0:
        box = _on_target(f, box)
    after = Remaining(box, held, best)
    return Level(LEVELS[min(level, ORDER)], value, least), after, relaxed


def _better(f: Formulation, level: int, remaining: Remaining, *targets: np.ndarray | None) -> np.ndarray | None:
    """The best of the targets that satisfy everything, in whole numbers."""
    good = [t for t in targets if t is not None and _allowed(f, remaining, t)]
    return min(good, key=lambda t: f.value(level, t), default=None)


def _allowed(f: Formulation, remaining: Remaining, target: np.ndarray) -> bool:
    sums = f.sums(target)
    inside = (sums >= remaining.box.low).all() and (sums <= remaining.box.high).all()
    return bool(inside) and all(f.value(level, target) <= value for level, value in remaining.held)


def _within(box: Box, relaxed: Relaxed, gap: int) -> Box:
    """The box of all plans whose level is within `gap` (times SCALE) of the bound."""
    segments, reduced = relaxed.segments, relaxed.reduced
    steps = np.where(reduced == 0, segments.length, np.minimum(segments.length, gap // np.maximum(1, np.abs(reduced))))
    down = reduced < 0
    size = len(box.low)

    def count(chosen: np.ndarray, number: np.ndarray) -> np.ndarray:
        return np.bincount(segments.variable[chosen], number[chosen], minlength=size).astype(np.int64)

    best = box.low + count(down, segments.length)
    return Box(np.maximum(box.low, best - count(down, steps)), np.minimum(box.high, best + count(~down, steps)))


def _on_target(f: Formulation, box: Box) -> Box:
    """The box, with the sums fixed that can't move where nothing deviates; other dual prices leave other ones open."""
    low, high = box.low.copy(), box.high.copy()
    fixed = f.size + np.flatnonzero(f.weight)
    low[fixed] = high[fixed] = f.wanted[f.weight > 0]
    return Box(low, high)


def _cores(size: int) -> tuple[int, ...]:
    return tuple(number for number in (64, 512, 1024, 2048, 4096) if number * 2 <= size)


def _core(f: Formulation, box: Box, relaxed: Relaxed, size: int) -> Box:
    """The box, narrowed to the vertex but for `size` cells: half can move at the least reduced cost, half lie anywhere.

    Where prices are degenerate, the cells of least cost share a few rows: they alone can't mend the others' sums.
    """
    near = np.rint(relaxed.target).astype(np.int64)
    cost = np.full(f.size, np.iinfo(np.int64).max)
    cells = relaxed.segments.variable < f.size
    np.minimum.at(cost, relaxed.segments.variable[cells], np.abs(relaxed.reduced[cells]))
    cost[np.abs(relaxed.target - near) > WHOLE] = -1
    cheap = np.lexsort((f.order, cost))[: size // 2]
    anywhere = f.scattered[:size]
    free = np.concatenate([cheap, anywhere[~np.isin(anywhere, cheap)][: size - len(cheap)]])
    low, high = box.low.copy(), box.high.copy()
    low[: f.size], high[: f.size] = near, near
    low[free] = np.maximum(box.low[free], near[free] - 3)
    high[free] = np.minimum(box.high[free], near[free] + 3)
    return Box(low, high)


def _next_value(f: Formulation, level: int, box: Box, number: int) -> int:
    """The least value at or above `number` that the level can take, by parity."""
    step, rest = 1, 0
    if level == DEVIATION:
        step = f.granule
    elif level == SPREAD:
        step, rest = 2, f.problem.total - f.size * f.mean
    elif level == COPIES and (box.low[: f.size] >= f.available).all():
        step, rest = 2, f.problem.total - int(f.available.sum())  # a square is odd where its root is
    return number + (rest - number) % step if step else number


def _single_out(f: Formulation, remaining: Remaining) -> Remaining:
    """Of plans equal on every level, the one with the most images in the first cell, then the second, ..."""
    for i in np.flatnonzero(remaining.box.low[: f.size] < remaining.box.high[: f.size]).tolist():
        if _unique(f, remaining):  # asked again only where a cell was settled since
            break
        level, after, _ = _solve_level(f, remaining, MOST + i)
        low, high = remaining.box.low.copy(), remaining.box.high.copy()
        low[i] = high[i] = -level.value
        remaining = Remaining(Box(low, high), remaining.held, after.incumbent)
    return remaining


def _unique(f: Formulation, remaining: Remaining) -> bool:
    """Whether the rows alone determine what the box leaves open: its columns are independent."""
    moving = np.flatnonzero(remaining.box.low < remaining.box.high)
    if len(moving) > f.columns.shape[0]:
        return False
    rows = f.columns[:, moving].tocsr()
    while len(moving):  # what is alone in a row is determined by it, and leaves others alone in theirs
        alone = np.unique(rows[np.diff(rows.indptr) == 1].indices)
        if not len(alone):
            break
        moving = np.delete(moving, alone)
        rows = f.columns[:, moving].tocsr()
    return not len(moving) or int(np.linalg.matrix_rank(rows.toarray())) == len(moving)


def _given_up(f: Formulation) -> UserError:
    return UserError(".nodes", "enough nodes to find a plan", f.problem.nodes, "Raise it, or simplify the constraints")
