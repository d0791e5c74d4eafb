"""Which hard constraints contradict one another, and the nearest ones that do not.

The conflict is minimal by a deletion filter (Chinneck and Dravnieks 1991, "Locating minimal
infeasible constraint sets in linear programs"): leave each constraint out in turn, for good where the
others still contradict. The nearest feasible constraints change the total, floors and ceilings by the
fewest images (an elastic programme, Brown and Graves 1975); beside them stand the smallest
single changes that would be enough. Each one offered was solved again and found feasible.

A constraint is named by its key below `plan`: a floor, a ceiling, the total, `keep`, or a cap.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import eye_array, hstack

from balance.solver.formulation import DEVIATION, Formulation
from balance.solver.limits import Room
from balance.solver.lp import Remaining, integer
from balance.solver.problem import Constraint, Problem
from manifests.core import command
from manifests.core.command import SOON
from manifests.core.errors import PlanInfeasible

KEEP = "keep"
_SHOWN = 6  # constraints of a conflict named in one message
_CHANGED = 20  # changes named in one message; only all of them together are feasible
Changes = Mapping[str, int | float]  # key -> another number


def explain(problem: Problem) -> PlanInfeasible:
    """The error that names the conflict and the ways out.

    Args:
        problem: hard constraints that contradict one another.
    """
    keys = conflict(problem)
    change = nearest(problem)
    if not change or not _feasible(_changed(problem, change)):
        change = {}
    singles = single_changes(problem, keys)
    named = [_named(problem, key) for key in keys[:_SHOWN]]
    if len(keys) > _SHOWN:
        named.append(f"{len(keys) - _SHOWN} more")
    ways = []
    if change:
        written = [f"plan.{key}: {value}" for key, value in list(change.items())[:_CHANGED]]
        if len(change) > _CHANGED:
            written.append(f"and {len(change) - _CHANGED} more")
        ways.append("Nearest feasible constraints: " + ", ".join(written))
    ways += [f"{'or ' if change else 'Feasible: '}plan.{key}: {value}" for key, value in singles.items()]
    received = "a minimal conflict of " + " with ".join(named)
    return PlanInfeasible(f".{keys[0]}", received, ", ".join(ways) or "Relax one of them", keys, change or singles)


def conflict(problem: Problem) -> tuple[str, ...]:
    """A minimal set of constraints that contradict: without any one of them the others agree."""
    keys = all_keys = _keys(problem)
    with command.progress(len(all_keys), "conflict", "constraint", after=SOON) as bar:
        for key in all_keys:
            fewer = tuple(other for other in keys if other != key)
            if not _feasible(_only(problem, fewer)):
                keys = fewer
            bar.update()
    return keys


def nearest(problem: Problem) -> dict[str, int | float]:
    """The total, floors and ceilings that change by the fewest images in all so that the constraints agree.

    Of equal changes those of the total come first, then those of the constraints named last.
    """
    formulation = Formulation(replace(problem, targets=()))
    hard, size = problem.constraints, formulation.size
    count = len(hard)
    low, high = formulation.box.low[:size], formulation.box.high[:size]
    slack = eye_array(count)
    least = [-np.inf if each.least is None else each.least for each in hard]
    most = [np.inf if each.most is None else each.most for each in hard]
    cost = np.arange(count, 0, -1) / (4.0 * count * (1 + problem.total)) + 1
    found = milp(
        np.concatenate([np.zeros(size), cost, cost]),
        integrality=np.ones(size + 2 * count),
        bounds=Bounds(np.concatenate([low, np.zeros(2 * count)]), np.concatenate([high, np.full(2 * count, np.inf)])),
        constraints=LinearConstraint(hstack([formulation.rows, slack, -slack]), least, most),
        options={"mip_rel_gap": 0, "node_limit": problem.nodes},
    )
    if found.x is None:
        return {}
    below, above = np.rint(found.x[size : size + count]), np.rint(found.x[size + count :])
    return {
        each.key: _value(problem, each.key) + int(up) - int(down)
        for each, down, up in zip(hard, below, above, strict=True)
        if up or down
    }


def single_changes(problem: Problem, keys: Collection[str]) -> dict[str, int | float]:
    """For `keep` and each cap among `keys`: the nearest value that alone makes the constraints agree."""
    found: dict[str, int | float] = {}
    for key in keys:

        def agree(number: int, key: str = key) -> bool:
            return _feasible(_changed(problem, {key: (100 - number) / 100 if key == KEEP else number}))

        if key == KEEP:
            hundredths = _first(agree, 0, 100)
            if hundredths is not None:
                found[key] = (100 - hundredths) / 100
        elif key in problem.caps.keys:
            cap = int(_value(problem, key))
            number = _first(agree, cap, max(problem.total, cap + 1))
            if number is not None:
                found[key] = number
    return found


def _first(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """The least number above `low`, up to `high`, from which on `holds` is true; None where it never is."""
    if not holds(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _keys(problem: Problem) -> tuple[str, ...]:
    """Every hard constraint: floors, ceilings, the total, keep, and the caps of cells with photos."""
    used = np.unique(problem.caps.key_of[problem.available > 0])
    return (*(each.key for each in problem.constraints), KEEP, *(problem.caps.keys[i] for i in used))


def _value(problem: Problem, key: str) -> int | float:
    """The number that the user gave for it."""
    if key == KEEP:
        return float(problem.keep_share)
    if key in problem.caps.keys:
        return int(problem.caps.copies[problem.caps.key_of == problem.caps.keys.index(key)][0])
    found = _constraint(problem, key)
    return int(found.least if found.least is not None else found.most or 0)


def _constraint(problem: Problem, key: str) -> Constraint:
    return next(each for each in problem.constraints if each.key == key)


def _only(problem: Problem, keys: Collection[str]) -> Problem:
    """The problem with the hard constraints named, and no soft targets."""
    ample = max([problem.total, *(each.least or 0 for each in problem.constraints)])
    free = np.isin(problem.caps.key_of, [i for i, key in enumerate(problem.caps.keys) if key not in keys])
    return replace(
        problem,
        targets=(),
        constraints=tuple(each for each in problem.constraints if each.key in keys),
        keep_share=problem.keep_share if KEEP in keys else Fraction(0),
        room=Room(np.where(free & (problem.available > 0), np.maximum(ample, problem.room.cells), problem.room.cells)),
    )


def _changed(problem: Problem, changes: Changes) -> Problem:
    """The problem with other numbers for some hard constraints, and no soft targets."""
    copies = problem.caps.copies.copy()
    for i, key in enumerate(problem.caps.keys):
        if key in changes:
            copies[problem.caps.key_of == i] = int(changes[key])
    return replace(
        problem,
        targets=(),
        constraints=tuple(_moved(each, changes.get(each.key)) for each in problem.constraints),
        keep_share=Fraction(str(changes[KEEP])) if KEEP in changes else problem.keep_share,
    ).with_copies(copies)


def _moved(constraint: Constraint, number: int | float | None) -> Constraint:
    if number is None:
        return constraint
    least = None if constraint.least is None else int(number)
    return replace(constraint, least=least, most=None if constraint.most is None else int(number))


def _feasible(problem: Problem) -> bool:
    """Whether some whole plan satisfies the constraints."""
    formulation = Formulation(problem)
    return integer(formulation, Remaining(formulation.box), DEVIATION)[0] is not None


def _named(problem: Problem, key: str) -> str:
    """The constraint with its number and, for a floor, a ceiling or the total, what its cells can hold."""
    value = _value(problem, key)
    if key == KEEP:
        return f"plan.keep: {'all' if value == 1 else value}"
    if key in problem.caps.keys:
        return f"plan.{key}: {value}"
    members = _constraint(problem, key).members
    photos, low, high = (int(each[members].sum()) for each in (problem.available, problem.keep, problem.most))
    return f"plan.{key}: {value} ({f'{photos} photos, {low} to {high} images' if photos else 'no photos'})"
