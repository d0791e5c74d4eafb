"""One level's linear programme with its proof, and the integer programme where that is not enough.

The linear programme's dual prices, rounded to fractions, give a bound that is computed in whole
numbers, so that no tolerance of the solver enters the proof: for any prices the Lagrangian is
a bound (Geoffrion 1974, "Lagrangean relaxation for integer programming").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csc_array

from balance.solver.formulation import COPIES, DEVIATION, Box, Formulation, Segments
from manifests.core.errors import UserError

SCALE = 720_720  # least common multiple of 1..16: the denominators that dual prices have
MANY = 5_000  # segments from which presolving costs more than it saves: the rows are few, the columns have bounds
WHOLE = 1e-6  # distance within which a solver's number is whole


@dataclass(frozen=True)
class Remaining:
    """What earlier levels leave: a box, objectives that must not rise above their value, and the best plan so far."""

    box: Box
    held: tuple[tuple[int, int], ...] = ()
    incumbent: np.ndarray | None = None


@dataclass(frozen=True)
class Programme:
    """One level's linear programme over segments.

    Attributes:
        segments: the columns; the first row of their slopes is this level's, the others those of the held levels.
        matrix: int64 (rows, segments), each row's images less its sum.
        rhs: int64 (rows,), what `matrix` times the segments must equal.
        room: int64 (held levels,), how much each held objective may add to its value at the low ends.
        constant: this level's objective at the low ends.
    """

    segments: Segments
    matrix: csc_array
    rhs: np.ndarray
    room: np.ndarray
    constant: int


@dataclass(frozen=True)
class Relaxed:
    """A level's linear programme, solved: the vertex, and a proof in whole numbers."""

    target: np.ndarray  # float64 (cells with photos,)
    bound: int  # SCALE times the bound, exact
    segments: Segments
    reduced: np.ndarray  # int64 (segments,), SCALE times the reduced costs, exact
    prices: np.ndarray  # float64 (rows,), the dual prices


class Unsolvable(Exception):
    """No plan satisfies the hard constraints."""


def relax(f: Formulation, remaining: Remaining, level: int) -> Relaxed:
    """Solve a level's linear programme and prove its bound in whole numbers.

    Raises:
        Unsolvable: no fractional plan satisfies the hard constraints, so no whole one does.
    """
    if remaining.box.empty:
        raise Unsolvable
    programme = _programme(f, remaining, level)
    segments, held = programme.segments, bool(remaining.held)
    prices, ceilings, x = np.zeros(len(programme.rhs)), np.zeros(0), np.zeros(0)
    if len(segments.length):
        for method, presolve in _methods(len(segments.length), level):
            found = linprog(
                segments.slopes[0],
                A_eq=programme.matrix,
                b_eq=programme.rhs,
                A_ub=segments.slopes[1:] if held else None,
                b_ub=programme.room if held else None,
                bounds=np.stack([np.zeros(len(segments.length)), segments.length], axis=1),
                method=method,
                options={"presolve": presolve},
            )
            if found.x is not None:
                break
        if found.status == 2:
            raise Unsolvable
        if found.x is None:
            remedy = "Make the numbers of the plan section smaller"
            raise UserError("balance.plan", "a solved linear programme", found.message, remedy)
        prices, ceilings, x = found.eqlin.marginals, found.ineqlin.marginals, found.x
    elif programme.rhs.any():
        raise Unsolvable
    cells = segments.variable < f.size
    target = remaining.box.low[: f.size] + np.bincount(segments.variable[cells], x[cells], minlength=f.size)
    return Relaxed(target, *_proof(programme, prices, ceilings), prices)


def _methods(segments: int, level: int) -> tuple[tuple[str, bool], ...]:
    """HiGHS's methods to try and whether each presolves, the fastest first: measured at 1,000 to 100,000 cells.

    The interior point method needs few steps, but its crossover many where a cell has many segments.
    """
    if segments < MANY:
        return (("highs-ds", True),)
    return (("highs-ds" if level == COPIES else "highs-ipm", False), ("highs-ds", True))


def _proof(programme: Programme, prices: np.ndarray, ceilings: np.ndarray) -> tuple[int, Segments, np.ndarray]:
    """SCALE times the Lagrangian bound for the rounded dual prices, the segments, and SCALE times the reduced costs."""
    segments = programme.segments
    price = np.rint(prices * SCALE).astype(np.int64)
    ceiling = np.minimum(0, np.rint(ceilings * SCALE)).astype(np.int64)
    reduced = SCALE * segments.slopes[0] - programme.matrix.T @ price
    if len(ceiling):
        reduced = reduced - ceiling @ segments.slopes[1:]
    falling = reduced < 0
    bound = SCALE * programme.constant + _dot(price, programme.rhs) + _dot(ceiling, programme.room)
    return bound + _dot(reduced[falling], segments.length[falling]), segments, reduced


def integer(f: Formulation, remaining: Remaining, level: int) -> tuple[np.ndarray | None, int | None]:
    """Minimise a level over whole numbers by branch and bound.

    Returns:
        int64 (cells with photos,) targets or None; the bound where the problem's `nodes` ran out, None where
        the targets are the best there are (or there are none).
    """
    if remaining.box.empty:
        return None, None
    programme = _programme(f, remaining, level)
    segments, target = programme.segments, remaining.box.low[: f.size].copy()
    if not len(segments.variable):
        return (None if programme.rhs.any() or (programme.room < 0).any() else target), None
    constraints = [LinearConstraint(programme.matrix, programme.rhs, programme.rhs)]
    if remaining.held:
        constraints.append(LinearConstraint(segments.slopes[1:], -np.inf, programme.room))
    cells = segments.variable < f.size
    found = milp(
        segments.slopes[0],
        integrality=cells.astype(int),
        bounds=Bounds(0, segments.length),
        constraints=constraints,
        options={"mip_rel_gap": 0, "node_limit": f.problem.nodes},
    )
    bound = None if found.status in (0, 2) else _floor_bound(found, programme.constant)
    if found.x is None:
        return None, bound
    np.add.at(target, segments.variable[cells], np.rint(found.x[cells]).astype(np.int64))
    return target, bound


def _floor_bound(found: object, constant: int) -> int:
    bound = getattr(found, "mip_dual_bound", None)
    return constant + int(np.ceil(bound - WHOLE)) if bound is not None and np.isfinite(bound) else -(1 << 62)


def _programme(f: Formulation, remaining: Remaining, level: int) -> Programme:
    low = remaining.box.low
    segments = f.segments(remaining.box, (level, *(held for held, _ in remaining.held)))
    rhs = low[f.size :] - f.rows @ low[: f.size]
    room = np.array([value - cost_at(f, held, low) for held, value in remaining.held], np.int64)
    return Programme(segments, f.columns[:, segments.variable], rhs, room, cost_at(f, level, low))


def cost_at(f: Formulation, level: int, point: np.ndarray) -> int:
    """A level's objective at a point where each sum is a variable of its own, which its cells need not add up to."""
    if level == DEVIATION:
        sums = point[f.size : f.size + len(f.wanted)]
        return sum((f.weight * np.abs(sums - f.wanted)).tolist())
    return f.value(level, point[: f.size])


def _dot(a: np.ndarray, b: np.ndarray) -> int:
    return sum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))
