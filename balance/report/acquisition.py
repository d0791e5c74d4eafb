"""Which new photos would bring the plan closest to its targets.

A linear programme finds the fewest photos that take the deviation as low as new photos can: a photo, of
a new person, makes room in a cell for itself and its copies, and where originals stay it stays too. Each
entry is then planned alone, so that the list is in order of the effect per photo.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, vstack

from balance.solver.formulation import DEVIATION, PRIME, order_weights
from balance.solver.lp import Unsolvable
from balance.solver.planner import Planned
from balance.solver.problem import Problem
from balance.solver.solve import solve
from manifests.tables.plan_report import Acquisition

LONGEST = 12


def acquisition(planned: Planned) -> list[Acquisition]:
    """The list, the largest effect per photo first; empty where every target is reached, or the problem is large."""
    problem = planned.problem
    now = planned.solution.levels[0].value
    if now == 0 or problem.large:
        return []
    wanted = _fewest_photos(problem)
    likely = [int(cell) for cell in np.argsort(-wanted, kind="stable")[: 2 * LONGEST] if wanted[cell]]
    alone = {cell: now - _deviation(problem, {cell: int(wanted[cell])}, now) for cell in likely}
    order = sorted(alone, key=lambda cell: (-Fraction(alone[cell], int(wanted[cell])), cell))
    found: list[Acquisition] = []
    added: dict[int, int] = {}
    for cell in order[:LONGEST]:
        added[cell] = int(wanted[cell])
        found.append(
            Acquisition(
                cell=planned.cells.name(cell),
                photos=added[cell],
                saves=alone[cell] / problem.scale,
                left=_deviation(problem, added, now) / problem.scale,
            )
        )
    return found


def _deviation(problem: Problem, added: dict[int, int], now: int) -> int:
    """The first level's value with more photos and the same wanted counts; `now` where that has no plan."""
    photos = np.zeros_like(problem.available)
    photos[list(added)] = list(added.values())
    try:
        return solve(problem.with_new_persons(photos), (DEVIATION,)).levels[0].value
    except Unsolvable:  # more originals must stay than the total holds
        return now


def _fewest_photos(problem: Problem) -> np.ndarray:
    """int64 (cells,): new photos in each cell, rounded up."""
    cells, soft = len(problem.available), len(problem.targets)
    matrix, least, most = _rows(problem)
    cost = np.zeros(matrix.shape[1])
    cost[2 * cells :] = np.tile(np.array([each.weight for each in problem.targets], float), 2)
    low = np.concatenate([problem.keep, np.zeros(cells + 2 * soft)])
    first = _solve(cost, matrix, least, most, low)
    photos = np.zeros(len(cost))
    photos[cells : 2 * cells] = 1 + order_weights(np.arange(cells)) / PRIME / 1000  # so that one list is the best
    second = _solve(
        photos,
        vstack([matrix, coo_array(cost.reshape(1, -1))]),
        np.append(least, -np.inf),
        np.append(most, cost @ first + 1e-6),
        low,
    )
    return np.ceil(second[cells : 2 * cells] - 1e-6).astype(np.int64)


def _rows(problem: Problem) -> tuple[coo_array, np.ndarray, np.ndarray]:
    """The rows over each cell's target, its new photos, and the deviations below and above, with their ends.

    First the soft targets, then the constraints, then each cell's room and each cell's originals.
    """
    cells, soft, hard = len(problem.available), problem.targets, problem.constraints
    share = float(problem.keep_share)
    entries = [(i, c, 1.0) for i, row in enumerate(problem.rows) for c in row.members.tolist()]
    entries += [(i, 2 * cells + i, 1.0) for i in range(len(soft))]
    entries += [(i, 2 * cells + len(soft) + i, -1.0) for i in range(len(soft))]
    first = len(soft) + len(hard)
    for c, cap in enumerate(problem.caps.copies.tolist()):
        entries += [(first + c, c, 1.0), (first + c, cells + c, -1.0 - cap)]
        entries += [(first + cells + c, c, 1.0), (first + cells + c, cells + c, -share)]
    row, column, value = (np.array(part) for part in zip(*entries, strict=True))
    shape = (first + 2 * cells, 2 * cells + 2 * len(soft))
    wanted = [each.wanted for each in soft]
    floor = [-np.inf if each.least is None else each.least for each in hard]
    ceiling = [np.inf if each.most is None else each.most for each in hard]
    least = np.concatenate([wanted, floor, np.full(cells, -np.inf), problem.keep])
    most = np.concatenate([wanted, ceiling, problem.most, np.full(cells, np.inf)])
    return coo_array((value, (row, column)), shape=shape), least, most


def _solve(cost: np.ndarray, matrix: coo_array, least: np.ndarray, most: np.ndarray, low: np.ndarray) -> np.ndarray:
    return milp(cost, bounds=Bounds(low, np.inf), constraints=LinearConstraint(matrix, least, most)).x
