"""Our own kernels: pure functions of one photo and of parameters already drawn.

A photo is uint8 (height, width, 4), RGBX: RGB and a fourth byte that means nothing, because
OpenCV warps four channels in half the time of three. `apply` fuses: whatever moves pixels becomes one
matrix and one warp (a face that is bent takes it along), whatever maps tones one look-up table a channel. The order is
a camera's: light and things in the scene, pose, tones, lens, sensor, file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
import stringzilla

from augment.kernels import camera, people, scenery, surroundings
from augment.kernels.mesh import Face
from manifests.core import codec

Drawn = Mapping[str, Any]
GEOMETRY = ("flip", "angle", "scale", "shift", "tilt")
LENT = people.COARSE  # pixels of a donor's sides that are enough where it lends no tone
TONES = ("gamma", "contrast", "gain", "tone")
_LEVELS = np.arange(256) / 255.0
_QUANTILES = np.linspace(0.02, 0.98, 17)
_STEEPEST = 2.0  # slope of a tone curve above which noise and blocking would show


def develop(
    image: np.ndarray,
    drawn: Drawn,
    donor: np.ndarray | None,
    quality: int,
    face: Face | None = None,
    other: Face | None = None,
) -> tuple[np.ndarray, bytes]:
    """Make a copy of a photo from drawn parameters.

    Args:
        image, drawn, donor, face, other: as for `apply`.
        quality: of the JPEG, 1 to 100.
    Returns:
        the pixels, uint8 (height, width, 4), RGBX, before they are encoded; and the JPEG's bytes.
    """
    made = apply(image, drawn, donor, face, other)
    return made, codec.encode(made, quality)


def apply(
    image: np.ndarray,
    drawn: Drawn,
    donor: np.ndarray | None = None,
    face: Face | None = None,
    other: Face | None = None,
) -> np.ndarray:
    """Apply drawn parameters to a photo; nothing in here is random.

    Args:
        image: uint8 (height, width, 4), RGBX; not changed.
        drawn: parameters by name, of AROUND, SCENE, BENT, GEOMETRY, TONES and CAMERA; and `albumentations`, the last.
        donor: uint8 (any, any, 4), RGBX; the photo that `tone`, `morph` and `background` take from.
        face: the photo's; AROUND and BENT need it, SCENE makes use of it.
        other: the donor's, which `morph` and `background` need.
    Returns:
        uint8 (height, width, 4), RGBX, contiguous.
    Raises:
        ValueError: a face is needed, and there is none.
    """
    out = image
    for name, around in AROUND.items():
        if name in drawn:
            out = around(out, _there(face), drawn[name], donor, other)
    for name, scene in SCENE.items():
        if name in drawn:
            out = scene(out, drawn[name], face)
    bent = next((name for name in BENT if name in drawn), None)
    if bent:
        forward = matrix(image.shape[1], image.shape[0], drawn)
        out = BENT[bent](out, _there(face), drawn[bent], donor, other, forward)
    elif any(name in drawn for name in GEOMETRY):
        out = warp(out, drawn)
    if any(name in drawn for name in TONES):
        out = translate(out.copy() if out is image else out, tables(drawn, image, donor))
    for name, op in CAMERA.items():
        if name in drawn:
            out = op(out, drawn[name])
    if "albumentations" in drawn:
        from augment.kernels import theirs  # imports the library

        out = theirs.apply(out, drawn["albumentations"])
    return np.ascontiguousarray(out)


def _there(face: Face | None) -> Face:
    if face is None:
        raise ValueError("no face was found in it, or in its donor")
    return face


def _morph(
    image: np.ndarray, face: Face, drawn: Drawn, donor: np.ndarray | None, other: Face | None, forward: np.ndarray
) -> np.ndarray:
    return people.morph(image, face, image if donor is None else donor, _there(other), drawn, forward)


def _turn(image: np.ndarray, face: Face, drawn: Drawn, _: object, __: object, forward: np.ndarray) -> np.ndarray:
    return people.turn(image, face, drawn, forward)


def _relight(image: np.ndarray, face: Face, drawn: Drawn, _: object, __: object) -> np.ndarray:
    return surroundings.relight(image, face, drawn)


def _background(
    image: np.ndarray, face: Face, drawn: Drawn, donor: np.ndarray | None, other: Face | None
) -> np.ndarray:
    return surroundings.background(image, face, image if donor is None else donor, _there(other), drawn)


def warp(image: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Move all pixels once; what lies outside is the mirror image of what lies inside."""
    height, width = image.shape[:2]
    if not any(name in drawn for name in GEOMETRY[1:]):
        return cv2.flip(image, 1)
    forward = matrix(width, height, drawn)
    if "tilt" in drawn:
        return cv2.warpPerspective(
            image, forward, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    return cv2.warpAffine(
        image, forward[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def matrix(width: int, height: int, drawn: Drawn) -> np.ndarray:
    """Compose flip, tilt, rotation, scale and shift about the centre.

    Args:
        width, height: in pixels.
        drawn: `flip` bool; `tilt` (x, y), the change of depth from the centre to an edge; `angle`
            in degrees, counterclockwise; `scale` about 1; `shift` (x, y) as shares of the sides.
    Returns:
        float64 (3, 3), from source to output pixels.
    """
    centre_x, centre_y, half = (width - 1) / 2, (height - 1) / 2, max(width, height) / 2
    turn, scale = math.radians(drawn.get("angle", 0.0)), drawn.get("scale", 1.0)
    cos, sin, mirror = scale * math.cos(turn), scale * math.sin(turn), -1.0 if drawn.get("flip") else 1.0
    shift_x, shift_y = drawn.get("shift", (0.0, 0.0))
    right, down = centre_x + shift_x * width, centre_y + shift_y * height
    if "tilt" not in drawn:  # the product of the three below
        return np.array(
            [
                [mirror * cos, sin, right - mirror * cos * centre_x - sin * centre_y],
                [-mirror * sin, cos, down + mirror * sin * centre_x - cos * centre_y],
                [0, 0, 1],
            ]
        )
    tilt_x, tilt_y = drawn["tilt"]
    to_centre = np.array([[mirror, 0, -mirror * centre_x], [0, 1, -centre_y], [0, 0, 1]])
    tilted = np.array([[1, 0, 0], [0, 1, 0], [tilt_x / half, tilt_y / half, 1]])
    turned = np.array([[cos, sin, right], [-sin, cos, down], [0, 0, 1]])
    return turned @ tilted @ to_centre


def tables(drawn: Drawn, image: np.ndarray, donor: np.ndarray | None) -> np.ndarray:
    """Fuse tone transfer, gamma, contrast and white balance.

    Args:
        drawn: `gamma` about 1; `contrast` about 1, around mid grey; `gain` (r, g, b); `tone`, how
            much of the way to the donor's tones, from 0 to 1.
        image: uint8 (height, width, 4), the photo before anything was done to it.
        donor: uint8 (any, any, 4), for `tone`.
    Returns:
        uint8 (1 or 3, 256): one table for all channels, or one for each.
    """
    curves = tone_curves(image, donor, drawn["tone"]) if donor is not None and "tone" in drawn else _LEVELS[None]
    curves = curves ** drawn.get("gamma", 1.0)
    curves = (curves - 0.5) * drawn.get("contrast", 1.0) + 0.5
    if "gain" in drawn:
        curves = curves * np.array(drawn["gain"])[:, None]
    return np.rint(np.clip(curves, 0, 1) * 255).astype(np.uint8)


def tone_curves(image: np.ndarray, donor: np.ndarray, amount: float) -> np.ndarray:
    """Match each channel's histogram to the donor's, part of the way, by smooth and bounded curves.

    Only quantiles are matched, so that the curve has no steps, and its slope is bounded, so that a
    flat channel is not stretched into noise (histogram specification: Gonzalez and Woods 2018, 3.3).

    Returns:
        float64 (3, 256) in [0, 1].
    """
    curves = np.empty((3, 256))
    for channel in range(3):
        ours, theirs = (_quantiles(photo[::3, ::3, channel]) for photo in (image, donor))
        matched = np.interp(_LEVELS, [0, *ours, 1], [0, *theirs, 1])
        slope = _STEEPEST * _LEVELS
        limited = np.minimum.accumulate(matched - slope) + slope  # lags where it is too steep, then catches up
        curves[channel] = (1 - amount) * _LEVELS + amount * limited
    return np.clip(curves, 0, 1)


def _quantiles(channel: np.ndarray) -> np.ndarray:
    """Strictly ascending levels in (0, 1) at the shares _QUANTILES."""
    rising = np.cumsum(np.bincount(channel.ravel(), minlength=256))
    levels = np.searchsorted(rising, _QUANTILES * rising[-1]) / 255.0
    return np.clip(levels, 0.002, 0.99) + np.arange(len(levels)) * 1e-6


def translate(image: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Look each pixel up, in place where one table serves all channels (stringzilla: 8 times cv2.LUT).

    Args:
        image: uint8 (height, width, 4), contiguous.
        table: uint8 (1 or 3, 256).
    """
    if len(table) == 1:
        stringzilla.translate(image.data.cast("B"), table[0].tobytes(), inplace=True)
        return image
    planes = cv2.split(image)
    for plane, one in zip(planes[:3], table, strict=True):
        stringzilla.translate(memoryview(plane).cast("B"), one.tobytes(), inplace=True)
    return cv2.merge(planes)


Op = Callable[[np.ndarray, Any], np.ndarray]
AROUND: Mapping[str, Callable[..., np.ndarray]] = {"relight": _relight, "background": _background}
BENT: Mapping[str, Callable[..., np.ndarray]] = {"morph": _morph, "turn": _turn}  # at most one of them
SCENE: Mapping[str, Callable[..., np.ndarray]] = {
    "shadow": scenery.shadow,
    "glasses": scenery.glasses,
    "hand": scenery.hand,
}
CAMERA: Mapping[str, Op] = {
    "blur": camera.blur,
    "noise": camera.noise,
    "grey": camera.grey,
    "rescale": camera.rescale,
    "compress": camera.compress,
}
FACED = frozenset({*AROUND, *BENT, "glasses", "hand"})
"""What depends on where the face is."""
