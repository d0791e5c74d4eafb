"""The face mesh: what its 468 points are called, and where they lie in the mean frontal face.

The points are those of MediaPipe's face mesh (Kartynnik et al. 2019, Real-time facial surface geometry from monocular
video on mobile GPUs). `face_mesh.csv` is their mean over frontal faces: x to the right and y down, the middle between
the ears at the origin, the face one unit wide, z away from the camera.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

POINTS = 468
# fmt: off
OVAL = (  # the face's outline, clockwise from the middle of the hairline
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)
# fmt: on
EYES = ((33, 133), (362, 263))  # the corners of each eye, from left to right in the picture
EARS = (234, 454)  # where the outline passes the ears, left and right
BROWS, NOSE, MOUTH, CHIN = 9, 4, (61, 291), 152  # between the brows, the tip, the corners, the lowest point
BRIDGE = 168  # between the eyes
HAIRLINE = 10


@cache
def mean_face() -> np.ndarray:
    """float32 (468, 3), read once."""
    path = Path(__file__).with_suffix(".csv")
    return np.loadtxt(path, np.float32, delimiter=",", skiprows=1)


def angles(points: np.ndarray) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a face in degrees.

    Args:
        points: float (468, 3), in units that are equal along all axes.
    Returns:
        yaw to the picture's right, pitch down, roll clockwise; those of the mean face are 0.
    """
    ours, mean = (one - one.mean(axis=0) for one in (points.astype(np.float64), mean_face().astype(np.float64)))
    left, _, right = np.linalg.svd(mean.T @ ours)  # Kabsch 1976: the rotation from the mean face to this one
    turn = (left @ np.diag([1, 1, np.sign(np.linalg.det(left @ right))]) @ right).T
    yaw = np.arctan2(-turn[0, 2], np.hypot(turn[0, 0], turn[1, 0]))
    pitch = np.arctan2(-turn[1, 2], turn[2, 2])
    roll = np.arctan2(turn[1, 0], turn[0, 0])
    found = np.degrees([yaw, pitch, roll])
    return float(found[0]), float(found[1]), float(found[2])
