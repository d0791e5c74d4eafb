"""Why the plan misses a target, and which hard constraints are binding, from the first level's dual prices.

The dual price of a row is the deviation that one image more in it would save. A cell's cap is binding where
the cell has reached it and the prices of its rows add up to more than 0; originals that must stay are
binding where the prices add up to less than 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from balance.solver.infeasible import KEEP
from balance.solver.planner import Planned
from balance.solver.targets import Target
from manifests.tables.plan_report import BindingConstraint

_NONE = 1e-6  # a price up to this counts as 0


@dataclass(frozen=True)
class Outcome:
    """A soft target: images before, wanted and reached, and why it is missed; `reason` is empty where it is reached."""

    before: int
    wanted: int
    reached: int
    reason: str


def binding(planned: Planned) -> list[BindingConstraint]:
    """Every binding constraint, the one that saves most first."""
    problem, target, prices = planned.problem, planned.target, planned.solution.prices
    gain = np.zeros(len(problem.available))  # deviation saved by one image more in each cell
    for row, price in zip(problem.rows, prices, strict=True):
        gain[row.members] += price / problem.scale
    filled = problem.available > 0
    capped = np.flatnonzero(filled & (target == problem.most) & (gain > _NONE))
    kept = np.flatnonzero(filled & (target == problem.keep) & (gain < -_NONE))
    found = [
        (problem.caps.keys[problem.caps.key_of[cell]], planned.cells.name(int(cell)), gain[cell]) for cell in capped
    ]
    found += [(KEEP, planned.cells.name(int(cell)), -gain[cell]) for cell in kept]
    for constraint, price in zip(problem.constraints, prices[len(problem.targets) :], strict=True):
        if abs(price) > _NONE:
            found.append((constraint.key, "", abs(price) / problem.scale))
    made = [BindingConstraint(constraint=f"plan.{k}", cell=c, saves=round(float(saves), 6)) for k, c, saves in found]
    return sorted(made, key=lambda each: (-each.saves, each.constraint, each.cell))


def outcomes(planned: Planned) -> dict[str, Outcome]:
    """Every soft target by its key, in the order of the axes, the joint ones last."""
    problem = planned.problem
    reached = {each.key: int(planned.target[each.members].sum()) for each in problem.targets}
    short = [each for each in problem.targets if reached[each.key] < each.wanted]
    over = [each for each in problem.targets if reached[each.key] > each.wanted]
    found = {}
    for each in problem.targets:
        number, reason = reached[each.key], ""
        if number < each.wanted:
            reason = _short(planned, each, over)
        elif number > each.wanted:
            reason = _over(planned, each, short)
        found[each.key] = Outcome(int(problem.available[each.members].sum()), each.wanted, number, reason)
    return found


def _short(planned: Planned, target: Target, over: list[Target]) -> str:
    problem, members = planned.problem, target.members
    photos, most = int(problem.available[members].sum()), int(problem.most[members].sum())
    if not photos:
        return "no photos"
    if most < target.wanted:
        return f"{photos} photos with every copy allowed make {most} images at most"
    filled = members[problem.available[members] > 0]
    free = filled[planned.target[filled] < problem.most[filled]]
    capped = f"{len(filled) - len(free)} of {len(filled)} cells with photos are at the largest number of copies"
    against = _names(over, free)
    return f"{capped}; more in the others would add to {against}" if against else capped


def _over(planned: Planned, target: Target, short: list[Target]) -> str:
    problem, members = planned.problem, target.members
    least = int(problem.keep[members].sum())
    if least > target.wanted:
        return f"{least} originals must stay"
    free = members[(problem.available[members] > 0) & (planned.target[members] > problem.keep[members])]
    against = _names(short, free)
    return f"fewer would take from {against}" if against else "the total must be met, and other values can't take more"


def _names(targets: list[Target], cells: np.ndarray) -> str:
    names = [
        each.key.removeprefix("shares.").removeprefix("independent.")
        for each in targets
        if np.intersect1d(each.members, cells).size
    ]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
