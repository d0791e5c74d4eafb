"""Check a plan in plain whole numbers, from the problem's definition alone.

It uses loops and Python's own integers on purpose: none of the solver's segments, rows and dual
prices, so that a mistake in those can't go unnoticed here.
"""

from __future__ import annotations

import numpy as np

from balance.solver.problem import Problem


class WrongPlan(RuntimeError):
    """The plan breaks a hard constraint or its levels differ from what the solver claims: a defect of this program."""


def check(problem: Problem, keep: np.ndarray, augment: np.ndarray, claimed: tuple[int, ...]) -> None:
    """Verify the hard constraints and the values of the first four levels.

    Args:
        problem: the targets and constraints.
        keep: int64 (cells,), originals kept.
        augment: int64 (cells,), images to synthesise.
        claimed: each level's value, in order; the ones after the fourth are not checked.
    Raises:
        WrongPlan: naming the first thing that is wrong.
    """
    kept, made = keep.tolist(), augment.tolist()
    photos, persons = problem.available.tolist(), problem.persons.tolist()
    for cell, (k, g, n, p) in enumerate(zip(kept, made, photos, persons, strict=True)):
        if not problem.keep[cell] <= k <= n:
            raise WrongPlan(f"cell {cell} keeps {k} of {n} originals")
        most = p * int(problem.caps.copies[cell]) if problem.rooms is None else int(problem.room.cells[cell])
        if not 0 <= g <= most:
            raise WrongPlan(f"cell {cell} gets {g} copies, {most} at most")
    target = [k + g for k, g in zip(kept, made, strict=True)]
    if sum(target) != problem.total:
        raise WrongPlan(f"{sum(target)} images in place of {problem.total}")
    for each in problem.constraints:
        reached = sum(target[cell] for cell in each.members.tolist())
        if (each.least is not None and reached < each.least) or (each.most is not None and reached > each.most):
            raise WrongPlan(f"{each.key} reached {reached}")
    values = objectives(problem, kept, made)
    if values[: len(claimed)] != claimed[:4]:
        raise WrongPlan(f"levels worth {values} in place of {claimed}")


def objectives(problem: Problem, keep: list[int], augment: list[int]) -> tuple[int, int, int, int]:
    """The first four levels: deviation, spread, squared copies, number synthesised."""
    photos, persons = problem.available.tolist(), problem.persons.tolist()
    target = [k + g for k, g in zip(keep, augment, strict=True)]
    deviation = sum(
        each.weight * abs(sum(target[cell] for cell in each.members.tolist()) - each.wanted) for each in problem.targets
    )
    filled = [cell for cell, n in enumerate(photos) if n]
    mean = _half_even(problem.total, len(filled)) if filled else 0
    spread = sum(abs(target[cell] - mean) for cell in filled)
    squares = 0
    for cell in filled:
        fewer, more = divmod(augment[cell], persons[cell])
        squares += (persons[cell] - more) * fewer**2 + more * (fewer + 1) ** 2
    return deviation, spread, squares, sum(augment)


def _half_even(number: int, divisor: int) -> int:
    whole, over = divmod(number, divisor)
    return whole + (2 * over > divisor or (2 * over == divisor and whole % 2 == 1))
