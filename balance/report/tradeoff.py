"""The tradeoff: how close plans come to the targets, for other caps and totals.

Each point is a plan of its own, its first level solved to the optimum.
"""

from __future__ import annotations

from balance.solver.formulation import DEVIATION
from balance.solver.lp import Unsolvable
from balance.solver.planner import Planned
from balance.solver.problem import Problem
from balance.solver.solve import solve
from manifests.core import command
from manifests.core.command import SOON
from manifests.tables.plan_report import TradeoffPoint


def tradeoff(planned: Planned) -> list[TradeoffPoint]:
    """All pairs of the grid in `plan.price`; empty where the problem is large."""
    grid, problem = planned.section.price, planned.problem
    if problem.large:
        return []
    totals = dict.fromkeys(max(1, round(problem.total * factor)) for factor in grid.totals)
    pairs = [(copies, total) for copies in dict.fromkeys(grid.copies) for total in totals]
    with command.progress(len(pairs), "tradeoff", "plan", after=SOON) as bar:
        found: dict[tuple[int, int], TradeoffPoint] = {}
        exact: dict[int, TradeoffPoint] = {}  # total -> a plan without deviation: more copies allow the same one
        for copies, total in sorted(pairs):
            if total in exact:
                point = exact[total].model_copy(update={"max_copies": copies})
            else:
                point = _point(problem.with_total(total).with_copies(copies), copies)
            if point.deviation == 0:
                exact[total] = point
            found[copies, total] = point
            bar.update()
    return [found[pair] for pair in pairs]


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
