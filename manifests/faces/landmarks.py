"""Where a drawn face has the mesh's 468 points: the mean face, bent so that its features lie where they are painted."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.interpolate import RBFInterpolator

from manifests.core.face_mesh import OVAL, mean_face
from manifests.faces.head import outline
from manifests.faces.looks import Look
from manifests.faces.scene import SCALE, SIZE, Scene

_SIDES = (-1, 1)
_DEEP = 0.35  # face units from the outline, over which the flat outline passes into the curved face
_DEPTH = 1.6  # face units in the mean face's width: its ears are that far apart


def landmarks(look: Look, view: Scene) -> np.ndarray:
    """The points of a person in a scene.

    Returns:
        float16 (468, 3): x and y as shares of the sides, z away from the camera as a share of the width.
    """
    mean = mean_face().astype(np.float64)
    anchors, places = _anchors(look)
    flat = _bend(tuple(anchors)) @ places
    depth = -mean[:, 2] * _DEPTH
    pose = view.pose
    still, turned = pose.place(flat, raised=False), pose.place(flat, raised=True)
    rim = np.hypot(*(flat[:, None] - flat[list(OVAL)][None]).transpose(2, 0, 1)).min(axis=1)
    inner = np.clip(rim / _DEEP, 0, 1)[:, None]
    depth = depth * np.cos(pose.yaw) - flat[:, 0] * np.sin(pose.yaw)
    across = still + inner * (turned - still)
    pixels = SIZE * SCALE
    points = np.concatenate([(across + 0.5) / pixels, -depth[:, None] * pose.unit / pixels], axis=1)
    return points.astype(np.float16)


@lru_cache(maxsize=1)
def _bend(anchors: tuple[int, ...]) -> np.ndarray:
    """float64 (468, anchors): where the points go by where the anchors go, as a thin-plate spline is linear."""
    mean = mean_face()[:, :2].astype(np.float64)
    spline = RBFInterpolator(mean[list(anchors)], np.eye(len(anchors)), kernel="thin_plate_spline")
    return np.asarray(spline(mean))


def _anchors(look: Look) -> tuple[list[int], np.ndarray]:
    """Points of the mesh, and where the drawing has them in face coordinates: outline, eyes, brows, nose and mouth."""
    rim = outline(look)
    angles = np.arctan2(rim[:, 0], -(rim[:, 1] - 0.1))
    mean = mean_face()[list(OVAL), :2]
    wanted = np.arctan2(mean[:, 0], -(mean[:, 1] - 0.05))
    order = np.argsort(angles)
    oval = np.stack([np.interp(wanted, angles[order], rim[order, axis], period=2 * np.pi) for axis in (0, 1)], axis=1)
    oval[:, 1] = np.maximum(oval[:, 1], -0.78)  # the mesh ends at the hairline
    height = look.eye_h * (1 - 0.75 * look.squint)
    mouth, gap = look.mouth_y - 0.02 * look.smile, 0.15 * look.opening
    wide = look.mouth_w * (1 + 0.28 * max(0.0, look.smile) - 0.15 * look.opening * (look.smile < 0))
    corner = mouth - 0.095 * look.smile
    brow = look.eye_y + look.brow_y
    named = {4: (0, look.nose_y - 0.05), 2: (0, look.nose_y + 0.06), 168: (0, look.eye_y - 0.03)}
    named |= {
        0: (0, mouth - 0.7 * look.lips),
        17: (0, mouth + 0.02 + gap + look.lips),
        13: (0, mouth),
        14: (0, mouth + gap),
    }
    pairs = {
        (33, 263): (look.eye_x + look.eye_w, look.eye_y + look.slant * look.eye_w),
        (133, 362): (look.eye_x - look.eye_w, look.eye_y + 0.012),
        (159, 386): (look.eye_x, look.eye_y - height),
        (145, 374): (look.eye_x, look.eye_y + 0.8 * height),
        (105, 334): (look.eye_x, brow),
        (61, 291): (wide, corner),
        (129, 358): (look.nose_w, look.nose_y - 0.01),
    }
    points = [*OVAL, *named, *(point for pair in pairs for point in pair)]
    places = [*oval, *named.values(), *((side * x, y) for x, y in pairs.values() for side in _SIDES)]
    return points, np.array(places, np.float64)
