"""Solve a formulation level by level, each to proven optimality before the next.

A level is solved as a linear programme. Its dual prices, rounded to fractions, give a bound
that is computed in whole numbers, so that no tolerance of the solver's enters the proof: for
any prices the Lagrangian is a bound (Geoffrion 1974, "Lagrangean relaxation for integer
programming"). The bound is raised to the next value that the level can take. Where a vertex
is whole it meets the bound; where it is not, a small integer programme around the vertex
almost always does; where that does not, the gap fixes all variables whose price exceeds it,
and branch and bound decides among the rest. What the next levels may still choose is the box
that the prices leave (reduced-cost fixing), so that they become smaller and smaller.

There is no time limit: a plan must not depend on the machine's speed. After `nodes` nodes a
level is given up, and the result says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array

from balance.formulation import COPIES, DEVIATION, LEVELS, MOST, ORDER, SPREAD, Box, Formulation, Segments
from manifests.errors import UserError

SCALE = 720_720  # least common multiple of 1..16: the denominators that dual prices have
_WHOLE = 1e-6


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


@dataclass(frozen=True)
class State:
    """What earlier levels leave: a box, and objectives that must not rise above their value."""

    box: Box
    held: tuple[tuple[int, int], ...] = ()
    incumbent: np.ndarray | None = None


@dataclass
class Relaxed:
    """A level's linear programme, solved: the vertex, and a proof in whole numbers."""

    target: np.ndarray  # float64 (cells with photos,)
    bound: int  # SCALE times the bound, exact
    segments: Segments
    reduced: np.ndarray  # int64 (segments,), SCALE times the reduced costs, exact
    prices: np.ndarray = field(default_factory=lambda: np.zeros(0))


class Unsolvable(Exception):
    """No plan satisfies the hard wishes."""


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
        box = (
            state.box if best is None else _within(f, state.box, relaxed, SCALE * f.value(level, best) - relaxed.bound)
        )
        target, bound = integer(f, replace(state, box=box), level, nodes)
        best = _better(f, level, state, best, target)
        if best is None:
            raise _given_up(nodes) if bound is not None else Unsolvable
        value = f.value(level, best)
        least = max(least, value if bound is None else min(value, _next_value(f, level, state.box, bound)))
    value = f.value(level, best)
    gap = SCALE * value - relaxed.bound
    held = state.held if gap == 0 else (*state.held, (level, value))
    after = State(_within(f, state.box, relaxed, gap), held, best)
    return Level(LEVELS[min(level, ORDER)], value, least), after, relaxed


def relax(f: Formulation, state: State, level: int, direction: np.ndarray | None = None) -> Relaxed:
    """Solve a level's linear programme and prove its bound in whole numbers.

    Args:
        direction: int64 (cells with photos,), slopes of a linear objective in place of the level's.
    Raises:
        Unsolvable: no fractional plan satisfies the hard wishes, so no whole one does.
    """
    if state.box.empty:
        raise Unsolvable
    segments = f.segments(state.box, _levels(state, level))
    cost = segments.slopes[0]
    matrix, rhs, room = _constraints(f, state, segments)
    found = (
        linprog(
            cost,
            A_eq=matrix,
            b_eq=rhs,
            A_ub=segments.slopes[1:] if state.held else None,
            b_ub=room if state.held else None,
            bounds=np.stack([np.zeros(len(cost)), segments.length], axis=1),
            method="highs-ds",
        )
        if len(cost)
        else None
    )
    if found is None:
        if rhs.any():
            raise Unsolvable
        prices, ceilings, x = np.zeros(len(rhs)), np.zeros(0), np.zeros(0)
    elif found.status == 2:
        raise Unsolvable
    elif found.x is None:
        raise UserError("balance.plan", "a solved linear programme", found.message, "Scale the wishes down")
    else:
        prices, ceilings, x = found.eqlin.marginals, found.ineqlin.marginals, found.x
    cells = segments.variable < f.size
    target = state.box.low[: f.size] + np.bincount(segments.variable[cells], x[cells], minlength=f.size)
    bound, reduced = _proof(f, state, level, segments, matrix, rhs, room, prices, ceilings)
    return Relaxed(target, bound, segments, reduced, prices)


def _proof(
    f: Formulation,
    state: State,
    level: int,
    segments: Segments,
    matrix: csc_array,
    rhs: np.ndarray,
    room: np.ndarray,
    prices: np.ndarray,
    ceilings: np.ndarray,
) -> tuple[int, np.ndarray]:
    """SCALE times the Lagrangian bound for the rounded prices, and SCALE times the reduced costs."""
    price = np.rint(prices * SCALE).astype(np.int64)
    ceiling = np.minimum(0, np.rint(ceilings * SCALE)).astype(np.int64)
    reduced = SCALE * segments.slopes[0] - matrix.T @ price
    if len(ceiling):
        reduced = reduced - ceiling @ segments.slopes[1:]
    falling = reduced < 0
    constant = SCALE * _cost_at(f, level, state.box.low)
    return constant + _dot(price, rhs) + _dot(ceiling, room) + _dot(reduced[falling], segments.length[falling]), reduced


def integer(f: Formulation, state: State, level: int, nodes: int) -> tuple[np.ndarray | None, int | None]:
    """Minimise a level over whole targets by branch and bound.

    Returns:
        int64 (cells with photos,) targets or None; the bound where `nodes` ran out, None where
        the targets are the best there are (or there are none).
    """
    if state.box.empty:
        return None, None
    segments = f.segments(state.box, _levels(state, level))
    matrix, rhs, room = _constraints(f, state, segments)
    target = state.box.low[: f.size].copy()
    if not len(segments.variable):
        return (None if rhs.any() or (room < 0).any() else target), None
    constraints = [LinearConstraint(matrix, rhs, rhs)]
    if state.held:
        constraints.append(LinearConstraint(segments.slopes[1:], -np.inf, room))
    cells = segments.variable < f.size
    found = milp(
        segments.slopes[0],
        integrality=cells.astype(int),
        bounds=Bounds(0, segments.length),
        constraints=constraints,
        options={"mip_rel_gap": 0, "node_limit": nodes},
    )
    bound = None if found.status in (0, 2) else _floor_bound(found, _cost_at(f, level, state.box.low))
    if found.x is None:
        return None, bound
    np.add.at(target, segments.variable[cells], np.rint(found.x[cells]).astype(np.int64))
    return target, bound


def _floor_bound(found: object, constant: int) -> int:
    bound = getattr(found, "mip_dual_bound", None)
    return constant + int(np.ceil(bound - _WHOLE)) if bound is not None and np.isfinite(bound) else -(1 << 62)


def _constraints(f: Formulation, state: State, segments: Segments) -> tuple[csc_array, np.ndarray, np.ndarray]:
    """The rows over segments, their right-hand side, and the room that each held objective has."""
    low = state.box.low
    matrix = f.columns[:, segments.variable]
    rhs = low[f.size :] - f.rows @ low[: f.size]
    room = np.array([value - _cost_at(f, level, low) for level, value in state.held], np.int64)
    return matrix, rhs, room


def _cost_at(f: Formulation, level: int, point: np.ndarray) -> int:
    """A level's objective where cells and sums lie at the low ends, which need not add up."""
    if level == DEVIATION:
        sums = point[f.size : f.size + len(f.wanted)]
        return sum((f.weight * np.abs(sums - f.wanted)).tolist())
    return f.value(level, point[: f.size])


def _levels(state: State, level: int) -> tuple[int, ...]:
    return (level, *(held for held, _ in state.held))


def _better(f: Formulation, level: int, state: State, *targets: np.ndarray | None) -> np.ndarray | None:
    """The best of the targets that satisfy everything, in whole numbers."""
    good = [t for t in targets if t is not None and _allowed(f, state, t)]
    return min(good, key=lambda t: f.value(level, t), default=None)


def _allowed(f: Formulation, state: State, target: np.ndarray) -> bool:
    sums = f.sums(target)
    inside = (sums >= state.box.low).all() and (sums <= state.box.high).all()
    return bool(inside) and all(f.value(level, target) <= value for level, value in state.held)


def _within(f: Formulation, box: Box, relaxed: Relaxed, gap: int) -> Box:
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
    price[np.abs(relaxed.target - near) > _WHOLE] = -1
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


def _dot(a: np.ndarray, b: np.ndarray) -> int:
    return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))


def _given_up(nodes: int) -> UserError:
    return UserError(
        "params.yaml: plan.nodes", "enough nodes to find a plan", nodes, "Raise it, or simplify the wishes"
    )
