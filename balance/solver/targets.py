"""The soft targets, and the shares that those of axes and of pairs of axes follow from for any total."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from balance.solver.shares import crossed, largest_remainder
from manifests.core.cells import Axis
from manifests.sections.plan import INDEPENDENT


@dataclass(frozen=True)
class Target:
    """A soft target: so many images in these cells together; each image of deviation costs `weight`.

    Attributes:
        key: its key below `plan`, such as `shares.age.60+`.
        members: int64 (members,), cells; those without photos stay empty.
    """

    key: str
    members: np.ndarray
    wanted: int
    weight: int


@dataclass(frozen=True)
class AxisShares:
    """The wanted shares of one axis, from which its targets follow for any total.

    Attributes:
        position: int64 (cells,), the position of each cell's value on the axis.
        wanted: the exact share of each value, 1 in sum.
        weight: of each target.
    """

    axis: Axis
    position: np.ndarray
    wanted: tuple[Fraction, ...]
    weight: int

    def targets(self, total: int) -> list[Target]:
        """One target per value of the axis."""
        return [
            Target(f"shares.{self.axis.name}.{value}", np.flatnonzero(self.position == i), count, self.weight)
            for i, (value, count) in enumerate(
                zip(self.axis.values, largest_remainder(self.wanted, total), strict=True)
            )
        ]


@dataclass(frozen=True)
class PairShares:
    """Two axes that are to be independent: the wanted share of two values together is that of one times the other's.

    Attributes:
        one, other: their wanted shares; `one` is the axis that the plan names.
        patterns: of each value of `one` with each of `other`, one list per value of `one`.
        weight: of each target.
    """

    one: AxisShares
    other: AxisShares
    patterns: tuple[tuple[str, ...], ...]
    weight: int

    def targets(self, total: int) -> list[Target]:
        """One target per pair of values; those of a value of `one` add up to its own target."""
        wanted = crossed(self.one.wanted, self.other.wanted, total)
        return [
            Target(
                f"{INDEPENDENT}.{self.patterns[i][j]}",
                np.flatnonzero((self.one.position == i) & (self.other.position == j)),
                count,
                self.weight,
            )
            for i, counts in enumerate(wanted)
            for j, count in enumerate(counts)
        ]
