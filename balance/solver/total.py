"""`plan.total: auto`: the least total that reaches the shares within the caps.

In shares of the total everything is linear: with y = target / total and z = 1 / total, the
smallest deviation in shares is a linear programme (Charnes and Cooper 1962, "Programming with
linear fractional functionals"), and so are the least and the most total that have it. Rounding
moves each wanted count by less than one image: where a whole plan reaches the shares, so does a
fractional one that may be off by one image a wish. Between the ends that this proves, the first
whole total whose deviation is 0 is the answer.

A value that has photos and wants a share must get an image: else one image would reach any
shares where no original need stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import block_array, csr_array, eye_array, vstack

from balance.solver.formulation import DEVIATION, Formulation
from balance.solver.lp import Unsolvable
from balance.solver.problem import TOTAL, Limit, Problem, Wish
from balance.solver.solve import solve
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


def least_total(state: Callable[[int], Problem], nodes: int) -> tuple[int, bool]:
    """Find the total.

    Args:
        state: total -> the problem with it.
        nodes: branch-and-bound nodes for each total that is tried.
    Returns:
        the total, and whether it reaches the shares; where no total does, the least one of those
        that come closest, in shares of the total before they are rounded.
    Raises:
        Unsolvable: the other hard wishes contradict one another.
    """
    shares = _shares_alone(state(_SIZE))
    some = _some_of_each(shares)
    try:
        exact = _closest(replace(shares, limits=(*shares.limits, *some)), slack=0.0)
    except Unsolvable:  # another hard wish leaves a value without an image
        some = ()
        exact = _closest(shares, slack=0.0)
    limits = (*shares.limits, *some)
    rounded = _closest(replace(shares, limits=limits), slack=1.0)
    if rounded.reached:
        first = max(1, int(rounded.least * (1 - 1e-6)) - 1)
        last = exact.least + _TRIED if exact.reached else min(rounded.most, first + _TRIED) + 1
        for number in range(first, int(last) + 1):
            if _reached(replace(state(number), limits=(*state(number).limits, *some)), nodes):
                return number, True
    return int(np.ceil(exact.least - 1e-6)), False


def _shares_alone(problem: Problem) -> Problem:
    """The wishes for shares that count, and the hard wishes but for the total."""
    limits = tuple(limit for limit in problem.limits if limit.key != TOTAL)
    return replace(problem, wishes=_shares(problem), limits=limits)


def _shares(problem: Problem) -> tuple[Wish, ...]:
    return tuple(wish for wish in problem.wishes if wish.weight and not wish.key.startswith(JOINT))


def _some_of_each(problem: Problem) -> tuple[Limit, ...]:
    """A floor of one image for each value that has photos and wants a share."""
    wanted = [wish for wish in problem.wishes if wish.wanted and problem.available[wish.members].any()]
    return tuple(Limit(wish.key, wish.members, least=1) for wish in wanted)


def _reached(problem: Problem, nodes: int) -> bool:
    alone = replace(problem, wishes=_shares(problem))
    try:
        return solve(Formulation(alone), nodes, (DEVIATION,)).levels[0].value == 0
    except Unsolvable:
        return False


def _closest(problem: Problem, slack: float) -> Closest:
    """Come as close to the shares as fractions can.

    Args:
        problem: shares of `_SIZE` images and hard wishes, without a total.
        slack: images by which each wish may be off at no cost, for the rounding.
    """
    f = Formulation(problem)
    size, off = f.size, 2 * len(problem.wishes)
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
    size, wishes, limits = f.size, len(f.problem.wishes), f.problem.limits
    wanted = np.array([wish.wanted / _SIZE for wish in f.problem.wishes])
    one, off, rows = _eye(size), _eye(wishes), csr_array(f.rows)
    least = [i for i, limit in enumerate(limits) if limit.least]
    most = [i for i, limit in enumerate(limits) if limit.most is not None]
    loose = _column(np.full(wishes, -slack))
    parts = [
        [-one, _column(f.box.low[:size]), None, None],
        [one, _column(-f.box.high[:size]), None, None],
        [rows[:wishes], loose, -off, None],
        [-rows[:wishes], loose, None, -off],
    ]
    for chosen, sign, ends in ((least, -1, [m.least for m in limits]), (most, 1, [m.most for m in limits])):
        if chosen:
            numbers = _column([-sign * float(ends[i] or 0) for i in chosen])
            parts.append([sign * rows[wishes:][chosen], numbers, None, None])
    count = len(least) + len(most)
    return block_array(parts, format="csr"), np.concatenate([np.zeros(2 * size), wanted, -wanted, np.zeros(count)])


def _column(values: Sequence[float] | np.ndarray) -> csr_array:
    return csr_array(np.asarray(values, float).reshape(-1, 1))


def _eye(size: int) -> csr_array:
    return csr_array(eye_array(size))
