"""`plan.total: auto`: the least total that reaches the shares within the caps.

In shares of the total everything is linear: with y = target / total and z = 1 / total, the
smallest deviation in shares is a linear programme (Charnes and Cooper 1962, "Programming with
linear fractional functionals"), and so are the least and the most total that have it. Rounding
moves each wanted count by less than one image: where a whole plan reaches the shares, so does a
fractional one that may be off by one image per soft target. Between the ends that this proves, the
first whole total whose deviation is 0 is the answer.

A value that has photos and wants a share must get an image: otherwise a single image would reach any
shares where no original need stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import block_array, csr_array, eye_array, vstack

from balance.solver.formulation import DEVIATION, Formulation
from balance.solver.lp import Unsolvable
from balance.solver.problem import Constraint, Problem
from balance.solver.solve import solve
from manifests.core import command
from manifests.core.command import SOON
from manifests.sections.plan import JOINT

_REACHED = 1e-7  # deviation, as a share of the total, that counts as none
_TRIED = 200  # whole totals tried above the least fractional one
_SIZE = 1_000_000_000  # images of the problem that shares are taken from: they do not depend on its total


@dataclass(frozen=True)
class Closest:
    """The least deviation in shares, and the least and the most (fractional) total that have it."""

    deviation: float
    least: float
    most: float

    @property
    def reached(self) -> bool:
        """Whether the shares are reached, but for the solver's tolerance."""
        return self.deviation <= _REACHED


def least_total(problem: Problem) -> tuple[int, bool]:
    """Find the total.

    Args:
        problem: for any total.
    Returns:
        the total, and whether it reaches the shares; where no total does, the least one of those
        that come closest, in shares of the total before they are rounded.
    Raises:
        Unsolvable: the other hard constraints contradict one another.
    """
    shares = _shares_alone(problem.with_total(_SIZE)).without_total()
    some = _some_of_each(shares)
    try:
        exact = _closest(_and(shares, some), slack=0.0)
    except Unsolvable:  # another hard constraint leaves a value without an image
        some = ()
        exact = _closest(shares, slack=0.0)
    rounded = _closest(_and(shares, some), slack=1.0)
    if rounded.reached:
        first = max(1, int(rounded.least * (1 - 1e-6)) - 1)
        last = exact.least + _TRIED if exact.reached else min(rounded.most, first + _TRIED) + 1
        with command.progress(int(last) + 1 - first, "total", "total", after=SOON) as bar:
            for number in range(first, int(last) + 1):
                if _reached(_and(_shares_alone(problem.with_total(number)), some)):
                    return number, True
                bar.update()
    return int(np.ceil(exact.least - 1e-6)), False


def _shares_alone(problem: Problem) -> Problem:
    """The problem with those soft targets alone that are for shares and whose weight is above 0."""
    shares = tuple(each for each in problem.targets if each.weight and not each.key.startswith(JOINT))
    return replace(problem, targets=shares)


def _and(problem: Problem, constraints: tuple[Constraint, ...]) -> Problem:
    return replace(problem, constraints=(*problem.constraints, *constraints))


def _some_of_each(problem: Problem) -> tuple[Constraint, ...]:
    """A floor of one image for each value that has photos and wants a share."""
    wanted = [each for each in problem.targets if each.wanted and problem.available[each.members].any()]
    return tuple(Constraint(each.key, each.members, least=1) for each in wanted)


def _reached(problem: Problem) -> bool:
    try:
        return solve(problem, (DEVIATION,)).levels[0].value == 0
    except Unsolvable:
        return False


def _closest(problem: Problem, slack: float) -> Closest:
    """Come as close to the shares as fractions can.

    Args:
        problem: shares of `_SIZE` images and hard constraints, without a total.
        slack: images by which each soft target may be off at no cost, for the rounding.
    """
    f = Formulation(problem)
    size, off = f.size, 2 * len(problem.targets)
    weight = np.concatenate([np.zeros(size + 1), np.tile(f.weight / problem.scale, 2)])
    upper, room = _inequalities(f, slack)
    whole = csr_array(np.concatenate([np.ones(size), np.zeros(1 + off)]).reshape(1, -1))
    bounds = [(0, None)] * size + [(0, 1)] + [(0, None)] * off  # a total is 1 or more
    equal = {"A_eq": whole, "b_eq": [1.0], "bounds": bounds, "method": "highs"}
    first = linprog(weight, A_ub=upper, b_ub=room, **equal)
    if first.x is None:
        raise Unsolvable
    held, ends = vstack([upper, csr_array(weight.reshape(1, -1))]), []
    for way in (-1.0, 1.0):
        along = np.zeros(len(weight))
        along[size] = way
        end = linprog(along, A_ub=held, b_ub=[*room, first.fun + 1e-9], **equal)
        ends.append(1 / float((first if end.x is None else end).x[size]))
    return Closest(float(first.fun), *ends)


def _inequalities(f: Formulation, slack: float) -> tuple[csr_array, np.ndarray]:
    """The rows, over y, z, deviations above and deviations below, and their room."""
    size, soft, hard = f.size, len(f.problem.targets), f.problem.constraints
    wanted = np.array([each.wanted / _SIZE for each in f.problem.targets])
    one, off, rows = _eye(size), _eye(soft), csr_array(f.rows)
    least = [i for i, each in enumerate(hard) if each.least]
    most = [i for i, each in enumerate(hard) if each.most is not None]
    loose = _column(np.full(soft, -slack))
    parts = [
        [-one, _column(f.box.low[:size]), None, None],
        [one, _column(-f.box.high[:size]), None, None],
        [rows[:soft], loose, -off, None],
        [-rows[:soft], loose, None, -off],
    ]
    for chosen, sign, ends in ((least, -1, [each.least for each in hard]), (most, 1, [each.most for each in hard])):
        if chosen:
            numbers = _column([-sign * float(ends[i] or 0) for i in chosen])
            parts.append([sign * rows[soft:][chosen], numbers, None, None])
    count = len(least) + len(most)
    return block_array(parts, format="csr"), np.concatenate([np.zeros(2 * size), wanted, -wanted, np.zeros(count)])


def _column(values: Sequence[float] | np.ndarray) -> csr_array:
    return csr_array(np.asarray(values, float).reshape(-1, 1))


def _eye(size: int) -> csr_array:
    return csr_array(eye_array(size))
