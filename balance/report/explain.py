"""Say of each wish what it got and what stood in its way, from the first level's prices.

A price is what the deviation saves for one image more in a row (the dual of the level's linear
programme): a cell at its cap whose rows' prices add up to more than 0 is in the way, and so
are originals that must stay where they add up to less.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from balance.solver.infeasible import KEEP
from balance.solver.planner import Planned
from balance.solver.problem import Wish, caps
from manifests.sections.plan import JOINT

_FREE = 1e-6  # a price that is none


@dataclass(frozen=True)
class Outcome:
    """A soft wish: images before, wanted and reached, and why not; `reason` is empty where it was met."""

    key: str
    before: int
    wanted: int
    reached: int
    reason: str


@dataclass(frozen=True)
class Binding:
    """A hard wish in the way.

    Attributes:
        key: below `plan`.
        cell: the cell's name, where it is a cap or an original that must stay; empty for a limit.
        saves: deviation saved by loosening it by one image.
    """

    key: str
    cell: str
    saves: float


def cell_prices(planned: Planned) -> np.ndarray:
    """float64 (cells,): deviation saved by one image more in each cell, with or without photos."""
    problem, prices = planned.problem, planned.solution.prices
    gain = np.zeros(len(problem.available))
    for row, price in zip(problem.rows, prices, strict=True):
        gain[row.members] += price / problem.scale
    return gain


def binding(planned: Planned) -> list[Binding]:
    """Everything hard that is in the way, the dearest first."""
    problem, target, gain = planned.problem, planned.target, cell_prices(planned)
    _, keys, by = caps(planned.section, planned.cells, problem.where)
    filled = problem.available > 0
    capped = np.flatnonzero(filled & (target == problem.most) & (gain > _FREE))
    kept = np.flatnonzero(filled & (target == problem.keep) & (gain < -_FREE))
    found = [Binding(keys[by[cell]], planned.cells.name(int(cell)), float(gain[cell])) for cell in capped]
    found += [Binding(KEEP, planned.cells.name(int(cell)), float(-gain[cell])) for cell in kept]
    for limit, price in zip(problem.limits, planned.solution.prices[len(problem.wishes) :], strict=True):
        if abs(price) > _FREE:
            found.append(Binding(limit.key, "", float(abs(price) / problem.scale)))
    return sorted(found, key=lambda b: (-round(b.saves, 6), b.key, b.cell))


def outcomes(planned: Planned) -> list[Outcome]:
    """Every soft wish, in the order of the axes, the joint ones last."""
    problem, target = planned.problem, planned.target
    reached = [int(target[wish.members].sum()) for wish in problem.wishes]
    short = [w for w, n in zip(problem.wishes, reached, strict=True) if n < w.wanted]
    long = [w for w, n in zip(problem.wishes, reached, strict=True) if n > w.wanted]
    found = []
    for wish, number in zip(problem.wishes, reached, strict=True):
        reason = ""
        if number < wish.wanted:
            reason = _short(planned, wish, long)
        elif number > wish.wanted:
            reason = _long(planned, wish, short)
        before = int(problem.available[wish.members].sum())
        found.append(Outcome(wish.key, before, wish.wanted, number, reason))
    return found


def _short(planned: Planned, wish: Wish, long: list[Wish]) -> str:
    problem, members = planned.problem, wish.members
    photos, most = int(problem.available[members].sum()), int(problem.most[members].sum())
    if not photos:
        return "no photos"
    if most < wish.wanted:
        return f"{photos} photos with every copy allowed make {most} images at most"
    filled = members[problem.available[members] > 0]
    open_cells = filled[planned.target[filled] < problem.most[filled]]
    capped = f"{len(filled) - len(open_cells)} of {len(filled)} cells with photos are at the largest number of copies"
    against = _names(long, open_cells)
    return f"{capped}; more in the others would add to {against}" if against else capped


def _long(planned: Planned, wish: Wish, short: list[Wish]) -> str:
    problem, members = planned.problem, wish.members
    least = int(problem.keep[members].sum())
    if least > wish.wanted:
        return f"{least} originals must stay"
    held = members[(problem.available[members] > 0) & (planned.target[members] > problem.keep[members])]
    against = _names(short, held)
    return f"fewer would take from {against}" if against else "the total must be met, and other values can't take more"


def _names(wishes: list[Wish], cells: np.ndarray) -> str:
    names = [w.key.removeprefix("shares.") for w in wishes if np.intersect1d(w.members, cells).size]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def axis_and_value(key: str) -> tuple[str, str]:
    """`shares.age.60+` -> (age, 60+); a joint wish is (joint, its pattern)."""
    if key.startswith(f"{JOINT}."):
        return JOINT, key.removeprefix(f"{JOINT}.")
    axis, value = key.removeprefix("shares.").split(".", 1)
    return axis, value
