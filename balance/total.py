"""`plan.total: auto`: the least total that reaches the shares within the caps.

In shares of the total everything is linear: with y = target / total and z = 1 / total, the
smallest deviation in shares is a linear programme (Charnes and Cooper 1962, "Programming with
linear fractional functionals"), and so is the least total that has it. Whole numbers may do
with a total that is a little less, as wanted counts are rounded: from a proven lower end
upwards, the first total whose deviation is 0 is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import block_array, csr_array, eye_array, vstack

from balance.formulation import DEVIATION, UNBOUNDED, Formulation
from balance.relax import Unsolvable
from balance.solve import solve
from balance.wishes import TOTAL, Problem
from manifests.sections.plan import JOINT

_REACHED = 1e-7  # deviation, as a share of the total, that counts as none
_TRIED = 200  # whole totals tried above the fractional one


def least_total(state: Callable[[int], Problem], nodes: int) -> tuple[int, bool]:
    """Find the total.

    Args:
        state: total -> the problem with it.
        nodes: branch-and-bound nodes for each total that is tried.
    Returns:
        the total, and whether it reaches the shares; where no total does, the least one of those
        that come closest, in shares of the total.
    Raises:
        Unsolvable: the other hard wishes contradict one another.
    """
    size = 1_000_000  # only shares are taken from this problem: they do not depend on the total's size
    problem = _without_total(state(size))
    wanted = np.array([wish.wanted / size for wish in problem.wishes])
    deviation, total = _closest(problem, wanted, slack=0.0)
    if deviation > _REACHED + len(wanted) / size:
        return int(np.ceil(total - 1e-6)), False
    first = max(1, int(_closest(problem, wanted, slack=1.0)[1] * (1 - 1e-6)) - 1)
    for number in range(first, int(total) + _TRIED):
        if _reached(state(number), nodes):
            return number, True
    return int(np.ceil(total - 1e-6)), False


def _without_total(problem: Problem) -> Problem:
    """The wishes for shares that count, and the hard wishes but for the total."""
    wishes = tuple(wish for wish in problem.wishes if wish.weight and not wish.key.startswith(JOINT))
    return replace(problem, wishes=wishes, limits=tuple(limit for limit in problem.limits if limit.key != TOTAL))


def _reached(problem: Problem, nodes: int) -> bool:
    wishes = _without_total(problem).wishes
    try:
        return solve(Formulation(replace(problem, wishes=wishes)), nodes, (DEVIATION,)).levels[0].value == 0
    except Unsolvable:
        return False


def _closest(problem: Problem, wanted: np.ndarray, slack: float) -> tuple[float, float]:
    """The least deviation in shares, and the least (fractional) total that has it.

    Args:
        problem: shares and hard wishes without a total.
        wanted: float64 (wishes,), shares.
        slack: images by which each wish may be off at no cost, for the rounding.
    """
    f = Formulation(problem)
    size, wishes, limits = f.size, len(problem.wishes), problem.limits
    weight = np.concatenate([np.zeros(size + 1), np.tile(f.weight / problem.scale, 2)])
    one, off, rows = _eye(size), _eye(wishes), csr_array(f.rows)
    least = [limit.least or 0 for limit in limits]
    most = [UNBOUNDED if limit.most is None else limit.most for limit in limits]
    parts = [  # of y, z, deviations above, deviations below
        [-one, _column(f.box.low[:size]), None, None],
        [one, _column(-f.box.high[:size]), None, None],
        [rows[:wishes], _column(np.full(wishes, -slack)), -off, None],
        [-rows[:wishes], _column(np.full(wishes, -slack)), None, -off],
    ]
    if limits:
        parts += [[-rows[wishes:], _column(least), None, None], [rows[wishes:], -_column(most), None, None]]
    upper = block_array(parts, format="csr")
    room = np.concatenate([np.zeros(2 * size), wanted, -wanted, np.zeros(2 * len(limits))])
    whole = csr_array(np.concatenate([np.ones(size), np.zeros(1 + 2 * wishes)]).reshape(1, -1))
    first = linprog(weight, A_ub=upper, b_ub=room, A_eq=whole, b_eq=[1.0], method="highs")
    if first.x is None:
        raise Unsolvable
    longest = np.zeros(len(weight))
    longest[size] = -1
    held = vstack([upper, csr_array(weight.reshape(1, -1))])
    second = linprog(longest, A_ub=held, b_ub=[*room, first.fun + 1e-9], A_eq=whole, b_eq=[1.0], method="highs")
    return float(first.fun), 1 / float(second.x[size] if second.x is not None else first.x[size])


def _column(values: Sequence[float] | np.ndarray) -> csr_array:
    return csr_array(np.asarray(values, float).reshape(-1, 1))


def _eye(size: int) -> csr_array:
    return csr_array(eye_array(size))
