"""Paint the signs of age upon the skin."""

from __future__ import annotations

import numpy as np

from manifests.faces.head import SHADOW, SIDES
from manifests.faces.looks import Look
from manifests.faces.paint import Canvas, Points, ellipse, smooth


def paint_years(canvas: Canvas, look: Look, face: np.ndarray, rng: np.random.Generator) -> None:
    """Spots, folds, bags and lines: each only as strong as the look says."""
    count = int(26 * look.spots)
    if count:
        where = rng.normal((0, 0.1), (0.42, 0.42), (count, 2))
        spots = [ellipse(x, y, r, r * 0.8) for (x, y), r in zip(where, rng.uniform(0.015, 0.05, count), strict=True)]
        canvas.shade(face * canvas.mask(spots, blur=0.012), (0.78, 0.66, 0.58), 0.75 * min(1, look.spots + 0.2))
    # A grimace and raised brows crease the skin at any age, as years do.
    strain = (1.4 * max(0.0, -0.15 - look.smile) + 9 * max(0.0, -0.235 - look.brow_y)) * (1 - 0.6 * look.youth)
    creased = (0.25 * max(0.0, look.smile) + 0.8 * strain) * (1 - 0.6 * look.youth)
    folds = [_fold(look, s) for s in SIDES]
    canvas.shade(face * canvas.lines(folds, 0.035, blur=0.022), SHADOW, min(1.0, 1.1 * look.folds + creased))
    bags = [_arc(s * look.eye_x, look.eye_y + 0.16, 0.15, 0.05) for s in SIDES]
    canvas.shade(face * canvas.lines(bags, 0.04, blur=0.022), SHADOW, 0.15 + 0.75 * look.bags)
    if look.sag > 0:
        jowls = [smooth([(s * 0.30, 0.66), (s * 0.37, 0.78), (s * 0.33, 0.90)], closed=False) for s in SIDES]
        canvas.shade(face * canvas.lines(jowls, 0.05, blur=0.03), SHADOW, 0.7 * look.sag * look.folds)
    lines = min(1.2, look.lines + 0.25 * max(0.0, look.squint - 0.2) + strain)
    if lines > 0.02:
        canvas.shade(face * canvas.lines(_forehead(look, rng), 0.022, blur=0.010), SHADOW, 0.8 * lines)
        canvas.shade(face * canvas.lines(_crows_feet(look), 0.016, blur=0.008), SHADOW, 1.0 * lines)
    if look.brow_tilt > 0.1:
        frown = [[(s * 0.06, look.eye_y - 0.22), (s * 0.05, look.eye_y - 0.1)] for s in SIDES]
        canvas.shade(canvas.lines(frown, 0.02, blur=0.012), SHADOW, look.brow_tilt + 0.5 * look.lines)


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
