"""The results page's charts, each with its figures as a table."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from manifests.core import text
from manifests.tables.comparison import Comparison, Figure, SplitComparison, System
from manifests.tables.parts import Words
from manifests.tables.scorecard import GroupError, Scorecard
from pages import charts as draw
from pages import results_tables

Curve = dict[str, list[tuple[int, float]]]
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "hexagon")
OTHERS = (("published", "x-thin"), ("predictions", "square-open"))
CURVES = {"valid_loss": "loss on valid", "loss": "loss on train"}
SIGNED = "Above 0 the run says too old, below 0 too young."


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


@dataclass(frozen=True)
class ResultCharts:
    """The charts by section."""

    comparison: list[ResultChart]
    groups: list[ResultChart]
    by_age: list[ResultChart]
    curves: list[ResultChart]

    def __iter__(self) -> Iterator[ResultChart]:
        return chain(self.comparison, self.groups, self.by_age, self.curves)


def every(compared: Comparison, cards: Mapping[str, Scorecard], curves: Mapping[str, Curve]) -> ResultCharts:
    """Draw all charts of the page."""
    table = compared.splits.get(compared.split)
    scored, words = table is not None and bool(table.rows), compared.words
    groups = dict.fromkeys(axis for row in table.rows for axis in row.by_group) if table else {}
    return ResultCharts(
        _comparison(table, words) if table and scored else [],
        [_groups(table, number, axis, words) for number, axis in enumerate(groups)] if table and scored else [],
        _by_age(cards, words),
        _curves(curves, words),
    )


def _comparison(table: SplitComparison, words: Words) -> list[ResultChart]:
    """One point per system: the runs alone, and small among the published ones."""
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
    """Plotly's error bars; of length 0 where a figure has no interval."""
    ends = [
        (0, 0)
        if each is None or each.low is None or each.high is None
        else (each.high - each.value, each.value - each.low)
        for each in figures
    ]
    return {
        "type": "data",
        "symmetric": False,
        "array": [up for up, _ in ends],
        "arrayminus": [down for _, down in ends],
        "thickness": 1.5,
        "width": 0,
        "color": draw.series(number),
    }


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


def _by_age(cards: Mapping[str, Scorecard], words: Words) -> list[ResultChart]:
    """Error and, of predicted ages, whether too old or too young, against the labelled age."""
    bands = {name: card.splits[card.split].by_age for name, card in cards.items() if card.split in card.splits}
    if not any(bands.values()):
        return []
    shown, ages = [], sorted({band.age for each in bands.values() for band in each})
    kinds = [("error", words.full.capitalize(), f"{words.full} ({words.unit})", "Photos in bands of five years.")]
    if all(band.signed is not None for each in bands.values() for band in each):
        kinds.append(("signed", "Mean signed error", f"predicted less labelled ({words.unit})", SIGNED))
    for key, title, y, description in kinds:
        values: dict[str, list[tuple[float, float, int]]] = {
            name: [(band.age, getattr(band, key), band.n) for band in each] for name, each in bands.items()
        }
        curves = [(name, [age for age, _, _ in each], [value for _, value, _ in each]) for name, each in values.items()]
        cells = {
            name: {age: f"{text.figure(value)} (n = {text.count(n)})" for age, value, n in each}
            for name, each in values.items()
        }
        more = {} if key == "error" else {"yaxis": {"zeroline": True, "zerolinecolor": "--strong-line"}}
        figure = draw.lines(curves, ("labelled age (years)", y), **more)
        rows = [(f"{age:g}", *(cells[name].get(age, "") for name in bands)) for age in ages]
        shown.append(ResultChart(f"by-age-{key}", figure, title, description, ["age from (years)", *bands], rows))
    return shown


def read_curves(folder: Path, words: Words) -> Curve:
    """Read a run's curves as the mean over its repeats: name -> (epoch, value). Empty where it left none."""
    curves: Curve = {}
    for name in _titles(words):
        values: dict[int, list[float]] = {}
        for path in sorted(folder.glob(f"plots/metrics/repeat_*/{name}.tsv")):
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file, delimiter="\t"):
                    values.setdefault(int(row["step"]), []).append(float(row[name]))
        if values:
            curves[name] = [(step, float(np.mean(values[step]))) for step in sorted(values)]
    return curves


def _titles(words: Words) -> dict[str, str]:
    """Curve -> its title."""
    return {f"valid_{words.key('error')}": f"error on valid ({words.unit})", **CURVES}


def _curves(curves: Mapping[str, Curve], words: Words) -> list[ResultChart]:
    shown = []
    for name, title in _titles(words).items():
        own = {run: each[name] for run, each in curves.items() if name in each}
        if not own:
            continue
        lines = [(run, [step for step, _ in each], [value for _, value in each]) for run, each in own.items()]
        steps = sorted({step for each in own.values() for step, _ in each})
        by = {run: dict(each) for run, each in own.items()}
        rows = [(step, *(f"{by[run][step]:.4g}" if step in by[run] else "" for run in own)) for step in steps]
        figure, heading = draw.lines(lines, ("epoch", title)), title[0].upper() + title[1:]
        note = "The mean over the run's repeats."
        shown.append(ResultChart(f"curve-{name.replace('_', '-')}", figure, heading, note, ["epoch", *own], rows))
    return shown
