"""Kernels that put something into the scene: a shadow, glasses, a hand.

Parameters are drawn for a face that fills its photo as the aligned layouts have it, eyes at two fifths of the height, a
third of the width apart; where the face is known to lie elsewhere, everything moves there. It keeps clear of the mouth.
Each takes uint8 (height, width, 4) RGBX, drawn parameters, as shares of the sides, and the face or None.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from augment.kernels.mesh import Face
from manifests.core.face_mesh import EARS, EYES

Drawn = Mapping[str, Any]
_FINE = 2  # things are drawn at twice the size, then made smaller: smooth edges
_EYES, _EYES_APART, _WIDE = (0.5, 0.41), 0.33, 0.68  # of an aligned face: between the eyes, their distance, ear to ear
_CHEEKS = [50, 280, 205, 425, 4]  # points of the mesh whose colour is the skin's
_POINTS = np.linspace(0, 2 * np.pi, 48, endpoint=False)


def shadow(image: np.ndarray, drawn: Drawn, _: Face | None = None) -> np.ndarray:
    """Darken one side of a soft edge, as a wall, a hat's brim or a window frame does.

    Args:
        image: the photo.
        drawn: `angle` of the edge's normal in degrees, `offset` of the edge from the centre, `soft`
            width of the edge, both as shares of the side, `strength` in [0, 1] of the light taken.
    """
    height, width = image.shape[:2]
    y, x = np.mgrid[0:32, 0:32] / 31.0 - 0.5
    turn = np.deg2rad(drawn["angle"])
    inside = (x * np.cos(turn) + y * np.sin(turn) - drawn["offset"]) / drawn["soft"]
    light = 1 - drawn["strength"] / (1 + np.exp(-4 * inside))
    mask = cv2.resize(light.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.multiply(image, cv2.merge([mask] * 4), dtype=cv2.CV_8U)


def glasses(image: np.ndarray, drawn: Drawn, face: Face | None = None) -> np.ndarray:
    """Draw a frame of two rims, a bridge and two temples, and tint the lenses.

    Args:
        image: the photo.
        drawn: `centre` (x, y) between the eyes, `apart` of the lenses' centres, `lens` (width,
            height), `square` exponent of the rims' superellipse (2 is round), `thick` of the rims,
            `angle` in degrees, `tint` in [0, 1] of the light that the lenses take, `colour` (r, g, b).
        face: where the eyes are.
    """
    height, width = image.shape[:2]
    drawn = _on_eyes(drawn, face, width, height)
    frame = np.zeros((height * _FINE, width * _FINE), np.uint8)
    lenses = frame.copy()
    line = max(2, round(drawn["thick"] * width * _FINE))
    rim = _superellipse(drawn["lens"], drawn["square"])
    inner = drawn["lens"][0] / 2
    for side in (-1, 1):
        middle = np.array([side * drawn["apart"] / 2, 0.0])
        corners = _place(rim + middle, drawn, width, height)
        cv2.fillPoly(lenses, [corners], 255, cv2.LINE_AA)
        cv2.polylines(frame, [corners], True, 255, line, cv2.LINE_AA)
        hinge = middle + np.array([side * inner, -0.2 * drawn["lens"][1]])
        temple = hinge + np.array([[0, 0], [side * 0.11, -0.015]]) * drawn["apart"] / _EYES_APART
        cv2.polylines(frame, [_place(temple, drawn, width, height)], False, 255, line, cv2.LINE_AA)
    gap = drawn["apart"] / 2 - inner
    bridge = np.array([[-gap, -0.008], [-gap / 2, -0.022], [gap / 2, -0.022], [gap, -0.008]])
    bridge[:, 1] *= drawn["apart"] / _EYES_APART
    cv2.polylines(frame, [_place(bridge, drawn, width, height)], False, 255, line, cv2.LINE_AA)
    tinted = _blend(image, np.array([24, 24, 28]), _small(lenses, image) * drawn["tint"])
    cast = np.roll(_small(frame, image), round(0.012 * height), axis=0)  # the rims' own shadow on the skin
    tinted = _blend(tinted, np.zeros(3), cv2.GaussianBlur(cast, (0, 0), 0.012 * width) * 0.35)
    return _blend(tinted, np.array(drawn["colour"]), _small(frame, image) * 0.93)


def hand(image: np.ndarray, drawn: Drawn, face: Face | None = None) -> np.ndarray:
    """Lay fingers in the face's own skin colour over the temple, the brow or an eye.

    Args:
        image: the photo.
        drawn: `side` 0 left or 1 right, `reach` how far the fingertips come in, `height` of the
            uppermost finger, `fingers`, `thick` of one, `angle` in degrees, `light` of the skin
            against the face's, `lengths` of the fingers against the longest.
        face: where the temples are, and whose skin it is.
    """
    rows, columns = image.shape[:2]
    size = (rows * _FINE, columns * _FINE)
    if face is None:
        seen = image[int(rows * 0.45) : int(rows * 0.6) + 1, int(columns * 0.4) : int(columns * 0.6) + 1, :3]
        skin = np.median(seen, axis=(0, 1))
    else:
        spots = np.rint(face.points[_CHEEKS, :2] * [columns, rows]).astype(int)
        spots = np.clip(spots, 0, [columns - 1, rows - 1])
        skin = np.median(image[spots[:, 1], spots[:, 0], :3], axis=0)
        drawn = _at_temples(drawn, face)
    masks = _fingers(drawn, size)
    cast = cv2.GaussianBlur(_small(np.maximum.reduce(masks), image), (0, 0), 0.02 * columns)
    out = _blend(image, np.zeros(3), np.roll(cast, round(0.015 * rows), axis=0) * 0.4)
    radius = drawn["thick"] * size[1] / 2
    for mask in masks:
        depth = np.minimum(cv2.distanceTransform(mask, cv2.DIST_L2, 3), radius) / radius
        light = 0.8 + 0.2 * np.sqrt(1 - (1 - depth) ** 2)  # a cylinder's
        lit = cv2.resize(light.astype(np.float32), (columns, rows), interpolation=cv2.INTER_AREA)
        out = _blend(out, skin * drawn["light"] * lit[..., None], cv2.GaussianBlur(_small(mask, image), (0, 0), 0.6))
    return out


def _fingers(drawn: Drawn, size: tuple[int, int]) -> list[np.ndarray]:
    """A uint8 mask of `size` for each finger, from the uppermost down: two strokes, the narrower one longer."""
    turn, thick, masks = np.deg2rad(drawn["angle"]), drawn["thick"], []
    along = np.array([-np.cos(turn), np.sin(turn)])
    for number, length in enumerate(drawn["lengths"][: drawn["fingers"]]):
        tip = np.array([drawn["reach"] * length, drawn["height"] + number * thick * 0.92])
        mask = np.zeros(size, np.uint8)
        for back, width in ((0.0, 0.78), (0.05, 1.0)):
            ends = np.array([tip + back * along, tip + 0.9 * along])
            if drawn["side"]:
                ends[:, 0] = 1 - ends[:, 0]
            start, stop = np.rint(ends * [size[1], size[0]]).astype(int).tolist()
            cv2.line(mask, start, stop, 255, max(2, round(width * thick * size[1])), cv2.LINE_AA)
        masks.append(mask)
    return masks


def _on_eyes(drawn: Drawn, face: Face | None, width: int, height: int) -> Drawn:
    """Glasses for an aligned face, moved, turned and scaled onto this one's eyes."""
    if face is None:
        return drawn
    eyes = np.array([face.points[list(eye), :2].mean(axis=0) for eye in EYES]) * [width, height]
    across = eyes[1] - eyes[0]
    scale = float(np.hypot(*across)) / width / _EYES_APART
    middle = eyes.mean(axis=0) / [width, height] + (np.array(drawn["centre"]) - _EYES) * scale
    return {
        **drawn,
        "centre": middle.tolist(),
        "apart": drawn["apart"] * scale,
        "lens": [side * scale for side in drawn["lens"]],
        "thick": drawn["thick"] * scale,
        "angle": drawn["angle"] + float(np.degrees(np.arctan2(across[1], across[0]))),
    }


def _at_temples(drawn: Drawn, face: Face) -> Drawn:
    """Fingers for an aligned face, moved and scaled to this one's temples."""
    left, right = sorted(face.points[list(EARS), 0].tolist())
    scale = (right - left) / _WIDE
    edge = left if drawn["side"] == 0 else 1 - right
    eyes = float(face.points[[point for eye in EYES for point in eye], 1].mean())
    return {
        **drawn,
        "reach": edge + (drawn["reach"] - (1 - _WIDE) / 2) * scale,
        "height": eyes + (drawn["height"] - _EYES[1]) * scale,
        "thick": drawn["thick"] * scale,
        "lengths": [1 - (1 - length) * scale for length in drawn["lengths"]],
    }


def _superellipse(sides: Sequence[float], power: float) -> np.ndarray:
    """float64 (48, 2): |x|^p + |y|^p = 1, from round (2) to nearly a rectangle (5)."""
    cos, sin = np.cos(_POINTS), np.sin(_POINTS)
    shape = np.stack([np.sign(cos) * np.abs(cos) ** (2 / power), np.sign(sin) * np.abs(sin) ** (2 / power)], axis=1)
    return shape * np.array(sides) / 2


def _place(points: np.ndarray, drawn: Drawn, width: int, height: int) -> np.ndarray:
    """int32 (n, 2), pixels of the fine mask: points about the centre, turned and moved."""
    turn = np.deg2rad(drawn["angle"])
    turned = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.rint((turned + drawn["centre"]) * [width * _FINE, height * _FINE]).astype(np.int32)


def _small(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """float32 (height, width) in [0, 1]: the fine mask at the photo's size."""
    size = (image.shape[1], image.shape[0])
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _blend(image: np.ndarray, colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Lay a colour (3,) or (height, width, 3) over the photo, with float32 (height, width) alpha."""
    out, weight = image.copy(), alpha[..., None]
    out[..., :3] = np.rint(image[..., :3] * (1 - weight) + np.clip(colour, 0, 255) * weight).astype(np.uint8)
    return out
