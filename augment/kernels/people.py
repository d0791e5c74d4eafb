"""Kernels that bend a face: a new person between two, and a head held otherwise.

Both take the photo's own geometry (flip, rotation, scale, shift) along, so that pixels are moved once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from augment.kernels import mesh
from augment.kernels.mesh import Face
from manifests.core.face_mesh import EARS, POINTS

Drawn = Mapping[str, Any]
COARSE = 56  # pixels to a side of what is blended; what is finer stays the photo's
_CONTRAST = (0.75, 1.33)  # how far the donor's contrast is brought to the photo's
_ALIKE = 0.55  # of the face's mean level: colours that differ by this much are not of the same thing
_TURNED = 25.0  # degrees from the camera, beyond which no head is turned


def morph(
    image: np.ndarray, face: Face, donor: np.ndarray, other: Face, drawn: Drawn, forward: np.ndarray
) -> np.ndarray:
    """Make a new person between the photo and a donor: shape and shades of both, fine detail of the photo.

    Fine detail is the photo's alone, so that skin is not smoothed and nothing of the donor's is seen twice; hair and
    background are the photo's, too. Where the two do not show the same thing (a fringe, a cap, a hand), the photo stays
    as it is. (Benson and Perrett 1993, "Extracting prototypical facial images from exemplars"; blending by frequency:
    Burt and Adelson 1983, "A multiresolution spline with application to image mosaics".)

    Args:
        image: uint8 (height, width, 4).
        face: its face.
        donor, other: a photo of any size, and its face.
        drawn: `amount` of the donor, in [0, 1].
        forward: float64 (3, 3), from the photo's to the output's pixels.
    """
    size, amount = (image.shape[1], image.shape[0]), drawn["amount"]
    still, source = face.still(), other.points[:, :2].astype(np.float64)
    own, shape = still[:POINTS], still.copy()
    theirs = _onto(source * donor.shape[1::-1], own * size) / size
    shape[:POINTS] += amount * (theirs - own)
    values = np.zeros((len(shape), 5))
    values[:, :2], values[:POINTS, 2:4], values[:, 4] = still, source, mesh.topology().inside
    field = mesh.fields(moved(shape, forward, size), values, around(forward, size, 5))
    base = remapped(image, field[..., :2], size)
    soft = cv2.resize(field[..., 4], (COARSE, COARSE))
    ours = _small(base)
    change = _matched(reduced(donor), field[..., 2:4], ours, soft)
    change *= (soft * np.float32(amount) * _agreeing(change, ours, soft))[..., None]
    level = cv2.add(change, (128.0,) * 4, dtype=cv2.CV_8U)  # half the range each way is enough, and bytes are fast
    return cv2.addWeighted(base, 1, cv2.resize(level, size), 1, -128)


def turn(image: np.ndarray, face: Face, drawn: Drawn, forward: np.ndarray) -> np.ndarray:
    """Turn the head out of the picture's plane: what lies deeper moves less. The rim, hair and background stay.

    Args:
        image, face, forward: as for `morph`.
        drawn: `yaw` to the picture's right and `pitch` down, in degrees; together with the head's own at most _TURNED.
    """
    size = (image.shape[1], image.shape[0])
    sides = np.array([size[0], size[1], size[0]], np.float64)
    points = face.points * sides
    yaw, pitch = (
        np.radians(_limited(drawn[name], was))
        for name, was in zip(("yaw", "pitch"), face.held(size[1] / size[0]), strict=False)
    )
    centre = points[list(EARS)].mean(axis=0)
    x, y, z = (points - centre).T
    x, z = x * np.cos(yaw) - z * np.sin(yaw), x * np.sin(yaw) + z * np.cos(yaw)
    y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
    turned = (np.stack([x, y], axis=1) + centre[:2]) / size
    still = face.still()
    shape = np.concatenate([turned, still[POINTS:]])
    depth = np.pad(z, (0, len(still) - POINTS), constant_values=z.max())
    field = mesh.fields(moved(shape, forward, size), still, around(forward, size, 2), depth)
    return remapped(image, field, size)


def moved(shape: np.ndarray, forward: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Points, as shares of the sides, after the photo's own geometry."""
    pixels = (shape * size - 0.5) @ forward[:2, :2].T + forward[:2, 2]
    return (pixels + 0.5) / size


def around(forward: np.ndarray, size: tuple[int, int], channels: int) -> np.ndarray:
    """What `mesh.fields` takes for what is outside: the photo's own places, then zeros; float64 (channels, 3)."""
    back = np.linalg.inv(forward)
    found = np.zeros((channels, 3))
    sides = np.array(size)
    found[:2, :2] = back[:2, :2] * sides / sides[:, None]
    found[:2, 2] = (back[:2, 2] - 0.5 * back[:2, :2].sum(axis=1) + 0.5) / sides
    return found


def remapped(image: np.ndarray, field: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Look up each output pixel where the field says, as shares of the image's sides; the border is mirrored."""
    height, width = image.shape[:2]
    places = cv2.resize(np.ascontiguousarray(field) * np.array([width, height], np.float32) - np.float32(0.5), size)
    return cv2.remap(image, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def _limited(wanted: float, own: float) -> float:
    """The angle that is turned by, so that the head ends within _TURNED or where it was."""
    return float(np.clip(wanted, min(-_TURNED - own, 0), max(_TURNED - own, 0)))


def _onto(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Move points (n, 2) onto others as well as moving, turning and scaling can (Umeyama 1991)."""
    middle, aim = points.mean(axis=0), target.mean(axis=0)
    ours, theirs = points - middle, target - aim
    along = np.vdot(ours, theirs)
    across = np.vdot(ours[:, 0], theirs[:, 1]) - np.vdot(ours[:, 1], theirs[:, 0])
    return ours @ (np.array([[along, across], [-across, along]]) / np.vdot(ours, ours)) + aim


def _small(image: np.ndarray) -> np.ndarray:
    return cv2.resize(image, (COARSE, COARSE), interpolation=cv2.INTER_AREA).astype(np.float32)


def reduced(image: np.ndarray) -> np.ndarray:
    """A donor at nearly the size that is looked up, by a whole factor, which is fast; once more changes nothing."""
    factor = max(1, round(max(image.shape[:2]) / COARSE))
    size = (max(1, image.shape[1] // factor), max(1, image.shape[0] // factor))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA) if factor > 1 else image


def _matched(donor: np.ndarray, field: np.ndarray, ours: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """What the donor's face differs by, once it has the photo's mean colour and, within bounds, contrast.

    (Reinhard et al. 2001, "Color transfer between images", channel by channel.)

    Args:
        donor: the donor, reduced.
        field: where its face's places are.
        ours: float32 (COARSE, COARSE, 4), the photo's face.
        soft: float32 (COARSE, COARSE), the face's mask.
    Returns:
        float32 (COARSE, COARSE, 4).
    """
    given = remapped(donor, field, (COARSE, COARSE))
    mask = (soft > 0.5).astype(np.uint8)
    (mean, spread), (aim, wide) = cv2.meanStdDev(given, mask=mask), cv2.meanStdDev(ours, mask=mask)
    gain = np.clip((wide + 1) / (spread + 1), *_CONTRAST)
    gain[3], aim[3], mean[3] = 0, 0, 0
    table = np.arange(256)[:, None] * gain.T + (aim - gain * mean).T
    return cv2.LUT(given, table[None].astype(np.float32)) - ours


def _agreeing(change: np.ndarray, ours: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """float32 (COARSE, COARSE): 1 where both show the same thing, 0 where a fringe or a cap covers one of them."""
    red, green, blue, _ = cv2.split(cv2.absdiff(change, np.zeros(1, np.float32)))
    apart = cv2.GaussianBlur(cv2.max(cv2.max(red, green), blue), (0, 0), COARSE / 40)
    level = cv2.mean(ours, (soft > 0.5).astype(np.uint8))[1]
    return cv2.exp(cv2.multiply(apart, apart, scale=-1 / (_ALIKE * level + 8) ** 2))
