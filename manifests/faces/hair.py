"""Paint hair behind and upon the head, and the beard."""

from __future__ import annotations

import numpy as np

from manifests.faces.looks import Look
from manifests.faces.paint import Canvas, mirrored, smooth

STRANDS = 46
CROWN = ((-0.5, -0.55), (-0.42, -1.1), (0, -1.4), (0.42, -1.1), (0.5, -0.55), (0, -0.45))
GLOSS = ((-0.5, -0.72), (-0.2, -0.9), (0.2, -0.9), (0.5, -0.72))


def paint_behind(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """The mass behind the head: down to `look.length`, and the crown's volume."""
    v, low = look.volume * (1 - 0.7 * look.thin), look.length
    if low < 0.4:
        return
    wide = look.cheek + 0.10 + v
    right = [
        (0.0, -1.0 - v),
        (0.5, -0.9 - v),
        (wide - 0.06, -0.5),
        (wide, 0.1),
        (wide + 0.06 * look.curl, 0.6 * low),
        (wide - 0.08, low),
        (0.3, low + 0.05),
    ]
    mask = canvas.mask([smooth(_curled(mirrored(right), look, rng))], raised=False, blur=0.03)
    _lay(canvas, look, mask, low, 0.78, rng)


def paint_upon(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """The hair on the skull, from the hairline up: it recedes at the temples and thins on top."""
    v = look.volume * (1 - 0.8 * look.thin)
    short = look.length < 0.4
    side = min(look.length, 0.28 if short else 1.0)
    line = -0.60 - 0.2 * look.recede + 0.26 * look.fringe
    edge = look.temple + (0.03 + 0.55 * v if short else 0.05 + 0.8 * v)
    over = mirrored(
        [(0.0, -1.02 - v), (0.42, -0.96 - v), (edge * 0.92, -0.62 - 0.3 * v), (edge + 0.01, -0.25), (edge, side)]
    )
    temple = np.array(
        [
            (look.cheek - 0.03, side + 0.02),
            (look.temple - 0.05, -0.2),
            (look.temple - 0.13 - 0.05 * look.recede, -0.42 - 0.15 * look.recede),
            (0.36, line - 0.17 * look.recede + 0.02),
        ]
    )
    hairline = np.concatenate([temple * (-1, 1), [(0.25 * look.parting, line - 0.035)], temple[::-1]])
    half = len(over) // 2
    round_the_top = np.concatenate([over[:half][::-1], over[half:-1][::-1]])
    outline = np.concatenate([_curled(round_the_top, look, rng), hairline])
    mask = canvas.mask([smooth(outline)], raised=False, blur=0.03 + 0.01 * look.thin)
    if look.thin > 0:  # a bare crown: hair stays at the sides
        mask = mask * (1 - look.thin * canvas.mask([smooth(CROWN)], raised=False, blur=0.1))
    shadow = canvas.lines([smooth(hairline, closed=False)], 0.06, raised=False, blur=0.03)
    canvas.shade(shadow, (0.7, 0.65, 0.62), 0.5 * (1 - look.thin))
    mask = _lay(canvas, look, mask, side, 1.0, rng)
    gloss = canvas.lines([smooth(GLOSS, closed=False)], 0.07, raised=False, blur=0.05)
    canvas.shade(mask * gloss, (1.4, 1.4, 1.4), 0.7 * (1 - 0.6 * look.curl))


def paint_beard(canvas: Canvas, look: Look, face: np.ndarray, rng: np.random.Generator) -> None:
    """Stubble or a full beard along the jaw, and the moustache."""
    if look.beard < 0.02:
        return
    chin, long = look.chin_y + look.beard_length, look.beard_length
    outer = [(look.cheek, 0.2), (look.jaw + 0.06, 0.66), (0.4, chin - 0.03), (0.0, chin + 0.04)]
    inner = [
        (look.cheek - 0.16, 0.3),
        (look.jaw - 0.14, 0.6),
        (look.mouth_w + 0.03, look.mouth_y + 0.16),
        (0.0, look.mouth_y + 0.17),
    ]
    left, right = np.array(outer) * (-1, 1), np.array(outer)[::-1]
    hole = np.concatenate([np.array(inner)[:-1], np.array(inner)[::-1] * (-1, 1)])
    outline = smooth(np.concatenate([left, right[1:], hole]))
    lip = [
        (-look.mouth_w - 0.02, look.mouth_y + 0.02),
        (-0.12, look.nose_y + 0.1),
        (0.12, look.nose_y + 0.1),
        (look.mouth_w + 0.02, look.mouth_y + 0.02),
        (0, look.mouth_y - 0.045),
    ]
    soft = 0.03 if long < 0.03 else 0.02
    jaw = canvas.mask([outline], raised=False, blur=soft)
    jaw = np.maximum(jaw * (face if long < 0.03 else 1), canvas.mask([smooth(lip)], blur=soft))
    grain = rng.uniform(0.75, 1.0, jaw.shape).astype(np.float32)
    canvas.paint(jaw * grain, look.beard_colour, 0.75 * look.beard if long >= 0.03 else 0.45 * look.beard)


def _curled(outline: np.ndarray, look: Look, rng: np.random.Generator) -> np.ndarray:
    """Bend an outline in and out: little for straight hair, more for coily."""
    return outline * (1 + rng.normal(0, 0.006 + 0.022 * look.curl, (len(outline), 1)))


def _lay(
    canvas: Canvas, look: Look, mask: np.ndarray, low: float, shade: float, rng: np.random.Generator
) -> np.ndarray:
    """Fill a soft mask with hair down to `low`; return what it covers.

    Lighter strands reach beyond the mask's edge and darker ones stop short of it, so that a
    hairline is no sharp edge: the mask is raised and lowered by them, then sharpened.
    """
    lines = _strands(look, low, rng)
    light = canvas.lines(lines[: STRANDS // 2], 0.014, raised=False)
    dark = canvas.lines(lines[STRANDS // 2 :], 0.014, raised=False)
    cover = np.clip((mask - 0.5 + 0.3 * (light - dark)) * 1.8 + 0.5, 0, 1) * np.minimum(1, 4 * mask)
    canvas.paint(cover, look.hair_colour * shade, 1 - 0.35 * look.thin)
    canvas.shade(cover * dark, (0.55, 0.55, 0.55), 0.5)
    canvas.shade(cover * light, (1.45, 1.42, 1.38), 0.45)
    return cover


def _strands(look: Look, low: float, rng: np.random.Generator) -> list[np.ndarray]:
    """Lines from the parting outwards, float64 (9, 2) each; they wave with `curl`."""
    t = np.linspace(0, 1, 9)
    start = rng.uniform(-1, 1, (STRANDS, 1))
    x = 0.25 * look.parting + (start * 0.9 - 0.1 * look.parting) * np.sin(t * np.pi / 2)
    y = -1.05 + (low + 1.05) * (1 - np.cos(t * np.pi / 2)) * np.abs(start) ** 0.5 + 0.1 * t
    wave = 0.05 * look.curl * np.sin(14 * t * (0.4 + look.curl) + rng.uniform(0, 6, (STRANDS, 1)))
    return list(np.stack([x + wave, y + 0.5 * wave], axis=2))
