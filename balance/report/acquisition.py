"""Which new photos would bring the plan closest to the wish.

A linear programme buys the fewest photos that take the deviation as low as photos can: a photo
in a cell makes room for itself and its copies, and where originals stay it stays too. Each
purchase is then planned for real, alone, so that the list is in order of its effect for a photo.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, vstack

from balance.solver.formulation import DEVIATION, PRIME, Formulation, order_weights
from balance.solver.lp import Unsolvable
from balance.solver.planner import Planned
from balance.solver.problem import Problem, least_kept
from balance.solver.solve import solve

LONGEST = 12


@dataclass(frozen=True)
class Purchase:
    """So many new photos in a cell.

    Attributes:
        cell: the cell's number.
        photos: how many.
        saves: deviation saved by these alone.
        left: deviation left after these and all before them.
    """

    cell: int
    photos: int
    saves: float
    left: float


def shopping_list(planned: Planned) -> list[Purchase]:
    """The purchases, the largest effect for each photo first; empty where the wish is met, or the problem vast."""
    problem = planned.problem
    now = planned.solution.levels[0].value
    if now == 0 or problem.vast:
        return []
    wanted = _fewest_photos(planned)
    likely = np.argsort(-wanted, kind="stable")[: 2 * LONGEST]
    alone = {int(cell): now - _deviation(planned, {int(cell): int(wanted[cell])}) for cell in likely if wanted[cell]}
    order = sorted(alone, key=lambda cell: (-Fraction(alone[cell], int(wanted[cell])), cell))
    purchases: list[Purchase] = []
    bought: dict[int, int] = {}
    for cell in order[:LONGEST]:
        bought[cell] = int(wanted[cell])
        left = _deviation(planned, bought) / problem.scale
        purchases.append(Purchase(cell, bought[cell], alone[cell] / problem.scale, left))
    return purchases


def _deviation(planned: Planned, bought: dict[int, int]) -> int:
    """The first level's value with more photos, the wanted counts as they are."""
    problem, available = planned.problem, planned.problem.available.copy()
    for cell, number in bought.items():
        available[cell] += number
    more = replace(problem, available=available, keep=least_kept(planned.section.keep, available))
    try:
        return solve(Formulation(more), planned.section.nodes, (DEVIATION,)).levels[0].value
    except Unsolvable:  # more originals must stay than the total holds
        return planned.solution.levels[0].value


def _fewest_photos(planned: Planned) -> np.ndarray:
    """int64 (cells,): photos to buy in each cell, rounded up."""
    problem = planned.problem
    cells, wishes = len(problem.available), len(problem.wishes)
    matrix, least, most = _rows(problem, planned.section.keep)
    cost = np.zeros(matrix.shape[1])
    weight = np.array([wish.weight for wish in problem.wishes], float)
    cost[2 * cells :] = np.tile(weight, 2)
    low = np.concatenate([problem.keep, np.zeros(cells + 2 * wishes)])
    first = _solve(cost, matrix, least, most, low)
    photos = np.zeros(len(cost))
    photos[cells : 2 * cells] = 1 + order_weights(np.arange(cells)) / PRIME / 1000  # one list, not one of many
    second = _solve(
        photos,
        vstack([matrix, coo_array(cost.reshape(1, -1))]),
        np.append(least, -np.inf),
        np.append(most, cost @ first + 1e-6),
        low,
    )
    return np.ceil(second[cells : 2 * cells] - 1e-6).astype(np.int64)


def _rows(problem: Problem, keep: str | float) -> tuple[coo_array, np.ndarray, np.ndarray]:
    """Targets, photos bought and deviations: wishes, limits, then each cell's room and originals."""
    cells, wishes, limits = len(problem.available), problem.wishes, problem.limits
    share = 1.0 if isinstance(keep, str) else float(keep)
    entries = [(i, c, 1.0) for i, row in enumerate(problem.rows) for c in row.members.tolist()]
    entries += [(i, 2 * cells + i, 1.0) for i in range(len(wishes))]
    entries += [(i, 2 * cells + len(wishes) + i, -1.0) for i in range(len(wishes))]
    first = len(wishes) + len(limits)
    for c, cap in enumerate(problem.caps.tolist()):
        entries += [(first + c, c, 1.0), (first + c, cells + c, -1.0 - cap)]
        entries += [(first + cells + c, c, 1.0), (first + cells + c, cells + c, -share)]
    row, column, value = (np.array(part) for part in zip(*entries, strict=True))
    shape = (first + 2 * cells, 2 * cells + 2 * len(wishes))
    wanted = [wish.wanted for wish in wishes]
    floor = [-np.inf if limit.least is None else limit.least for limit in limits]
    ceiling = [np.inf if limit.most is None else limit.most for limit in limits]
    least = np.concatenate([wanted, floor, np.full(cells, -np.inf), problem.keep])
    most = np.concatenate([wanted, ceiling, problem.most, np.full(cells, np.inf)])
    return coo_array((value, (row, column)), shape=shape), least, most


def _solve(cost: np.ndarray, matrix: coo_array, least: np.ndarray, most: np.ndarray, low: np.ndarray) -> np.ndarray:
    found = milp(cost, bounds=Bounds(low, np.inf), constraints=LinearConstraint(matrix, least, most))
    return found.x
