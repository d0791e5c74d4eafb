"""Parallel coordinates of a sweep as SVG: an axis per hyperparameter and one for the error, a line per run."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from experiments.grid import Point

WIDTH, HEIGHT, MARGIN, TOP = 760, 300, 70, 40  # pixels
LABELS = 8  # of an axis with more values the first, the middle one and the last are labelled
BEST, OTHERS = "#b5442c", "#8a97a6"


def svg(points: Mapping[str, Point], errors: Mapping[str, float], unit: str) -> str:
    """Draw it; the best run's line is on top, in another colour.

    Args:
        points: run -> its hyperparameters; the same ones for all.
        errors: run -> its error on valid; the lowest is best.
        unit: of the errors.
    """
    names = list(next(iter(points.values())))
    best = min(errors, key=lambda run: errors[run])
    ticks = {name: sorted({point[name] for point in points.values()}) for name in names}
    low, high = min(errors.values()), max(errors.values())
    x = [MARGIN + at * (WIDTH - 2 * MARGIN) / len(names) for at in range(len(names) + 1)]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12" role="img">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for run in sorted(points, key=lambda run: (run == best, -errors[run])):
        heights = [_height(ticks[name].index(points[run][name]), len(ticks[name]) - 1) for name in names]
        heights.append(_height(errors[run] - low, high - low))
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, heights, strict=True))
        colour, wide = (BEST, 2.5) if run == best else (OTHERS, 1)
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{wide}" stroke-opacity=".8">'
            f"<title>{escape(run.partition('.')[2] or run)}: {errors[run]:.2f} {escape(unit)}</title></polyline>"
        )
    for at, name in enumerate(names):
        last = len(ticks[name]) - 1
        shown = range(last + 1) if last < LABELS else (0, last // 2, last)
        marks = {f"{ticks[name][i]:.4g}": _height(i, last) for i in shown}
        parts += _axis(x[at], name, marks)
    parts += _axis(x[-1], f"error on valid ({unit})", {f"{low:.2f}": _height(0, 1), f"{high:.2f}": _height(1, 1)})
    return "\n".join([*parts, "</svg>", ""])


def _height(place: float, last: float) -> float:
    """From the bottom, the first value, to the top, the last; in the middle where there is one."""
    share = place / last if last else 0.5
    return HEIGHT - TOP - share * (HEIGHT - 2 * TOP)


def _axis(x: float, name: str, marks: Mapping[str, float]) -> list[str]:
    lines = [f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - TOP}" stroke="#222"/>']
    lines += [f'<text x="{x + 5:.1f}" y="{y + 4:.1f}" fill="#222">{escape(text)}</text>' for text, y in marks.items()]
    lines.append(f'<text x="{x:.1f}" y="{HEIGHT - 12}" text-anchor="middle" fill="#222">{escape(name)}</text>')
    return lines
