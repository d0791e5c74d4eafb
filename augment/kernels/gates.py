"""Quality gates: what makes a copy be drawn again.

Every judgement is made on a print: 9 x 8 grey levels and the photo's mean and deviation, 74
bytes that the store keeps, so that a copy is judged again without its pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from manifests.sections.render import Gates

REASONS = ("dark", "bright", "flat", "near_parent", "near_sibling", "near_scored")
PRINT = 74  # bytes
_ALIKE = 4  # bits of 64 in which the hashes of nearly identical photos may differ
_SCORED = 6.0  # grey levels: what is farther than this from a scored photo is not nearly that photo


@dataclass(frozen=True)
class Print:
    """What is left of an image for the gates.

    Attributes:
        levels: int16 (8, 9), mean grey levels of a coarse grid.
        mean, deviation: of the grey levels.
    """

    levels: np.ndarray
    mean: int
    deviation: int

    @classmethod
    def of(cls, image: np.ndarray) -> Print:
        """Take the print of uint8 (height, width, 4) RGBX."""
        small = cv2.cvtColor(cv2.resize(image, (72, 64), interpolation=cv2.INTER_NEAREST), cv2.COLOR_RGBA2GRAY)
        mean, deviation = cv2.meanStdDev(small)
        levels = cv2.resize(small, (9, 8), interpolation=cv2.INTER_AREA).astype(np.int16)
        return cls(levels, round(mean.item()), round(deviation.item()))

    def to_bytes(self) -> bytes:
        """PRINT bytes."""
        return bytes([self.mean, self.deviation]) + self.levels.astype(np.uint8).tobytes()

    @classmethod
    def from_bytes(cls, content: bytes) -> Print:
        """The inverse of `to_bytes`."""
        return cls(np.frombuffer(content, np.uint8, 72, 2).reshape(8, 9).astype(np.int16), content[0], content[1])

    def alike(self, other: Print) -> bool:
        """Whether the difference hashes (Krawetz 2013, "Kind of like that") are within _ALIKE bits of 64."""
        ours, theirs = (one.levels[:, 1:] > one.levels[:, :-1] for one in (self, other))
        return int(np.count_nonzero(ours != theirs)) <= _ALIKE


class Scored:
    """The prints of all valid and test photos, than which no copy may be closer than its parent is.

    Distances are root mean square differences of the grids, in grey levels. All sums are whole
    numbers below 2**24, so float32 is exact. Two grids differ by no less than their means do, so
    that only photos of nearly the same mean are compared.

    Args:
        prints: uint8 (photos, PRINT).
    """

    def __init__(self, prints: np.ndarray) -> None:
        levels = prints[:, 2:].astype(np.float32)
        levels = levels[np.argsort(levels.mean(axis=1), kind="stable")]
        self._levels, self._means, self._squares = levels, levels.mean(axis=1), (levels**2).sum(axis=1)

    def nears(self, print_: Print, parent: Print) -> bool:
        """Whether a copy is nearly a scored photo, and nearer to it than its parent is to any."""
        found = self._nearest(print_, _SCORED)
        return found < _SCORED and found < self._nearest(parent, _SCORED)

    def _nearest(self, print_: Print, within: float) -> float:
        """The distance to the nearest scored photo; infinite if it is `within` or more."""
        own = print_.levels.ravel().astype(np.float32)
        mean = float(own.sum()) / own.size
        low, high = np.searchsorted(self._means, np.array([mean - within, mean + within], np.float32))
        if low == high:
            return np.inf
        products = self._levels[low:high] @ own
        nearest = float((self._squares[low:high] - 2 * products).min()) + float(own @ own)
        distance = float(np.sqrt(max(nearest, 0.0) / own.size))
        return distance if distance < within else np.inf


def judge(
    gates: Gates, print_: Print, parent: Print, siblings: list[Print], scored: Scored | None = None
) -> str | None:
    """Say which gate turns a copy down, the first of REASONS, or None.

    Args:
        gates: the limits.
        print_: the copy's.
        parent: its source photo's.
        siblings: those of the photo's copies of lower number, as kept.
        scored: the valid and test photos.
    """
    if print_.mean < gates.dark and print_.mean < parent.mean:
        return "dark"
    if print_.mean > gates.bright and print_.mean > parent.mean:
        return "bright"
    if print_.deviation < gates.flat and print_.deviation < parent.deviation:
        return "flat"
    others = [parent, *siblings]
    for at, one in enumerate(others):
        near = cv2.norm(one.levels, print_.levels, cv2.NORM_L1) < gates.near * print_.levels.size
        if near and print_.alike(one):
            return "near_sibling" if at else "near_parent"
    if scored is not None and scored.nears(print_, parent):
        return "near_scored"
    return None
