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
from manifests.core.errors import UserError, nearest
from manifests.sections.plan import REST

_DECIMAL = Context(prec=50)


def wanted_shares(
    rule: str | float | Mapping[str, float | str], axis: Axis, photos: np.ndarray, factors: Mapping[str, float]
) -> list[Fraction]:
    """An axis' wanted shares, exact, 1 in sum.

    Args:
        rule: what `plan.shares` says of the axis.
        axis: the axis.
        photos: int64 (values,), photos of each value.
        factors: value -> factor of the emphasis, after which the shares are normalised again.
    Raises:
        UserError: an unknown value, one that is named twice, or shares of 0 alone; keys are relative to the axis.
    """
    wanted = _explicit(rule, axis, photos) if isinstance(rule, Mapping) else _powers(rule, photos)
    wanted = [share * Fraction(str(factors.get(value, 1))) for share, value in zip(wanted, axis.values, strict=True)]
    whole = sum(wanted)
    if not whole:
        raise UserError("", "a share above 0", "0 in all", "Raise a share")
    return [share / whole for share in wanted]


def largest_remainder(wanted: Sequence[Fraction], total: int) -> list[int]:
    """Round share x total to whole numbers that add up to `total`; of equal remainders the first gains."""
    exact = [share * total for share in wanted]
    counts = [int(number) for number in exact]
    order = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], i))
    for i in order[: total - sum(counts)]:
        counts[i] += 1
    return counts


def crossed(one: Sequence[Fraction], other: Sequence[Fraction], total: int) -> list[list[int]]:
    """Round share x share x total, so that rows and columns add up to their own share x total, rounded.

    The remainders are carried from row to row, and the last row is what the columns still lack.
    """
    counts, owed = [], [Fraction(0)] * len(other)
    for row in largest_remainder(one, total):
        exact = [share * row + left for share, left in zip(other, owed, strict=True)]
        made = [int(number) if number > 0 else 0 for number in exact]
        order = sorted(range(len(exact)), key=lambda i: (made[i] - exact[i], i))
        for i in order[: row - sum(made)]:
            made[i] += 1
        owed = [number - count for number, count in zip(exact, made, strict=True)]
        counts.append(made)
    above = np.sum(counts[:-1], axis=0, dtype=np.int64) if len(counts) > 1 else np.zeros(len(other), np.int64)
    last = (np.array(largest_remainder(other, total)) - above).tolist()
    return [*counts[:-1], last] if min(last) >= 0 else counts


def _explicit(shares: Mapping[str, float | str], axis: Axis, photos: np.ndarray) -> list[Fraction]:
    """The shares by value; those not named split the rest."""
    wanted: list[Fraction | None] = [None] * len(axis.values)
    for value, share in shares.items():
        position = axis.index(value)
        if value == REST and position is None:
            continue
        if position is None:
            rule = f"one of {', '.join(axis.values)} or {REST}"
            raise UserError(f".{value}", rule, repr(value) + nearest(value, axis.values), "Correct the label")
        if wanted[position] is not None:
            raise UserError(f".{value}", "each value once", f"{axis.values[position]} twice", "Remove the double")
        wanted[position] = Fraction(str(share))
    rest = [i for i, share in enumerate(wanted) if share is None]
    left = max(Fraction(0), 1 - sum((share for share in wanted if share is not None), Fraction(0)))
    how = shares.get(REST, "natural")
    if REST in shares and not rest:
        raise UserError(f".{REST}", "a value left that is not named", "none", f"Remove {REST}")
    powers = _powers(how if isinstance(how, str) else "natural", photos[rest]) if rest else []
    for i, power in zip(rest, powers, strict=True):
        wanted[i] = left * power
    return [share or Fraction(0) for share in wanted]


def _powers(exponent: str | float, photos: np.ndarray) -> list[Fraction]:
    """Shares in proportion to photos ** exponent; uniform is 0, natural 1."""
    power = {"uniform": 0.0, "natural": 1.0}.get(exponent, 0.0) if isinstance(exponent, str) else float(exponent)
    if power == 0 or not photos.any():
        return [Fraction(1, len(photos))] * len(photos)
    if power == 1:
        numbers = [Fraction(int(n)) for n in photos]
    else:
        up = Decimal(str(power))
        numbers = [Fraction(_DECIMAL.power(Decimal(int(n)), up)) if n else Fraction(0) for n in photos]
    return [number / sum(numbers) for number in numbers]
