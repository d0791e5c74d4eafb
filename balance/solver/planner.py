"""One call from the section and the counts to a plan that is proven and checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from balance.solver.check import check
from balance.solver.formulation import LEVELS
from balance.solver.infeasible import explain
from balance.solver.lp import Unsolvable
from balance.solver.problem import Factors, Problem, Rooms, parse
from balance.solver.solve import Solution, solve
from balance.solver.total import least_total
from manifests.core import command
from manifests.core.cells import Cells
from manifests.core.command import SOON
from manifests.core.errors import UserError
from manifests.sections.plan import Plan


@dataclass(frozen=True)
class Planned:
    """A plan with what it was made from.

    Attributes:
        section: the section as written.
        cells: the axes.
        factors: of the emphasis.
        problem: the section in whole numbers.
        solution: each cell's target, the levels and the dual prices.
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
        """int64 (cells,): originals that stay; as many as the target has room for, so that copies are fewest."""
        return np.minimum(self.target, self.problem.available)

    @property
    def augment(self) -> np.ndarray:
        """int64 (cells,): images to synthesise."""
        return self.target - self.keep


def make(
    section: Plan,
    cells: Cells,
    available: np.ndarray,
    factors: Factors,
    persons: np.ndarray | None = None,
    rooms: Rooms | None = None,
) -> Planned:
    """Plan.

    Args:
        section: the targets and constraints.
        cells: the axes.
        available: int64 (cells,), photos.
        factors: of the emphasis; empty for none.
        persons: int64 (cells,), persons in the photos; None where nobody knows, as in a table of counts.
        rooms: for `max_copies_of: pair`, how many copies each cell may get within given caps.
    Raises:
        UserError: an unknown axis, value or pattern, no photo at all, or a cap per person without persons.
        PlanInfeasible: the hard constraints contradict one another.
    """
    if not available.any():
        remedy = "Look at the counts, or at the quarantine table of the scan"
        raise UserError("", "at least one photo to plan with", "none", remedy)
    parsed = problem = parse(section, cells, available, factors, persons, rooms)
    auto, reached = section.total == "auto", None
    try:
        if auto:
            total, reached = least_total(parsed)
            problem = parsed.with_total(total)
        problem = problem.with_useful_copies()
        with command.progress(len(LEVELS), "plan", "level", after=SOON) as bar:
            solution = solve(problem, advance=bar.update)
    except Unsolvable:
        raise explain(parsed.without_total() if auto else parsed) from None
    planned = Planned(section, cells, factors, problem, solution, reached)
    check(problem, planned.keep, planned.augment, tuple(level.value for level in solution.levels))
    return planned
