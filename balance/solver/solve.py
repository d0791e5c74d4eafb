"""Solve a formulation level by level, each to proven optimality before the next.

A level is solved as a linear programme, whose bound `balance.solver.lp` proves in whole numbers and
which is raised to the next value that the level can take. Where the vertex is whole it meets
the bound; where it is not, a small integer programme around the vertex almost always does;
where that does not, the gap fixes all variables whose price exceeds it, and branch and bound
decides among the rest. What the next levels may still choose is the box that the prices leave
(reduced-cost fixing), so that they become smaller and smaller.

There is no time limit: a plan must not depend on the machine's speed. After `nodes` nodes a
level is given up, and the result says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from balance.solver.formulation import COPIES, DEVIATION, LEVELS, MOST, ORDER, SPREAD, Box, Formulation
from balance.solver.lp import SCALE, WHOLE, Relaxed, State, Unsolvable, integer, relax
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
    """The plan: int64 (cells,) targets, the levels, and the first level's prices.

    Attributes:
        prices: float64 (rows,), deviation saved by one image more in a wish, limit or the total.
    """

    target: np.ndarray
    levels: tuple[Level, ...]
    prices: np.ndarray


def solve(formulation: Formulation, nodes: int, levels: tuple[int, ...] = tuple(range(len(LEVELS)))) -> Solution:
    """Find the plan.

    Args:
        formulation: of the problem.
        nodes: branch-and-bound nodes for each integer programme.
        levels: all, or the first few where only their value is asked for.
    Raises:
        Unsolvable: the hard wishes contradict one another.
    """
    state, done, prices = State(formulation.box), [], np.zeros(0)
    for level in levels:
        result, state, relaxed = solve_level(formulation, state, level, nodes)
        done.append(result)
        if level == DEVIATION:
            prices = relaxed.prices
        if level == ORDER:
            state = _single_out(formulation, state, nodes)
    target = np.zeros(len(formulation.problem.available), np.int64)
    if state.incumbent is not None:
        target[formulation.cells] = state.incumbent
    return Solution(target, tuple(done), prices)


def solve_level(f: Formulation, state: State, level: int, nodes: int) -> tuple[Level, State, Relaxed]:
    """Minimise one level over what the earlier ones leave."""
    relaxed = relax(f, state, level)
    least = _next_value(f, level, state.box, -(-relaxed.bound // SCALE))
    best = _better(f, level, state, state.incumbent, np.rint(relaxed.target).astype(np.int64))
    for size in _cores(f.size):
        if best is not None and f.value(level, best) == least:
            break
        core = _core(f, state.box, relaxed, size)
        best = _better(f, level, state, best, integer(f, replace(state, box=core), level, nodes)[0])
    if best is None or f.value(level, best) > least:
        box = state.box if best is None else _within(state.box, relaxed, SCALE * f.value(level, best) - relaxed.bound)
        target, bound = integer(f, replace(state, box=box), level, nodes)
        best = _better(f, level, state, best, target)
        if best is None:
            raise _given_up(f, nodes) if bound is not None else Unsolvable
        value = f.value(level, best)
        least = max(least, value if bound is None else min(value, _next_value(f, level, state.box, bound)))
    value = f.value(level, best)
    gap = SCALE * value - relaxed.bound
    held = state.held if gap == 0 else (*state.held, (level, value))
    after = State(_within(state.box, relaxed, gap), held, best)
    return Level(LEVELS[min(level, ORDER)], value, least), after, relaxed


def _better(f: Formulation, level: int, state: State, *targets: np.ndarray | None) -> np.ndarray | None:
    """The best of the targets that satisfy everything, in whole numbers."""
    good = [t for t in targets if t is not None and _allowed(f, state, t)]
    return min(good, key=lambda t: f.value(level, t), default=None)


def _allowed(f: Formulation, state: State, target: np.ndarray) -> bool:
    sums = f.sums(target)
    inside = (sums >= state.box.low).all() and (sums <= state.box.high).all()
    return bool(inside) and all(f.value(level, target) <= value for level, value in state.held)


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


def _cores(size: int) -> tuple[int, ...]:
    return tuple(number for number in (64, 512, 4096) if number * 2 <= size)


def _core(f: Formulation, box: Box, relaxed: Relaxed, size: int) -> Box:
    """The box, narrowed to the vertex but for the `size` cells that can move at the least price."""
    near = np.rint(relaxed.target).astype(np.int64)
    price = np.full(f.size, np.iinfo(np.int64).max)
    cells = relaxed.segments.variable < f.size
    np.minimum.at(price, relaxed.segments.variable[cells], np.abs(relaxed.reduced[cells]))
    price[np.abs(relaxed.target - near) > WHOLE] = -1
    free = np.lexsort((f.order, price))[:size]
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


def _single_out(f: Formulation, state: State, nodes: int) -> State:
    """Of plans equal on every level, the one with the most images in the first cell, then the second, ..."""
    for i in range(f.size):
        if _unique(f, state):
            break
        if state.box.low[i] < state.box.high[i]:
            level, after, _ = solve_level(f, state, MOST + i, nodes)
            low, high = state.box.low.copy(), state.box.high.copy()
            low[i] = high[i] = -level.value
            state = State(Box(low, high), state.held, after.incumbent)
    return state


def _unique(f: Formulation, state: State) -> bool:
    """Whether the rows alone fix what the box leaves open: its columns are independent."""
    moving = np.flatnonzero(state.box.low < state.box.high)
    if len(moving) > f.columns.shape[0]:
        return False
    return not len(moving) or int(np.linalg.matrix_rank(f.columns[:, moving].toarray())) == len(moving)


def _given_up(f: Formulation, nodes: int) -> UserError:
    where = f"{f.problem.where}.nodes"
    return UserError(where, "enough nodes to find a plan", nodes, "Raise it, or simplify the wishes")
