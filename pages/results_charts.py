"""The results page's charts of all runs together: accuracy and bias, and the error of each group."""

from __future__ import annotations

from collections.abc import Sequence

from manifests.core import text
from manifests.tables.comparison import Figure, SplitComparison, System
from manifests.tables.parts import Words
from manifests.tables.scorecard import GroupError
from pages import charts as draw
from pages import results_tables
from pages.results_parts import SYMBOLS, ResultChart

OTHERS = (("published", "x-thin"), ("predictions", "square-open"))


def comparison(table: SplitComparison, words: Words) -> list[ResultChart]:
    """One point per system: the runs alone, and small among the published ones; none without rows."""
    return _comparison(table, words) if table.rows else []


def groups(table: SplitComparison, words: Words) -> list[ResultChart]:
    """The error of each run in the groups of each axis."""
    names = dict.fromkeys(axis for row in table.rows for axis in row.by_group)
    return [_groups(table, number, axis, words) for number, axis in enumerate(names)]


def _comparison(table: SplitComparison, words: Words) -> list[ResultChart]:
    runs = [row for row in table.rows if row.kind == "run"]
    points = [_point(row, number) for number, row in enumerate(runs)]
    headers, rows = results_tables.comparison(table, words)
    biases = {r.name: r.average_bias.value for r in runs if r.average_bias}
    told = ", ".join(f"{r.name} at {text.figure(r.error.value)} and {text.figure(biases[r.name])}" for r in runs)
    shown = (
        [ResultChart("runs", _scatter(points, words), "The runs", f"{told}.", headers, rows[: len(runs)])]
        if runs
        else []
    )
    others = [_others(kind, symbol, [row for row in table.rows if row.kind == kind]) for kind, symbol in OTHERS]
    if len(rows) > len(runs):
        description = "Crosses are the studies' own figures, squares are predictions given by name."
        figure = _scatter([*points, *(each for each in others if each["x"])], words)
        shown.append(ResultChart("systems", figure, "Beside the published systems", description, headers, rows))
    return shown


def _scatter(data: list[draw.Chart], words: Words) -> draw.Chart:
    titles = (f"{words.error} ({words.unit})", f"average bias ({words.unit})")
    return {"data": data, "layout": draw.layout(*titles, height=400, yaxis={"rangemode": "tozero"}, showlegend=True)}


def _point(row: System, number: int) -> draw.Chart:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": row.name,
        "x": [row.error.value],
        "y": [row.average_bias.value if row.average_bias else None],
        "marker": {"size": 12, "color": draw.series(number), "symbol": SYMBOLS[number % len(SYMBOLS)]},
        "error_x": _error_bars([row.error], number),
        "error_y": _error_bars([row.average_bias], number),
    }


def _others(kind: str, symbol: str, rows: list[System]) -> draw.Chart:
    rows = [row for row in rows if row.average_bias]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": kind,
        "x": [row.error.value for row in rows],
        "y": [row.average_bias.value for row in rows if row.average_bias],
        "text": [row.name for row in rows],
        "hovertemplate": "%{text}<br>%{x:.2f}, %{y:.2f}<extra></extra>",
        "marker": {"size": 9, "symbol": symbol, "color": "--muted", "line": {"width": 1.5, "color": "--muted"}},
    }


def _error_bars(figures: Sequence[Figure | GroupError | None], number: int) -> draw.Chart:
    """The intervals as error bars; none where a figure has no interval."""
    reaches = [
        None if f is None or f.low is None or f.high is None else (f.high - f.value, f.value - f.low) for f in figures
    ]
    return draw.error_bars(reaches, draw.series(number))


def _groups(table: SplitComparison, number: int, axis: str, words: Words) -> ResultChart:
    """One line per group of the axis, one mark per run."""
    runs = [row for row in table.rows if row.kind == "run" and axis in row.by_group]
    names = list(dict.fromkeys(name for row in runs for name in row.by_group[axis]))
    few = {name for row in runs for name, each in row.by_group[axis].items() if each.marked}
    data = []
    for i, row in enumerate(runs):
        groups = [row.by_group[axis].get(name) for name in names]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": row.name,
                "x": [None if each is None else each.error for each in groups],
                "y": [y + 0.6 * ((i + 0.5) / len(runs) - 0.5) for y in range(len(names))],
                "marker": {"size": 9, "color": draw.series(i), "symbol": SYMBOLS[i % len(SYMBOLS)]},
                "error_x": _error_bars(groups, i),
            }
        )
    ticks = [name + (" *" if name in few else "") for name in names]
    y = {"tickvals": list(range(len(names))), "ticktext": ticks, "range": [len(names) - 0.4, -0.6], "zeroline": False}
    height = 120 + len(names) * max(34, 16 * len(runs))
    layout = draw.layout(f"{words.full} ({words.unit})", "", height, yaxis=y, xaxis={"rangemode": "tozero"})
    worst = max(
        ((each.error, name, row.name) for row in runs for name, each in row.by_group[axis].items()), default=None
    )
    said = f"Largest error: {text.figure(worst[0])} {words.unit}, {worst[1]}, in the run {worst[2]}." if worst else ""
    rows = [
        (tick, *(results_tables.group(row.by_group[axis].get(name)) for row in runs))
        for tick, name in zip(ticks, names, strict=True)
    ]
    figure = {"data": data, "layout": layout}
    return ResultChart(f"group-{number}", figure, axis, said, [axis, *(row.name for row in runs)], rows)
