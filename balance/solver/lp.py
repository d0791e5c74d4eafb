"""One level's linear programme with its proof, and the integer programme where that is not enough.

The linear programme's dual prices, rounded to fractions, give a bound that is computed in whole
numbers, so that no tolerance of the solver's enters the proof: for any prices the Lagrangian is
a bound (Geoffrion 1974, "Lagrangean relaxation for integer programming").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array

from balance.solver.formulation import DEVIATION, Box, Formulation, Segments
from manifests.core.errors import UserError

SCALE = 720_720  # least common multiple of 1..16: the denominators that dual prices have
WHOLE = 1e-6  # distance within which a solver's number is whole


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
    prices: np.ndarray  # float64 (rows,)


class Unsolvable(Exception):
    """No plan satisfies the hard wishes."""


def relax(f: Formulation, state: State, level: int) -> Relaxed:
    """Solve a level's linear programme and prove its bound in whole numbers.

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
    constant = SCALE * cost_at(f, level, state.box.low)
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
    bound = None if found.status in (0, 2) else _floor_bound(found, cost_at(f, level, state.box.low))
    if found.x is None:
        return None, bound
    np.add.at(target, segments.variable[cells], np.rint(found.x[cells]).astype(np.int64))
    return target, bound


def _floor_bound(found: object, constant: int) -> int:
    bound = getattr(found, "mip_dual_bound", None)
    return constant + int(np.ceil(bound - WHOLE)) if bound is not None and np.isfinite(bound) else -(1 << 62)


def _constraints(f: Formulation, state: State, segments: Segments) -> tuple[csc_array, np.ndarray, np.ndarray]:
    """The rows over segments, their right-hand side, and the room that each held objective has."""
    low = state.box.low
    matrix = f.columns[:, segments.variable]
    rhs = low[f.size :] - f.rows @ low[: f.size]
    room = np.array([value - cost_at(f, level, low) for level, value in state.held], np.int64)
    return matrix, rhs, room


def cost_at(f: Formulation, level: int, point: np.ndarray) -> int:
    """A level's objective where cells and sums lie at the low ends, which need not add up."""
    if level == DEVIATION:
        sums = point[f.size : f.size + len(f.wanted)]
        return sum((f.weight * np.abs(sums - f.wanted)).tolist())
    return f.value(level, point[: f.size])


def _levels(state: State, level: int) -> tuple[int, ...]:
    return (level, *(held for held, _ in state.held))


def _dot(a: np.ndarray, b: np.ndarray) -> int:
    return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))
