"""A copy's own random numbers, and what most policies draw beside their own: a mirror image, a small movement."""

from __future__ import annotations

from typing import Any

from manifests.core.seeds import uniforms
from manifests.sections.policies import share

_STREAM = 20  # uniform numbers a policy may draw


class Draws:
    """A copy's own stream of random numbers.

    Args:
        seed: unsigned 64-bit; see `manifests.core.seeds.derive`.
        planned: the seed of the copy's first attempt, from which the plan has drawn `share`; `seed` by default.
    """

    def __init__(self, seed: int, planned: int | None = None) -> None:
        self._next = iter(uniforms(seed, _STREAM)).__next__
        self._planned = seed if planned is None else planned

    @property
    def share(self) -> float:
        """How much of the donor is mixed in, where a policy mixes two."""
        return share(self._planned)

    def uniform(self, low: float, high: float) -> float:
        """A number in [low, high], to four decimals."""
        return round(low + (high - low) * self._next(), 4)

    def factor(self, low: float, high: float, severity: float) -> float:
        """A factor in [low, high], its logarithm uniform, both ends drawn to 1 by severity."""
        return round(low**severity * (high / low) ** (severity * self._next()), 4)

    def coin(self, share: float = 0.5) -> bool:
        """True in `share` of the draws."""
        return self._next() < share

    def apart(self, most: float) -> float:
        """A number in [-most, most] that is at least a third of it away from 0."""
        size = self.uniform(most / 3, most)
        return size if self.coin() else -size

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int((high - low + 1) * self._next())


def flipped(draws: Draws) -> dict[str, Any]:
    """A coin's mirror image."""
    return {"flip": True} if draws.coin() else {}


def moved(draws: Draws, severity: float) -> dict[str, Any]:
    """Rotation within 12 degrees, scale .92 to 1.12 and shift within 5% of a side, at severity 1."""
    return {
        "angle": round(draws.uniform(-12, 12) * severity, 4),
        "scale": draws.factor(0.92, 1.12, severity),
        "shift": [round(draws.uniform(-0.05, 0.05) * severity, 4), round(draws.uniform(-0.05, 0.05) * severity, 4)],
    }


def nudged(draws: Draws) -> dict[str, Any]:
    """Three tenths of that, at any severity: so that two copies are not alike where little else changes."""
    return moved(draws, 0.3)
