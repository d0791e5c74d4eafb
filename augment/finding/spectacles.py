"""Whether a face wears spectacles, by a stated rule: lines across the nose, below the eyes and beside them."""

from __future__ import annotations

import cv2
import numpy as np

from manifests.core.face_mesh import EYES

LINE = 0.4  # of the contrast around the eyes; lines as distinct as that on average count as spectacles
_WIDTH, _HEIGHT = 96, 56  # pixels of the region that is looked at
_MIDDLE, _APART = (48, 24), 40  # between the eyes, and from eye to eye, in that region
_BRIDGE = (slice(12, 36), slice(44, 53))  # rows and columns
_RIMS = ((slice(32, 54), slice(20, 37)), (slice(32, 54), slice(60, 77)))
_ARMS = ((slice(12, 34), slice(2, 10)), (slice(12, 34), slice(86, 94)))


def spectacles(image: np.ndarray, points: np.ndarray) -> bool:
    """Say whether lines run across the nose, below both eyes and on to the ears.

    The eyes are brought to the same place and size. In each part of the region every row is averaged: a bridge, a rim
    or an arm, dark or bright, is the row that differs most from those two above and two below. Of 392 photos of
    APPA-REAL's train split, judged by eye (272 with a line across the nose, 120 without), the rule finds 85 of 90
    pairs of spectacles, and takes 43 of 302 bare faces for some: frowns and shadows. The bridge alone: 86 and 106.

    Args:
        image: uint8 (height, width, 3 or 4), RGB.
        points: float (468, 3), the mesh.
    """
    return float(np.minimum(lines(image, points), 1).mean()) >= LINE  # one line alone, however distinct, is none


def lines(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    """How distinct the lines are, as shares of the standard deviation of the grey levels around the eyes.

    Returns:
        float64 (3,): of the bridge, of the lower rims (the mean of both), of the arms (the lesser one).
    """
    height, width = image.shape[:2]
    left, right = (points[list(eye), :2].mean(axis=0) * [width, height] for eye in EYES)
    across = (right - left) @ [1, 1j]
    turn = _APART / across if across else 0
    matrix = np.array([[turn.real, -turn.imag, 0], [turn.imag, turn.real, 0]])
    matrix[:, 2] = _MIDDLE - matrix[:, :2] @ ((left + right) / 2)
    grey = cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_RGB2GRAY)
    region = cv2.warpAffine(grey, matrix, (_WIDTH, _HEIGHT), flags=cv2.INTER_LINEAR).astype(np.float64)
    found = [
        _line(region[_BRIDGE]),
        np.mean([_line(region[rim]) for rim in _RIMS]),
        min(_line(region[arm]) for arm in _ARMS),
    ]
    return np.array(found) / (region[10:46].std() + 4)


def _line(part: np.ndarray) -> float:
    """By how many grey levels, doubled, the most distinct row differs from those around it."""
    rows = part.mean(axis=1)
    return float(np.abs(2 * rows[2:-2] - rows[:-4] - rows[4:]).max())
