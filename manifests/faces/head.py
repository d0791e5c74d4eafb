"""Paint the head: neck and shoulders, skin, the signs of age, and the features."""

from __future__ import annotations

import numpy as np

from manifests.faces.looks import Look
from manifests.faces.paint import Canvas, Points, ellipse, mirrored, smooth

SHADOW = np.array((0.62, 0.50, 0.46))  # what a full shadow leaves of skin's red, green and blue
SIDES = (-1, 1)


def outline(look: Look) -> np.ndarray:
    """The head's outline, float64 (points, 2)."""
    jaw_y = look.chin_y - 0.36
    right = [
        (0.0, -1.0),
        (0.40, -0.93),
        (look.temple * 0.93, -0.62),
        (look.temple, -0.25),
        (look.cheek, 0.15),
        (0.5 * (look.cheek + look.jaw) + 0.03, 0.42),
        (look.jaw, jaw_y + 0.02 + 0.05 * look.sag),
        (0.5 * (look.jaw + look.chin) + 0.02, look.chin_y - 0.12 + 0.05 * look.sag),
        (look.chin, look.chin_y - 0.015),
        (0.0, look.chin_y + 0.01),
    ]
    return smooth(mirrored(right))


def paint_body(canvas: Canvas, look: Look) -> None:
    """Shoulders in a plain garment, and the neck in the head's shade."""
    n, base = look.neck, look.chin_y + 0.28
    wide = 1.12 + 1.2 * (look.neck - 0.35) - 0.25 * look.youth
    shoulders = mirrored([(n * 0.9, base - 0.12), (n + 0.25, base + 0.02), (wide, base + 0.22), (wide + 0.15, 2.6)])
    canvas.paint(canvas.mask([smooth(shoulders)], raised=False), look.clothes)
    neck = mirrored([(n, 0.5), (n * 0.96, base - 0.1), (n * 1.02, base), (0.0, base + 0.22)])
    mask = canvas.mask([smooth(neck)], raised=False)
    canvas.paint(mask, look.skin * 0.95)
    under = canvas.mask([ellipse(0, look.chin_y - 0.08, look.jaw, 0.3)], raised=False, blur=0.06)
    canvas.shade(mask * under, SHADOW, 0.75)


def paint_skin(canvas: Canvas, look: Look) -> np.ndarray:
    """Ears and the face's skin; returns the face's mask, float32 (pixels, pixels)."""
    for side in SIDES:
        x = side * (look.cheek + 0.03)
        canvas.paint(
            canvas.mask([ellipse(x, look.eye_y + 0.17, 0.075, 0.17, side * 0.12)], raised=False), look.skin * 0.93
        )
        canvas.shade(canvas.mask([ellipse(x, look.eye_y + 0.17, 0.03, 0.1)], raised=False, blur=0.02), SHADOW, 0.5)
        if look.earring:
            canvas.paint(canvas.mask([ellipse(x, look.eye_y + 0.37, 0.03, 0.03)], raised=False), (225, 205, 150))
    face = canvas.mask([outline(look)], raised=False)
    canvas.paint(face, look.skin)
    rim = canvas.mask([outline(look) * (0.86, 0.9) + (0, 0.0)], raised=False, blur=0.11)
    canvas.shade(face * (1 - rim), SHADOW, 0.5)
    cheeks = canvas.mask([ellipse(s * 0.42, 0.38, 0.17, 0.13) for s in SIDES], blur=0.09)
    canvas.shade(cheeks, (1.03, 0.86, 0.85), 0.75 * look.blush)
    raised = canvas.mask(
        [ellipse(s * 0.40, 0.27, 0.12, 0.07) for s in SIDES] + [ellipse(0, -0.45, 0.28, 0.14)], blur=0.09
    )
    canvas.shade(raised, (1.10, 1.10, 1.10), 0.8)
    return face


def paint_years(canvas: Canvas, look: Look, face: np.ndarray, rng: np.random.Generator) -> None:
    """Spots, folds, bags and lines: each only as strong as the look says."""
    count = int(26 * look.spots)
    if count:
        where = rng.normal((0, 0.1), (0.42, 0.42), (count, 2))
        spots = [ellipse(x, y, r, r * 0.8) for (x, y), r in zip(where, rng.uniform(0.015, 0.05, count), strict=True)]
        canvas.shade(face * canvas.mask(spots, blur=0.012), (0.78, 0.66, 0.58), 0.75 * min(1, look.spots + 0.2))
    creased = 0.25 * max(0.0, look.smile) * (1 - 0.6 * look.youth)
    folds = [_fold(look, s) for s in SIDES]
    canvas.shade(face * canvas.lines(folds, 0.035, blur=0.022), SHADOW, min(1.0, 1.1 * look.folds + creased))
    bags = [_arc(s * look.eye_x, look.eye_y + 0.16, 0.15, 0.05) for s in SIDES]
    canvas.shade(face * canvas.lines(bags, 0.04, blur=0.022), SHADOW, 0.15 + 0.75 * look.bags)
    if look.sag > 0:
        jowls = [smooth([(s * 0.30, 0.66), (s * 0.37, 0.78), (s * 0.33, 0.90)], closed=False) for s in SIDES]
        canvas.shade(face * canvas.lines(jowls, 0.05, blur=0.03), SHADOW, 0.7 * look.sag * look.folds)
    lines = look.lines + 0.25 * max(0.0, look.squint - 0.2)
    if lines > 0.02:
        canvas.shade(face * canvas.lines(_forehead(look, rng), 0.022, blur=0.010), SHADOW, 0.8 * lines)
        canvas.shade(face * canvas.lines(_crows_feet(look), 0.016, blur=0.008), SHADOW, 1.0 * lines)
    if look.brow_tilt > 0.1:
        frown = [[(s * 0.06, look.eye_y - 0.22), (s * 0.05, look.eye_y - 0.1)] for s in SIDES]
        canvas.shade(canvas.lines(frown, 0.02, blur=0.012), SHADOW, look.brow_tilt + 0.5 * look.lines)


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
    wings = [smooth([(s * w * 0.85, y - 0.075), (s * w, y - 0.01), (s * w * 0.7, y + 0.03), (s * w * 0.3, y + 0.045), (0, y + 0.06)], closed=False) for s in SIDES]  # fmt: skip
    canvas.shade(canvas.lines(wings, 0.028, blur=0.014), SHADOW, 0.8)
    canvas.shade(
        canvas.mask([ellipse(s * w * 0.45, y + 0.025, w * 0.22, 0.018) for s in SIDES], blur=0.008),
        (0.35, 0.25, 0.25),
        0.85,
    )


def paint_mouth(canvas: Canvas, look: Look) -> None:
    """Lips that the expression bends and opens, teeth, and the shade below."""
    y, w = (
        look.mouth_y - 0.02 * look.smile,
        look.mouth_w * (1 + 0.28 * max(0.0, look.smile) - 0.15 * look.opening * (look.smile < 0)),
    )
    corner, gap = y - 0.095 * look.smile, 0.15 * look.opening
    up, low = look.lips * (0.8 - 0.25 * look.opening), look.lips * (1.1 - 0.25 * look.opening)
    top = [
        (-w, corner),
        (-0.45 * w, y - 0.6 * up - 0.02 * look.smile),
        (0, y - 0.7 * up),
        (0.45 * w, y - 0.6 * up - 0.02 * look.smile),
        (w, corner),
    ]
    middle = [
        (-w, corner),
        (-0.5 * w, y + 0.015 - 0.02 * look.smile),
        (0, y + 0.02),
        (0.5 * w, y + 0.015 - 0.02 * look.smile),
        (w, corner),
    ]
    lower = [(-w, corner), (-0.5 * w, y + 0.8 * gap), (0, y + 0.02 + gap), (0.5 * w, y + 0.8 * gap), (w, corner)]
    bottom = [
        (-w, corner),
        (-0.5 * w, y + 0.8 * gap + 0.75 * low),
        (0, y + gap + low + 0.02),
        (0.5 * w, y + 0.8 * gap + 0.75 * low),
        (w, corner),
    ]
    top, middle, lower, bottom = (smooth(line, closed=False) for line in (top, middle, lower, bottom))
    canvas.shade(canvas.mask([ellipse(0, y + gap + low + 0.07, w * 0.6, 0.03)], blur=0.03), SHADOW, 0.5)
    lips = canvas.mask([np.concatenate([top, bottom[::-1]])], blur=0.008)
    canvas.paint(lips, look.lips_colour, 0.9)
    if look.opening > 0.05:
        inside = canvas.mask([np.concatenate([middle, lower[::-1]])])
        canvas.paint(inside, (72, 26, 28))
        if look.teeth:
            teeth = canvas.mask([np.concatenate([middle, (middle + (0, 0.75 * gap + 0.01))[::-1]])])
            canvas.paint(inside * teeth, (238, 232, 222))
    canvas.shade(canvas.lines([middle], 0.02, blur=0.008), (0.42, 0.3, 0.3), 0.75 if look.opening < 0.05 else 0.3)


def paint_glasses(canvas: Canvas, look: Look) -> None:
    """A thin frame."""
    rims = [ellipse(s * look.eye_x, look.eye_y + 0.03, 0.235, 0.17) for s in SIDES]
    bridge = [(-0.09, look.eye_y), (0.09, look.eye_y)]
    arms = [[(s * 0.55, look.eye_y), (s * 0.8, look.eye_y + 0.02)] for s in SIDES]
    closed = [np.concatenate([rim, rim[:1]]) for rim in rims]
    canvas.paint(canvas.lines([*closed, bridge, *arms], 0.028), (44, 40, 40), 0.9)


def _arc(x: float, y: float, rx: float, drop: float) -> np.ndarray:
    return smooth([(x - rx, y - drop), (x, y), (x + rx, y - drop)], closed=False)


def _fold(look: Look, side: int) -> np.ndarray:
    out = 0.03 * max(0.0, look.smile)
    return smooth(
        [
            (side * (look.nose_w + 0.01), look.nose_y - 0.04),
            (side * (look.nose_w + 0.09 + out), look.nose_y + 0.09),
            (side * (look.mouth_w + 0.08 + out), look.mouth_y + 0.02),
        ],
        closed=False,
    )


def _forehead(look: Look, rng: np.random.Generator) -> list[Points]:
    top = look.eye_y - 0.36
    return [
        smooth(
            [(-0.34, y + 0.02), (-0.1, y + rng.normal(0, 0.012)), (0.12, y + rng.normal(0, 0.012)), (0.34, y + 0.02)],
            closed=False,
        )
        for y in top - np.array((0.0, 0.09, 0.18))[: 1 + round(2 * min(1.0, look.lines + 0.2))]
    ]


def _crows_feet(look: Look) -> list[Points]:
    x, y = look.eye_x + look.eye_w + 0.03, look.eye_y + 0.01
    rays = [[(s * x, y), (s * (x + 0.11), y + dy)] for s in SIDES for dy in (-0.07, 0.0, 0.07)]
    under = [_arc(s * look.eye_x, look.eye_y + dy, 0.13, 0.03) for s in SIDES for dy in (0.13, 0.2)]
    return [*rays, *under]


def _eye(look: Look, side: int, height: float) -> np.ndarray:
    x, w, tilt = look.eye_x, look.eye_w, look.slant * look.eye_w * 2
    points = [(x - w, 0.012), (x - 0.45 * w, -0.8 * height), (x + 0.1 * w, -height), (x + 0.6 * w, -0.65 * height), (x + w, tilt * 0.5), (x + 0.5 * w, 0.75 * height), (x - 0.2 * w, 0.8 * height)]  # fmt: skip
    return smooth(np.array(points) * (side, 1) + (0, look.eye_y))[::1]


def _brow(look: Look, side: int) -> np.ndarray:
    y, t, tilt = look.eye_y + look.brow_y, look.brow, look.brow_tilt * 0.2
    x = look.eye_x
    points = [(x - 0.19, y + 0.02 + tilt - t * 0.4), (x, y - 0.025 - t * 0.5), (x + 0.2, y + 0.03 - tilt * 0.6), (x, y - 0.025 + t * 0.6), (x - 0.19, y + 0.02 + tilt + t * 0.7)]  # fmt: skip
    return smooth(np.array(points) * (side, 1))
