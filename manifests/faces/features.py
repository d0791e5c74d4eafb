"""Paint eyes, nose and mouth, and the glasses in front of them."""

from __future__ import annotations

import numpy as np

from manifests.faces.head import SHADOW, SIDES
from manifests.faces.looks import Look
from manifests.faces.paint import Canvas, ellipse, smooth


def paint_eyes(canvas: Canvas, look: Look) -> None:
    """Sockets, eyes, lids, lashes and brows."""
    height = look.eye_h * (1 - 0.75 * look.squint)
    sockets = [ellipse(s * look.eye_x, look.eye_y - 0.04, 0.2, 0.1) for s in SIDES]
    canvas.shade(canvas.mask(sockets, blur=0.05), SHADOW, 0.35 + 0.2 * look.bags)
    eyes = [_eye(look, s, height) for s in SIDES]
    white = canvas.mask(eyes)
    canvas.paint(white, (236, 232, 228))
    radius = 0.072 + 0.008 * look.youth
    for size, colour in ((radius, look.eye_colour), (radius * 0.45, (16, 14, 14))):
        canvas.paint(
            white * canvas.mask([ellipse(s * look.eye_x, look.eye_y - 0.008, size, size) for s in SIDES]), colour
        )
    glints = [ellipse(s * look.eye_x + 0.025, look.eye_y - 0.035, 0.017, 0.017) for s in SIDES]
    canvas.paint(white * canvas.mask(glints), (250, 250, 250), 0.9)
    upper = [eye[: len(eye) // 2 + 1] for eye in eyes]
    canvas.shade(canvas.lines(upper, 0.03, blur=0.008), (0.25, 0.2, 0.2), 0.8)
    creases = [line - (0, look.lid) for line in upper]
    canvas.shade(canvas.lines(creases, 0.02, blur=0.012), SHADOW, 0.65)
    brows = [_brow(look, s) for s in SIDES]
    canvas.paint(canvas.mask(brows, blur=0.012), look.brow_colour, 0.85 - 0.35 * look.youth)


def paint_nose(canvas: Canvas, look: Look) -> None:
    """A soft bridge, tip, wings and nostrils."""
    w, y = look.nose_w, look.nose_y
    bridge = [
        smooth([(s * 0.085, look.eye_y - 0.02), (s * 0.065, 0.5 * y), (s * w * 0.8, y - 0.04)], closed=False)
        for s in SIDES
    ]
    canvas.shade(canvas.lines(bridge, 0.05, blur=0.03), SHADOW, 0.38)
    canvas.shade(
        canvas.mask([ellipse(0, 0.5 * y, 0.035, 0.2), ellipse(0, y - 0.05, 0.06, 0.05)], blur=0.03), (1.16, 1.16, 1.16)
    )
    half = np.array([(0.85 * w, -0.075), (w, -0.01), (0.7 * w, 0.03), (0.3 * w, 0.045), (0, 0.06)])
    wings = [smooth(half * (s, 1) + (0, y), closed=False) for s in SIDES]
    canvas.shade(canvas.lines(wings, 0.028, blur=0.014), SHADOW, 0.8)
    canvas.shade(
        canvas.mask([ellipse(s * w * 0.45, y + 0.025, w * 0.22, 0.018) for s in SIDES], blur=0.008),
        (0.35, 0.25, 0.25),
        0.85,
    )


def paint_mouth(canvas: Canvas, look: Look) -> None:
    """Lips that the expression bends and opens, teeth, and the shade below."""
    y, gap = look.mouth_y - 0.02 * look.smile, 0.15 * look.opening
    w = look.mouth_w * (1 + 0.28 * max(0.0, look.smile) - 0.15 * look.opening * (look.smile < 0))
    up, low = look.lips * (0.8 - 0.25 * look.opening), look.lips * (1.1 - 0.25 * look.opening)

    def lip(beside: float, centre: float) -> np.ndarray:
        corner = y - 0.095 * look.smile
        across = w * np.array((-1.0, -0.45, 0.0, 0.45, 1.0))
        return smooth(np.stack([across, (corner, y + beside, y + centre, y + beside, corner)], axis=1), closed=False)

    top = lip(-0.6 * up - 0.02 * look.smile, -0.7 * up)
    middle = lip(0.015 - 0.02 * look.smile, 0.02)
    lower = lip(0.8 * gap, 0.02 + gap)
    bottom = lip(0.8 * gap + 0.75 * low, 0.02 + gap + low)
    canvas.shade(canvas.mask([ellipse(0, y + gap + low + 0.07, w * 0.6, 0.03)], blur=0.03), SHADOW, 0.5)
    lips = canvas.mask([np.concatenate([top, bottom[::-1]])], blur=0.008)
    canvas.paint(lips, look.lips_colour, 0.9)
    if look.opening > 0.05:
        inside = canvas.mask([np.concatenate([middle, lower[::-1]])])
        canvas.paint(inside, (72, 26, 28))
        if look.teeth:
            edge = np.add(middle[::-1], (0, 0.75 * gap + 0.01))
            canvas.paint(inside * canvas.mask([np.concatenate([middle, edge])]), (238, 232, 222))
    canvas.shade(canvas.lines([middle], 0.02, blur=0.008), (0.42, 0.3, 0.3), 0.75 if look.opening < 0.05 else 0.3)


def paint_glasses(canvas: Canvas, look: Look) -> None:
    """A thin frame."""
    rims = [ellipse(s * look.eye_x, look.eye_y + 0.03, 0.235, 0.17) for s in SIDES]
    bridge = [(-0.09, look.eye_y), (0.09, look.eye_y)]
    arms = [[(s * 0.55, look.eye_y), (s * 0.8, look.eye_y + 0.02)] for s in SIDES]
    closed = [np.concatenate([rim, rim[:1]]) for rim in rims]
    canvas.paint(canvas.lines([*closed, bridge, *arms], 0.028), (44, 40, 40), 0.9)


def _eye(look: Look, side: int, height: float) -> np.ndarray:
    across = look.eye_x + look.eye_w * np.array((-1.0, -0.45, 0.1, 0.6, 1.0, 0.5, -0.2))
    down = height * np.array((0.0, -0.8, -1.0, -0.65, 0.0, 0.75, 0.8))
    down[[0, 4]] = 0.012, look.slant * look.eye_w
    return smooth(np.stack([side * across, look.eye_y + down], axis=1))


def _brow(look: Look, side: int) -> np.ndarray:
    thick, tilt = look.brow, 0.2 * look.brow_tilt
    across = look.eye_x + np.array((-0.19, 0.0, 0.2, 0.0, -0.19))
    down = np.array((0.02 + tilt, -0.025, 0.03 - 0.6 * tilt, -0.025, 0.02 + tilt))
    down += look.eye_y + look.brow_y + thick * np.array((-0.4, -0.5, 0.0, 0.6, 0.7))
    return smooth(np.stack([side * across, down], axis=1))
