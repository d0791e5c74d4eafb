"""Paint soft shapes in face coordinates onto one float canvas.

Face coordinates: the origin lies between the eyes of an upright head, x to the right and y
down, and a head is about two units tall. A pose turns them into pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

Points = Sequence[tuple[float, float]] | np.ndarray
Colour = tuple[float, float, float] | np.ndarray

_FRACTION = 4  # bits of sub-pixel precision that OpenCV's polygons take
_DEPTH = 0.85  # how far the face stands out, in units, as an ellipsoid


@dataclass(frozen=True)
class Pose:
    """Where the head stands in the frame.

    Attributes:
        unit: pixels a face unit.
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
            depth = _DEPTH * np.sqrt(np.clip(1 - (x / 0.95) ** 2 - ((y - 0.1) / 1.25) ** 2, 0, None))
            x = x * np.cos(self.yaw) + depth * np.sin(self.yaw)
            y = y * np.cos(self.pitch) + depth * np.sin(self.pitch)
        turned = np.stack(
            [x * np.cos(self.roll) - y * np.sin(self.roll), x * np.sin(self.roll) + y * np.cos(self.roll)], axis=1
        )
        return np.asarray(turned * self.unit + (self.x, self.y))


def smooth(points: Points, closed: bool = True, steps: int = 7) -> np.ndarray:
    """Run a curve through control points (Catmull and Rom 1974, centripetal weights left out).

    Args:
        points: float (n, 2), n >= 3.
        closed: join the last point to the first.
        steps: samples a segment.
    Returns:
        float64 (about n * steps, 2).
    """
    p = np.asarray(points, float)
    p = np.concatenate([p[-1:], p, p[:2]]) if closed else np.concatenate([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * (b - c) + d - a) * t**3)
    curve = curve.reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-2:-1]])


def mirrored(points: Points) -> np.ndarray:
    """The right half of an outline, from top to bottom, and its mirror image back up."""
    right = np.asarray(points, float)
    return np.concatenate([right, (right * (-1, 1))[::-1]])


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> np.ndarray:
    """24 points of an ellipse; `turn` in radians, clockwise."""
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    u, v = rx * np.cos(angle), ry * np.sin(angle)
    return np.stack([x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v * np.cos(turn)], axis=1)


class Canvas:
    """A square picture, float32 (pixels, pixels, 3) RGB from 0 to 255, painted from back to front."""

    def __init__(self, image: np.ndarray, pose: Pose) -> None:
        self.image, self.pose = image, pose

    def mask(self, outlines: Sequence[Points], raised: bool = True, blur: float = 0.0) -> np.ndarray:
        """Cover filled outlines: float32 (pixels, pixels) from 0 to 1; `blur` in face units."""
        cover = np.zeros(self.image.shape[:2], np.uint8)
        cv2.fillPoly(cover, [self._fixed(o, raised) for o in outlines], 255, cv2.LINE_AA, _FRACTION)
        return self._soften(cover, blur)

    def lines(self, lines: Sequence[Points], width: float, raised: bool = True, blur: float = 0.0) -> np.ndarray:
        """Cover open lines `width` units wide: float32 (pixels, pixels) from 0 to 1."""
        cover = np.zeros(self.image.shape[:2], np.uint8)
        pixels = max(1, round(width * self.pose.unit))
        cv2.polylines(cover, [self._fixed(o, raised) for o in lines], False, 255, pixels, cv2.LINE_AA, _FRACTION)
        return self._soften(cover, blur)

    def paint(self, mask: np.ndarray, colour: Colour, opacity: float = 1.0) -> None:
        """Lay `colour` over the masked part."""
        part = _extent(mask)
        cover = mask[part][..., None] * np.float32(opacity)
        self.image[part] += cover * (np.asarray(colour, np.float32) - self.image[part])

    def shade(self, mask: np.ndarray, factor: Colour, strength: float = 1.0) -> None:
        """Multiply the masked part by `factor`, as light or shadow does."""
        part = _extent(mask)
        self.image[part] *= 1 + (mask[part] * np.float32(strength))[..., None] * (np.asarray(factor, np.float32) - 1)

    def _fixed(self, outline: Points, raised: bool) -> np.ndarray:
        return np.round(self.pose.place(outline, raised) * (1 << _FRACTION)).astype(np.int32)

    def _soften(self, cover: np.ndarray, blur: float) -> np.ndarray:
        if blur > 0:
            sigma = blur * self.pose.unit
            part = _extent(cover, margin=int(np.ceil(4 * sigma)))
            cover[part] = cv2.GaussianBlur(cover[part], (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
        return cover.astype(np.float32) * np.float32(1 / 255)


def _extent(mask: np.ndarray, margin: int = 0) -> tuple[slice, slice]:
    """The rectangle that holds all of a mask: most shapes cover a small part of the picture."""
    x, y, width, height = cv2.boundingRect(mask if mask.dtype == np.uint8 else (mask > 0).view(np.uint8))
    return slice(max(y - margin, 0), y + height + margin), slice(max(x - margin, 0), x + width + margin)
