"""What every chart of the results page is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pages import charts as draw

SYMBOLS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "hexagon")


@dataclass(frozen=True)
class ResultChart:
    """One chart of the page.

    Attributes:
        chart: its name, which joins its place on the page to its figure.
        figure: Plotly's specification.
        title: the heading above it.
        description: a sentence below the heading; may be empty.
        headers: of the table with the same figures.
        rows: of that table.
    """

    chart: str
    figure: draw.Chart
    title: str
    description: str
    headers: Sequence[str]
    rows: Sequence[Sequence[object]]


def context(name: str, x: Sequence[float], y: Sequence[float | None], **more: str) -> draw.Chart:
    """Another run's line, thin and grey, behind that of the run that is looked at."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"width": 1, "color": "--strong-line"},
        "opacity": 0.6,
        "showlegend": False,
        **more,
    }
