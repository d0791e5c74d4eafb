"""The price curve: how close plans come, against the largest number of copies and the total.

Each point is a plan of its own, its first level solved to the optimum.
"""

from __future__ import annotations

from dataclasses import dataclass

from balance.solver import problem as wishes
from balance.solver.formulation import DEVIATION, Formulation
from balance.solver.lp import Unsolvable
from balance.solver.planner import Planned
from balance.solver.solve import solve


@dataclass(frozen=True)
class Point:
    """One plan of the curve.

    Attributes:
        max_copies: largest number of copies of one photo, in every cell.
        total: images.
        deviation: the first level's value; None where the hard wishes contradict.
        misplaced: share of the images that are in the wrong value of an axis, the mean over the axes.
    """

    max_copies: int
    total: int
    deviation: float | None
    misplaced: float | None


def price_curve(planned: Planned, where: str) -> list[Point]:
    """All pairs of the grid in `plan.price`; empty where the problem is vast."""
    grid, problem = planned.section.price, planned.problem
    if problem.vast:
        return []
    totals = dict.fromkeys(max(1, round(problem.total * factor)) for factor in grid.totals)
    return [_point(planned, copies, total, where) for copies in dict.fromkeys(grid.copies) for total in totals]


def _point(planned: Planned, copies: int, total: int, where: str) -> Point:
    section = planned.section.model_copy(update={"max_copies": copies})
    problem = wishes.problem(section, planned.cells, planned.problem.available, total, planned.factors, where)
    try:
        solution = solve(Formulation(problem), section.nodes, (DEVIATION,))
    except Unsolvable:
        return Point(copies, total, None, None)
    off = sum(
        abs(int(solution.target[wish.members].sum()) - wish.wanted)
        for wish in problem.wishes
        if wish.key.startswith("shares.")
    )
    axes = max(1, len(section.shares))
    return Point(copies, total, solution.levels[0].value / problem.scale, round(off / (2 * total * axes), 6))
