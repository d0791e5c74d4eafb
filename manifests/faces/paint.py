"""Paint soft shapes in face coordinates onto one float canvas.

Face coordinates: the origin lies between the eyes of an upright head, x to the right and y
down, and a head is about two units tall. A pose turns them into pixels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

Points = Sequence[tuple[float, float]] | np.ndarray
Colour = tuple[float, float, float] | np.ndarray

_FRACTION = 4  # bits of sub-pixel precision that OpenCV's polygons take
_DEPTH = 0.85  # how far the face stands out, in units, as an ellipsoid
_STEPS = np.arange(7)[:, None] / 7  # samples of a curve's segment
_CATMULL_ROM = (_STEPS ** np.arange(4)) @ np.array([(0, 2, 0, 0), (-1, 0, 1, 0), (2, -5, 4, -1), (-1, 3, -3, 1)]) / 2
_ANGLES = np.linspace(0, 2 * np.pi, 24, endpoint=False)
_CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1)


@dataclass(frozen=True)
class Pose:
    """Where the head is in the frame.

    Attributes:
        unit: pixels per face unit.
        x: the origin, pixels from the left.
        y: the origin, pixels from the top.
        yaw: turn to the picture's right, in radians.
        pitch: nod down, in radians.
        roll: tilt clockwise, in radians.
    """

    unit: float
    x: float
    y: float
    yaw: float
    pitch: float
    roll: float

    def place(self, points: Points, raised: bool) -> np.ndarray:
        """Turn face coordinates into pixels, float64 (points, 2).

        Args:
            points: float (points, 2).
            raised: on the face's curved surface, which a turn moves; else in the head's flat outline.
        """
        x, y = np.asarray(points, float).T
        if raised:
            depth = _DEPTH * np.sqrt(np.maximum(1 - (x / 0.95) ** 2 - ((y - 0.1) / 1.25) ** 2, 0))
            x = x * math.cos(self.yaw) + depth * math.sin(self.yaw)
            y = y * math.cos(self.pitch) + depth * math.sin(self.pitch)
        along, across = math.cos(self.roll) * self.unit, math.sin(self.roll) * self.unit
        pixels = np.empty((len(x), 2))
        pixels[:, 0] = x * along - y * across + self.x
        pixels[:, 1] = x * across + y * along + self.y
        return pixels


def smooth(points: Points, closed: bool = True) -> np.ndarray:
    """Run a curve through control points (Catmull and Rom 1974, centripetal weights left out).

    Args:
        points: float (n, 2), n >= 3.
        closed: join the last point to the first.
    Returns:
        float64 (n * 7, 2) closed, (n * 7 - 6, 2) open.
    """
    p = np.asarray(points, float)
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    neighbours = np.stack([p[i : len(p) - 3 + i] for i in range(4)], axis=1)
    curve = (_CATMULL_ROM @ neighbours).reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-2:-1]])


def mirrored(points: Points) -> np.ndarray:
    """The right half of an outline, from top to bottom, and its mirror image back up."""
    right = np.asarray(points, float)
    return np.concatenate([right, (right * (-1, 1))[::-1]])


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> np.ndarray:
    """24 points of an ellipse; `turn` in radians, clockwise."""
    axes = np.array([(math.cos(turn), math.sin(turn)), (-math.sin(turn), math.cos(turn))])
    return _CIRCLE * (rx, ry) @ axes + (x, y)


class Canvas:
    """A square picture, float32 (pixels, pixels, 3) RGB from 0 to 255, painted from back to front."""

    def __init__(self, image: np.ndarray, pose: Pose) -> None:
        self.image, self.pose = image, pose

    def mask(self, outlines: Sequence[Points], raised: bool = True, blur: float = 0.0) -> np.ndarray:
        """Cover filled outlines: float32 (pixels, pixels) from 0 to 1; `blur` in face units."""
        cover = np.zeros(self.image.shape[:2], np.uint8)
        cv2.fillPoly(cover, self._fixed(outlines, raised), 255, cv2.LINE_AA, _FRACTION)
        return self._soften(cover, blur)

    def lines(self, lines: Sequence[Points], width: float, raised: bool = True, blur: float = 0.0) -> np.ndarray:
        """Cover open lines `width` units wide: float32 (pixels, pixels) from 0 to 1."""
        cover = np.zeros(self.image.shape[:2], np.uint8)
        pixels = max(1, round(width * self.pose.unit))
        cv2.polylines(cover, self._fixed(lines, raised), False, 255, pixels, cv2.LINE_AA, _FRACTION)
        return self._soften(cover, blur)

    def paint(self, mask: np.ndarray, colour: Colour, opacity: float = 1.0) -> None:
        """Lay `colour` over the masked part."""
        part = _extent(mask)
        cover = mask[part][..., None] * np.float32(opacity)
        self.image[part] += cover * (np.asarray(colour, np.float32) - self.image[part])

    def shade(self, mask: np.ndarray, factor: Colour, strength: float = 1.0) -> None:
        """Multiply the masked part by `factor`, as light or shadow does."""
        part = _extent(mask)
        change = (np.asarray(factor, np.float32) - 1) * np.float32(strength)
        self.image[part] *= 1 + mask[part][..., None] * change

    def _fixed(self, outlines: Sequence[Points], raised: bool) -> list[np.ndarray]:
        points = self.pose.place(np.concatenate(outlines), raised) * (1 << _FRACTION)
        ends = list(itertools.accumulate(len(outline) for outline in outlines))
        return np.split(np.rint(points).astype(np.int32), ends[:-1])

    def _soften(self, cover: np.ndarray, blur: float) -> np.ndarray:
        if blur > 0:
            sigma = blur * self.pose.unit
            part = _extent(cover, margin=math.ceil(3 * sigma))
            cover[part] = cv2.GaussianBlur(cover[part], (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        return np.multiply(cover, np.float32(1 / 255), dtype=np.float32)


def _extent(mask: np.ndarray, margin: int = 0) -> tuple[slice, slice]:
    """The rectangle that holds all of a mask: most shapes cover a small part of the picture."""
    x, y, width, height = cv2.boundingRect(mask if mask.dtype == np.uint8 else (mask > 0).view(np.uint8))
    return slice(max(y - margin, 0), y + height + margin), slice(max(x - margin, 0), x + width + margin)
