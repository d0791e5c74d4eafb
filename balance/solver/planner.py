"""One call from the section and the counts to a plan that was proven and checked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from balance.solver import problem as wishes
from balance.solver.check import check
from balance.solver.formulation import Formulation
from balance.solver.infeasible import explain, hard_wishes
from balance.solver.lp import Unsolvable
from balance.solver.problem import TOTAL, Factors, Problem
from balance.solver.solve import Solution, solve
from balance.solver.total import least_total
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.plan import Plan


@dataclass(frozen=True)
class Planned:
    """A plan with what it was made from.

    Attributes:
        section: the wishes as written.
        cells: the axes.
        factors: of the emphasis.
        problem: the wishes in whole numbers.
        solution: targets, levels and prices.
        shares_reached: for `total: auto`, whether its total reaches the shares; None otherwise.
    """

    section: Plan
    cells: Cells
    factors: Factors
    problem: Problem
    solution: Solution
    shares_reached: bool | None

    @property
    def target(self) -> np.ndarray:
        """int64 (cells,): images of each cell."""
        return self.solution.target

    @property
    def keep(self) -> np.ndarray:
        """int64 (cells,): originals that stay; as many as the target has room for, so copies are fewest."""
        return np.minimum(self.target, self.problem.available)

    @property
    def augment(self) -> np.ndarray:
        """int64 (cells,): images to synthesise."""
        return self.target - self.keep


def make(section: Plan, cells: Cells, available: np.ndarray, factors: Factors, where: str) -> Planned:
    """Plan.

    Args:
        section: the wishes.
        cells: the axes.
        available: int64 (cells,), photos.
        factors: of the emphasis; empty for none.
        where: `params.yaml: plan`, for messages.
    Raises:
        UserError: an unknown axis, value or pattern, or no photo at all.
        PlanInfeasible: the hard wishes contradict one another.
    """
    if not available.any():
        raise UserError(
            where,
            "at least one photo to plan with",
            "none",
            "Look at the counts, or at the quarantine table of the scan",
        )

    def state(total: int) -> Problem:
        return wishes.problem(section, cells, available, total, factors, where)

    reached = None
    try:
        if section.total == "auto":
            total, reached = least_total(state, section.nodes)
        else:
            total = section.total
        problem = state(total)
        solution = solve(Formulation(problem), section.nodes)
    except Unsolvable:
        problem = state(1 if section.total == "auto" else section.total)
        if section.total == "auto":
            problem = replace(problem, limits=tuple(limit for limit in problem.limits if limit.key != TOTAL))
        raise explain(hard_wishes(section, cells, problem, where), where) from None
    planned = Planned(section, cells, factors, problem, solution, reached)
    check(problem, planned.keep, planned.augment, tuple(level.value for level in solution.levels))
    return planned
