"""The tradeoff: how close plans come to the targets, for other caps and totals.

Each point is a plan of its own, its first level solved to the optimum.
"""

from __future__ import annotations

from functools import cache

from balance.solver.formulation import DEVIATION
from balance.solver.lp import Unsolvable
from balance.solver.planner import Planned
from balance.solver.problem import Problem
from balance.solver.solve import solve
from manifests.core import command
from manifests.core.command import SOON
from manifests.tables.plan_report import TradeoffPoint


def tradeoff(planned: Planned) -> list[TradeoffPoint]:
    """All pairs of the grid in `plan.price`; empty where each plan would take long."""
    grid, problem = planned.section.price, planned.problem
    if problem.large or problem.rooms is not None or not grid.copies:
        return []
    totals = dict.fromkeys(max(1, round(problem.total * factor)) for factor in grid.totals)
    caps = sorted(set(grid.copies))
    with command.progress(len(totals), "tradeoff", "total", after=SOON) as bar:
        found: dict[tuple[int, int], TradeoffPoint] = {}
        for total in totals:
            for point in _at(problem.with_total(total), caps):
                found[point.max_copies, total] = point
            bar.update()
    return [found[copies, total] for copies in dict.fromkeys(grid.copies) for total in totals]


def _at(problem: Problem, caps: list[int]) -> list[TradeoffPoint]:
    """One total's points, from the lowest cap on.

    More copies never do worse: where nothing deviates, or as much as at the highest cap, all caps above are alike.
    """

    @cache
    def point(place: int) -> TradeoffPoint:
        return _point(problem.with_copies(caps[place]), caps[place])

    points: list[TradeoffPoint] = []
    for place in range(len(caps)):
        points.append(point(place))
        now, before = points[-1].deviation, points[-2].deviation if place else None
        if now == 0 or (now is not None and now == before == point(len(caps) - 1).deviation):
            break
    return points + [points[-1].model_copy(update={"max_copies": cap}) for cap in caps[len(points) :]]


def _point(problem: Problem, copies: int) -> TradeoffPoint:
    total = problem.total
    try:
        solution = solve(problem, (DEVIATION,))
    except Unsolvable:
        return TradeoffPoint(max_copies=copies, total=total, deviation=None, misplaced=None)
    marginal = [each for shares in problem.shares for each in shares.targets(total)]
    off = sum(abs(int(solution.target[each.members].sum()) - each.wanted) for each in marginal)
    return TradeoffPoint(
        max_copies=copies,
        total=total,
        deviation=solution.levels[0].value / problem.scale,
        misplaced=round(off / (2 * total * max(1, len(problem.shares))), 6),
    )
