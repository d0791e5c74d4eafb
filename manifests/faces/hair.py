"""Paint hair behind and upon the head, and the beard."""

from __future__ import annotations

import numpy as np

from manifests.faces.looks import Look
from manifests.faces.paint import Canvas, mirrored, smooth

STRANDS = 46


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
    mask = canvas.mask([smooth(_curled(mirrored(right), look, rng))], raised=False, blur=0.01)
    canvas.paint(mask, look.hair_colour * 0.72, 1 - 0.6 * look.thin)
    _strands(canvas, look, mask, rng, low)


def paint_upon(canvas: Canvas, look: Look, rng: np.random.Generator) -> None:
    """The hair on the skull, from the hairline up: it recedes at the temples and thins on top."""
    v = look.volume * (1 - 0.8 * look.thin)
    side = min(look.length, 0.28) if look.length < 0.4 else 0.45
    line = -0.60 - 0.2 * look.recede + 0.26 * look.fringe
    corner = line - 0.17 * look.recede + 0.02
    edge = look.temple + 0.05 + 0.8 * v
    outer = [(0.0, -1.02 - v), (0.42, -0.96 - v), (edge * 0.92, -0.62 - 0.3 * v), (edge + 0.01, -0.25), (edge, side)]
    inner = [
        (look.cheek - 0.03, side + 0.02),
        (look.temple - 0.05, -0.2),
        (look.temple - 0.13 - 0.05 * look.recede, -0.42 - 0.15 * look.recede),
        (0.36, corner),
    ]
    parted = (0.25 * look.parting, line - 0.035)
    outline = np.concatenate([mirrored(outer), np.array(inner) * (-1, 1), [parted], np.array(inner)[::-1]])
    # `mirrored` ends at the top on the left; walk it from the right ear over the top instead.
    n = len(outer)
    over = np.concatenate([np.array(outer)[::-1], np.array(outer[1:]) * (-1, 1)])
    outline = np.concatenate([_curled(over, look, rng), np.array(inner) * (-1, 1), [parted], np.array(inner)[::-1]])
    mask = canvas.mask([smooth(outline)], raised=False, blur=0.014 + 0.02 * look.thin)
    if look.thin > 0:  # a bare crown: hair stays at the sides
        rows = np.linspace(0, 1, mask.shape[0], dtype=np.float32)[:, None]
        crown = canvas.mask(
            [smooth([(-0.5, -0.55), (-0.42, -1.1), (0, -1.4), (0.42, -1.1), (0.5, -0.55), (0, -0.45)])],
            raised=False,
            blur=0.1,
        )
        mask = mask * (1 - look.thin * crown) + 0 * rows
    canvas.paint(mask, look.hair_colour, 1 - 0.35 * look.thin)
    _strands(canvas, look, mask, rng, side)
    gloss = canvas.lines(
        [smooth([(-0.5, -0.72), (-0.2, -0.9), (0.2, -0.9), (0.5, -0.72)], closed=False)], 0.07, raised=False, blur=0.05
    )
    canvas.shade(mask * gloss, (1.4, 1.4, 1.4), 0.7 * (1 - 0.6 * look.curl))
    canvas.shade(
        canvas.lines(
            [smooth([np.array(p) * (-1, 1) for p in inner] + [parted] + inner[::-1], closed=False)],
            0.04,
            raised=False,
            blur=0.03,
        ),
        (0.7, 0.65, 0.62),
        0.5 * (1 - look.thin),
    )


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


def _strands(canvas: Canvas, look: Look, mask: np.ndarray, rng: np.random.Generator, low: float) -> None:
    """Lighter and darker strands from the parting outwards; they wave with `curl`."""
    t = np.linspace(0, 1, 9)
    lines = []
    for start in rng.uniform(-1, 1, STRANDS):
        x = 0.25 * look.parting + (start * 0.9 - 0.1 * look.parting) * np.sin(t * np.pi / 2)
        y = -1.05 + (low + 1.05) * (1 - np.cos(t * np.pi / 2)) * abs(start) ** 0.5 + 0.1 * t
        wave = 0.05 * look.curl * np.sin(14 * t * (0.4 + look.curl) + rng.uniform(0, 6))
        lines.append(np.stack([x + wave, y + wave * 0.5], axis=1))
    half = STRANDS // 2
    canvas.shade(mask * canvas.lines(lines[:half], 0.014, raised=False), (0.55, 0.55, 0.55), 0.5)
    canvas.shade(mask * canvas.lines(lines[half:], 0.014, raised=False), (1.45, 1.42, 1.38), 0.45)
