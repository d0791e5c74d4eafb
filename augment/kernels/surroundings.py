"""Kernels that change what is around a face: a lamp from a side, and what is behind the person."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from augment.kernels import mesh
from augment.kernels.mesh import Face
from manifests.core.face_mesh import OVAL, POINTS

Drawn = Mapping[str, Any]
_WRAP = 0.3  # how far round a lamp that is not small lights a surface that is turned away
_BRIGHTER = 0.3  # of the light that a face gains where most falls on it; more would burn out
_COARSE = 32  # pixels to a side of a backdrop out of focus
_SEEN = 0.85  # of the face that the person's mask must cover, or it is taken to have failed
_CERTAIN = (0.25, 0.75)  # of the person's mask: below is background, above is the person
_GAIN = 200  # the lamp's gain of 1, as a byte: bytes are fast, and a step is half a percent


def relight(image: np.ndarray, face: Face, drawn: Drawn) -> np.ndarray:
    """Light the face by a lamp from a side, by the mesh's normals (Lambert 1760), and its surroundings a little.

    Args:
        image: uint8 (height, width, 4).
        face: its face.
        drawn: `angle` of the lamp around the camera's axis in degrees, 0 from the right, 90 from above; `height` of the
            lamp over the picture's plane in degrees; `strength` of the change, 0 none.
    """
    height, width = image.shape[:2]
    turn, tall = np.radians(drawn["angle"]), np.radians(drawn["height"])
    lamp = np.array([np.cos(turn) * np.cos(tall), -np.sin(turn) * np.cos(tall), -np.sin(tall)])
    lit = np.clip(face.normals(height / width) @ lamp + _WRAP, 0, None) / (1 + _WRAP)
    shape = face.still()
    middle = shape[list(OVAL)].mean(axis=0)
    slope = 0.35 * lamp[:2]  # of the light around the face, over the photo's sides
    inside = mesh.topology().inside[:POINTS]
    values = np.concatenate([lit - np.average(lit, weights=inside), (shape[POINTS:] - middle) @ slope])
    outside = np.array([[*slope, -middle @ slope]])
    field = cv2.GaussianBlur(mesh.interpolated(face.raster(), values[:, None], outside), (0, 0), mesh.GRID / 40)
    field = np.exp(np.float32(drawn["strength"]) * (field - max(float(field.max()) - _BRIGHTER, 0)))
    gain = cv2.convertScaleAbs(cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR), alpha=_GAIN)
    return cv2.multiply(image, cv2.merge([gain] * 4), scale=1 / _GAIN)


def background(image: np.ndarray, face: Face, donor: np.ndarray, other: Face, drawn: Drawn) -> np.ndarray:
    """Put the surroundings of another photo behind the person, out of focus as behind a portrait.

    Where the donor's person stood, the colours around are continued.

    Args:
        image, face: the photo.
        donor, other: a photo of any size, and its face; `drawn` may leave them unused.
        drawn: `plain` (r, g, b), for a wall of one colour, lit from `light` (x, y); or neither: the donor's.
    """
    height, width = image.shape[:2]
    behind = _behind(face, (width, height))
    if "plain" in drawn:
        y, x = np.mgrid[0:_COARSE, 0:_COARSE].astype(np.float32) / (_COARSE - 1) - 0.5
        shade = 1 + x * np.float32(drawn["light"][0]) + y * np.float32(drawn["light"][1])
        scene = shade[..., None] * np.array([*drawn["plain"], 0], np.float32)
    else:
        colours = cv2.resize(donor, (_COARSE, _COARSE), interpolation=cv2.INTER_AREA).astype(np.float32)
        colours[..., 3] = 1  # of what shows how much is background
        colours *= _behind(other, (_COARSE, _COARSE))[..., None] / np.float32(255) + np.float32(1e-3)
        scene = sum(
            cv2.GaussianBlur(colours, (side, side), blur) * np.float32(share)
            for blur, side, share in ((1.5, 13, 1.0), (6, 37, 0.05), (16, 63, 2e-3))
        )
        scene = scene / scene[..., 3:]
    scene = np.clip(np.rint(scene), 0, 255).astype(np.uint8)
    wall = cv2.resize(scene, (width, height), interpolation=cv2.INTER_CUBIC)
    share = cv2.merge([behind] * 4)
    # By 256 in place of 255, which is slow: the person's pixels stay exactly as they are, the others to a level or two.
    kept = cv2.subtract(image, cv2.multiply(image, share, scale=1 / 256))
    return cv2.add(kept, cv2.multiply(wall, share, scale=1 / 256))


@lru_cache(maxsize=2)  # a copy after another asks for the same photo's, of its size
def _behind(face: Face, size: tuple[int, int]) -> np.ndarray:
    """uint8 (height, width), 255 where the background is and 0 where the person is."""
    person = _silhouette(face) if face.person is None else face.person
    outline = _outline(face, *person.shape)
    if face.person is not None and cv2.mean(person, outline)[0] < _SEEN * 255:
        person = _silhouette(face)
    person = cv2.max(person, outline)  # whatever the mask says, the face is the person's
    low, high = _CERTAIN
    certain = np.clip((np.arange(256) / 255 - low) / (high - low), 0, 1)
    mask = cv2.resize(person, size, interpolation=cv2.INTER_LINEAR)
    return cv2.LUT(mask, np.rint(255 * (1 - certain)).astype(np.uint8))


def _outline(face: Face, height: int, width: int) -> np.ndarray:
    """uint8 (height, width), 255 within the face's outline."""
    corners = np.rint(face.points[list(OVAL), :2] * [width, height] - 0.5).astype(np.int32)
    return cv2.fillPoly(np.zeros((height, width), np.uint8), [corners], 255)


def _silhouette(face: Face) -> np.ndarray:
    """The face's outline with room for hair, and shoulders below: where no model has looked for the person."""
    outline = face.points[list(OVAL), :2].astype(np.float64)
    low, high = outline.min(axis=0), outline.max(axis=0)
    wide, tall = high - low
    middle = (low + high) / 2
    side = 64
    mask = np.zeros((side, side), np.uint8)
    head = (middle - (0, 0.14 * tall), (1.75 * wide, 1.6 * tall))
    body = ((middle[0], high[1] + 0.75 * tall), (3.4 * wide, 1.5 * tall))
    for (x, y), (across, down) in (head, body):
        cv2.ellipse(mask, ((x * side, y * side), (across * side, down * side), 0), 255, -1)
    cv2.rectangle(
        mask,
        (round((middle[0] - 0.45 * wide) * side), round(middle[1] * side)),
        (round((middle[0] + 0.45 * wide) * side), side),
        255,
        -1,
    )
    return cv2.GaussianBlur(mask, (0, 0), 1.5)
