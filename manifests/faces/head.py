"""Paint the head: neck and shoulders, skin, the signs of age, and the features."""

from __future__ import annotations

import numpy as np

from manifests.faces.looks import Look
from manifests.faces.paint import Canvas, ellipse, mirrored, smooth

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
    """Ears and the face's skin; return the face's mask, float32 (pixels, pixels)."""
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
