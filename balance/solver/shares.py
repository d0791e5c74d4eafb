"""The wanted shares of one axis, exact, and their rounding to whole numbers.

All shares are exact fractions: 0.1 is a tenth, and an exponent's power is taken in decimal, so
that every machine rounds alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from fractions import Fraction

import numpy as np

from manifests.core.cells import Axis
from manifests.core.errors import UserError
from manifests.sections.plan import REST, Plan

_DECIMAL = Context(prec=50)


def shares(plan: Plan, axis: Axis, present: np.ndarray, factors: Mapping[str, float], where: str) -> list[Fraction]:
    """An axis' wanted shares, exact, 1 in sum.

    Args:
        plan: the section; `axis` is in its `shares`.
        axis: the axis.
        present: int64 (values,), photos of each value.
        factors: value -> factor of the emphasis, after which the shares are normalised again.
        where: `params.yaml: plan.shares`.
    Raises:
        UserError: an unknown value, or no photos to be natural about.
    """
    wish = plan.shares[axis.name]
    if isinstance(wish, dict):
        wanted = _explicit(wish, axis, present, f"{where}.{axis.name}")
    else:
        wanted = _powers(wish, present)
    wanted = [share * Fraction(str(factors.get(value, 1))) for share, value in zip(wanted, axis.values, strict=True)]
    whole = sum(wanted)
    if not whole:
        raise UserError(f"{where}.{axis.name}", "a share above 0", "0 in all", "Raise a share")
    return [share / whole for share in wanted]


def largest_remainder(wanted: Sequence[Fraction], total: int) -> list[int]:
    """Round share x total to whole numbers that add up to `total`; of equal remainders the first gains."""
    exact = [share * total for share in wanted]
    counts = [int(number) for number in exact]
    order = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], i))
    for i in order[: total - sum(counts)]:
        counts[i] += 1
    return counts


def _explicit(wish: Mapping[str, float | str], axis: Axis, present: np.ndarray, where: str) -> list[Fraction]:
    wanted: list[Fraction | None] = [None] * len(axis.values)
    for value, share in wish.items():
        if value == REST and axis.index(value) is None:
            continue
        position = axis.index(value)
        if position is None:
            raise UserError(
                f"{where}.{value}", f"one of {', '.join(axis.values)} or {REST}", repr(value), "Correct the label"
            )
        if wanted[position] is not None:
            raise UserError(
                f"{where}.{value}", "each value once", f"{axis.values[position]} twice", "Remove the double"
            )
        wanted[position] = Fraction(str(share))
    rest = [i for i, share in enumerate(wanted) if share is None]
    left = max(Fraction(0), 1 - sum((share for share in wanted if share is not None), Fraction(0)))
    how = wish.get(REST, "natural")
    if REST in wish and not rest:
        raise UserError(f"{where}.{REST}", "a value left that is not named", "none", f"Remove {REST}")
    powers = _powers(how if isinstance(how, str) else "natural", present[rest]) if rest else []
    for i, power in zip(rest, powers, strict=True):
        wanted[i] = left * power
    return [share or Fraction(0) for share in wanted]


def _powers(exponent: str | float, present: np.ndarray) -> list[Fraction]:
    """Shares in proportion to photos ** exponent; uniform is 0, natural 1."""
    power = {"uniform": 0.0, "natural": 1.0}.get(exponent, 0.0) if isinstance(exponent, str) else float(exponent)
    if power == 0 or not present.any():
        return [Fraction(1, len(present))] * len(present)
    if power == 1:
        numbers = [Fraction(int(n)) for n in present]
    else:
        up = Decimal(str(power))
        numbers = [Fraction(_DECIMAL.power(Decimal(int(n)), up)) if n else Fraction(0) for n in present]
    return [number / sum(numbers) for number in numbers]
