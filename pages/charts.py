"""Charts as Plotly's own JSON; `charts.js` puts the theme's colours in the place of `--names`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Chart = dict[str, Any]


def series(number: int) -> str:
    """A colour for the series with that number, from 0; they come round again after six."""
    return f"--series-{number % 6 + 1}"


def layout(x: str, y: str, height: int = 320, **more: Any) -> dict[str, Any]:
    """A chart's axes with their titles, its height in pixels, and what else Plotly's layout takes."""
    return {
        **more,
        "height": height,
        "xaxis": {"title": {"text": x}, **more.get("xaxis", {})},
        "yaxis": {"title": {"text": y}, **more.get("yaxis", {})},
    }


def dots(
    values: Sequence[str], marks: Sequence[tuple[str, Sequence[float | None], str]], x: str, height: int | None = None
) -> Chart:
    """One line a value, one mark a series: the eye compares along the line, not bar by bar.

    Args:
        values: the lines from top to bottom.
        marks: (name, number on each line or None, Plotly's symbol) a series.
        x: the axis' title, with its unit.
    """
    data = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": list(numbers),
            "y": list(values),
            "marker": {
                "size": 15 if symbol == "line-ns-open" else 11,
                "symbol": symbol,
                "color": color,
                "line": {"width": 2, "color": color},
            },
        }
        for (name, numbers, symbol), color in zip(
            marks, ("--muted", "--series-2", "--series-1", "--series-3"), strict=False
        )
    ]
    axis = {"autorange": "reversed", "type": "category"}
    return {
        "data": data,
        "layout": layout(x, "", height or 110 + 34 * len(values), xaxis={"rangemode": "tozero"}, yaxis=axis),
    }


def error_bars(reaches: Sequence[tuple[float, float] | None], color: str) -> Chart:
    """Plotly's error bars.

    Args:
        reaches: how far up and how far down from each value; None: no bar.
        color: of the bars.
    """
    ends = [each or (0, 0) for each in reaches]
    return {
        "type": "data",
        "symmetric": False,
        "array": [up for up, _ in ends],
        "arrayminus": [down for _, down in ends],
        "thickness": 1.5,
        "width": 0,
        "color": color,
    }


def bars(x: Sequence[Any], y: Sequence[float], titles: tuple[str, str]) -> Chart:
    """Counts by a whole number."""
    data = [{"type": "bar", "x": list(x), "y": list(y), "marker": {"color": "--series-1"}}]
    return {"data": data, "layout": layout(*titles, height=260, xaxis={"dtick": 1 if len(x) <= 30 else None})}


def lines(
    named: Sequence[tuple[str, Sequence[float], Sequence[float | None]]],
    titles: tuple[str, str],
    direct: bool = False,
    **more: Any,
) -> Chart:
    """(name, x, y) a line; `direct` writes each name beside the line's highest point, in place of a legend."""
    dashes = ("solid", "dash", "dot", "dashdot")
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": list(x),
            "y": list(y),
            "line": {"width": 2, "color": series(i), "dash": dashes[i // 6 % 4]},
            "marker": {"size": 6, "color": series(i)},
        }
        for i, (name, x, y) in enumerate(named)
    ]
    if direct:
        labels = [_label(i, *each) for i, each in enumerate(named) if any(y is not None for y in each[2])]
        more = {"annotations": labels, "showlegend": False, "margin": {"t": 28, "r": 60}, **more}
    return {
        "data": data,
        "layout": layout(*titles, **{"yaxis": {"rangemode": "tozero"}, "showlegend": len(named) > 1, **more}),
    }


def _label(number: int, name: str, x: Sequence[float], y: Sequence[float | None]) -> Chart:
    """A line's name above its highest point."""
    most, at = max((value, -i) for i, value in enumerate(y) if value is not None)
    place = {"x": x[-at], "y": most, "xanchor": "center", "yanchor": "bottom", "yshift": 4}
    return {**place, "text": name, "showarrow": False, "font": {"color": series(number), "size": 12}}
