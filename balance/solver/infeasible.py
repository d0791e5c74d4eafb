"""Why the hard wishes contradict one another, and the nearest ones that do not.

The conflict is minimal by a deletion filter (Chinneck and Dravnieks 1991, "Locating minimal
infeasible constraint sets in linear programs"): take each wish away in turn and leave it out
where the others still contradict. The nearest wish changes totals, floors and ceilings by the
fewest images (an elastic programme, Brown and Graves 1975); beside it stand the smallest
single changes that would do. Each one offered was solved again and found feasible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import eye_array, hstack

from balance.solver.formulation import DEVIATION, Formulation
from balance.solver.lp import State, integer
from balance.solver.problem import Limit, Problem, caps, least_kept
from manifests.core.cells import Cells
from manifests.core.errors import PlanInfeasible
from manifests.sections.plan import Plan

KEEP = "keep"
_SHOWN = 6  # wishes of a conflict named in one message
_CHANGED = 20  # wishes of the nearest one: a part of it would not be feasible


@dataclass(frozen=True)
class Hard:
    """The hard wishes of a problem by name, so that some can be left out or changed.

    Attributes:
        problem: with all of them.
        cap_keys: the keys that set the largest number of copies.
        cap_of: int64 (cells,), which key sets each cell's.
        cap_values: the number that each key sets.
        share: the least share of originals that stays.
        nodes: branch-and-bound nodes for each question.
    """

    problem: Problem
    cap_keys: tuple[str, ...]
    cap_of: np.ndarray
    cap_values: tuple[int, ...]
    share: Fraction
    nodes: int

    @property
    def keys(self) -> tuple[str, ...]:
        """Every name: limits (the total last), keep, caps in use."""
        used = np.unique(self.cap_of[self.problem.available > 0])
        return (*(limit.key for limit in self.problem.limits), KEEP, *(self.cap_keys[i] for i in used))

    def value(self, key: str) -> int | float:
        """What the user wrote for it."""
        if key == KEEP:
            return float(self.share)
        if key in self.cap_keys:
            return self.cap_values[self.cap_keys.index(key)]
        limit = self._limit(key)
        return int(limit.least if limit.least is not None else limit.most or 0)

    def only(self, keys: tuple[str, ...]) -> Problem:
        """The hard wishes named, no soft ones."""
        problem = self.problem
        ample = max([problem.total, *(limit.least or 0 for limit in problem.limits)])
        free = [i for i, key in enumerate(self.cap_keys) if key not in keys]
        enough = -(-ample // np.maximum(1, problem.available))
        most = np.where(np.isin(self.cap_of, free), np.maximum(enough, problem.caps), problem.caps)
        keep = problem.keep if KEEP in keys else np.zeros_like(problem.keep)
        limits = tuple(limit for limit in problem.limits if limit.key in keys)
        return replace(problem, wishes=(), limits=limits, caps=most, keep=keep)

    def changed(self, changes: dict[str, int | float]) -> Problem:
        """All hard wishes, some with another value."""
        problem = self.only(self.keys)
        limits = tuple(_moved(limit, changes[limit.key]) if limit.key in changes else limit for limit in problem.limits)
        most = problem.caps.copy()
        for i, key in enumerate(self.cap_keys):
            if key in changes:
                most[self.cap_of == i] = int(changes[key])
        keep = least_kept(changes[KEEP], problem.available) if KEEP in changes else problem.keep
        return replace(problem, limits=limits, caps=most, keep=keep)

    def feasible(self, problem: Problem) -> bool:
        """Whether some whole plan satisfies them."""
        formulation = Formulation(problem)
        return integer(formulation, State(formulation.box), DEVIATION, self.nodes)[0] is not None

    def _limit(self, key: str) -> Limit:
        return next(limit for limit in self.problem.limits if limit.key == key)

    def reach(self, key: str) -> str:
        """How many images the cells of a limit can hold, in words."""
        members = self._limit(key).members
        low, high = self.problem.keep[members].sum(), self.problem.most[members].sum()
        photos = int(self.problem.available[members].sum())
        return f"{photos} photos, {low} to {high} images" if photos else "no photos"


def hard_wishes(plan: Plan, cells: Cells, problem: Problem, where: str) -> Hard:
    """Name the hard wishes of a problem."""
    most, keys, by = caps(plan, cells, where)
    values = tuple(int(most[by == i][0]) if (by == i).any() else 0 for i in range(len(keys)))
    share = Fraction(1) if isinstance(plan.keep, str) else Fraction(str(plan.keep))
    return Hard(problem, keys, by, values, share, plan.nodes)


def conflict(hard: Hard) -> tuple[str, ...]:
    """A minimal set of wishes that contradict: without any one of them the others agree."""
    keys: tuple[str, ...] = hard.keys
    for key in hard.keys:
        fewer = tuple(other for other in keys if other != key)
        if not hard.feasible(hard.only(fewer)):
            keys = fewer
    return keys


def nearest(hard: Hard) -> dict[str, int | float]:
    """The total, floors and ceilings that change by the fewest images in all so that the wishes agree.

    Of equal changes those of the total come first, then those of the wishes named last.
    """
    formulation = Formulation(hard.only(hard.keys))
    limits, rows, size = formulation.problem.limits, formulation.rows, formulation.size
    count = len(limits)
    low, high = formulation.box.low[:size], formulation.box.high[:size]
    slack = eye_array(count)
    least = [-np.inf if limit.least is None else limit.least for limit in limits]
    most = [np.inf if limit.most is None else limit.most for limit in limits]
    dear = np.arange(count, 0, -1) / (4.0 * count * (1 + hard.problem.total)) + 1
    found = milp(
        np.concatenate([np.zeros(size), dear, dear]),
        integrality=np.ones(size + 2 * count),
        bounds=Bounds(np.concatenate([low, np.zeros(2 * count)]), np.concatenate([high, np.full(2 * count, np.inf)])),
        constraints=LinearConstraint(hstack([rows, slack, -slack]), least, most),
        options={"mip_rel_gap": 0, "node_limit": hard.nodes},
    )
    if found.x is None:
        return {}
    below, above = np.rint(found.x[size : size + count]), np.rint(found.x[size + count :])
    return {
        limit.key: hard.value(limit.key) + int(up) - int(down)
        for limit, down, up in zip(limits, below, above, strict=True)
        if up or down
    }


def single_changes(hard: Hard, keys: tuple[str, ...]) -> dict[str, int | float]:
    """For each cap, and the share of originals, among `keys`: the nearest value that alone makes the wishes agree."""
    found: dict[str, int | float] = {}
    for key in keys:
        if key == KEEP:
            hundredths = _first(lambda n: hard.feasible(hard.changed({KEEP: (100 - n) / 100})), 0, 100)
            if hundredths is not None:
                found[key] = (100 - hundredths) / 100
        elif key in hard.cap_keys:
            ample = max(hard.problem.total, int(hard.value(key)) + 1)
            number = _first(partial(_agrees, hard, key), int(hard.value(key)), ample)
            if number is not None:
                found[key] = number
    return found


def _agrees(hard: Hard, key: str, value: int) -> bool:
    return hard.feasible(hard.changed({key: value}))


def _first(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """The least number above `low`, up to `high`, from which on `holds` is true; None where it never is."""
    if not holds(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _moved(limit: Limit, value: int | float) -> Limit:
    least = None if limit.least is None else int(value)
    return replace(limit, least=least, most=None if limit.most is None else int(value))


def explain(hard: Hard, where: str) -> PlanInfeasible:
    """The error that names the conflict and the ways out.

    Args:
        hard: wishes that contradict.
        where: `params.yaml: plan`.
    """
    keys = conflict(hard)
    change = nearest(hard)
    if not change or not hard.feasible(hard.changed(change)):
        change = {}
    singles = single_changes(hard, keys)
    named = [_named(hard, key) for key in keys[:_SHOWN]]
    if len(keys) > _SHOWN:
        named.append(f"{len(keys) - _SHOWN} more")
    ways = []
    if change:
        written = [f"plan.{key}: {value}" for key, value in list(change.items())[:_CHANGED]]
        if len(change) > _CHANGED:
            written.append(f"and {len(change) - _CHANGED} more")
        ways.append("Nearest feasible wish: " + ", ".join(written))
    ways += [f"{'or ' if change else 'Feasible: '}plan.{key}: {value}" for key, value in singles.items()]
    received = "a minimal conflict of " + " with ".join(named)
    return PlanInfeasible(
        f"{where}.{keys[0]}", received, ", ".join(ways) or "Relax one of them", keys, change or singles
    )


def _named(hard: Hard, key: str) -> str:
    if key == KEEP:
        return f"plan.keep: {'all' if hard.share == 1 else float(hard.share)}"
    reach = "" if key in hard.cap_keys else f" ({hard.reach(key)})"
    return f"plan.{key}: {hard.value(key)}{reach}"
