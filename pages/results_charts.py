"""The results page's charts, each with its figures as a table."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from manifests.tables.comparison import Comparison, Row, Table
from manifests.tables.scorecard import Scorecard
from pages import charts as draw
from pages import results_tables

Shown = dict[str, Any]  # chart (its name), figure, title, description, headers, rows
Curve = dict[str, list[tuple[int, float]]]
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "star", "hexagon")
OTHERS = (("published", "x-thin"), ("predictions", "square-open"))
CURVES = {"valid_mae": "error on valid (years)", "valid_loss": "loss on valid", "loss": "loss on train"}


@dataclass(frozen=True)
class Drawn:
    """The charts by section."""

    comparison: list[Shown]
    groups: list[Shown]
    by_age: list[Shown]
    curves: list[Shown]

    def all(self) -> list[Shown]:
        """Every chart."""
        return [*self.comparison, *self.groups, *self.by_age, *self.curves]


def every(compared: Comparison, cards: Mapping[str, Scorecard], curves: Mapping[str, Curve]) -> Drawn:
    """Draw all of the page."""
    table = compared.splits.get(compared.split)
    scored = table is not None and bool(table.rows)
    return Drawn(
        _comparison(table) if table and scored else [],
        [_groups(table, number, axis) for number, axis in enumerate(table.axes)] if table and scored else [],
        _by_age(cards),
        _curves(curves),
    )


def _comparison(table: Table) -> list[Shown]:
    """One point a system: the runs alone, and small among the published ones."""
    runs = [row for row in table.rows if row.kind == "run"]
    points = [_point(row, number) for number, row in enumerate(runs)]
    headers, rows = results_tables.comparison(table)
    told = ", ".join(f"{row.name} at {row.mae.value:.2f} and {row.average_bias.value:.2f}" for row in runs)
    shown = [_system("runs", "The runs", points, f"{told}.", headers, rows[: len(runs)])] if runs else []
    others = [_others(kind, symbol, [row for row in table.rows if row.kind == kind]) for kind, symbol in OTHERS]
    if len(rows) > len(runs):
        description = "Crosses are the studies' own figures, squares are predictions given by name."
        data = [*points, *(each for each in others if each["x"])]
        shown.append(_system("systems", "Beside the published systems", data, description, headers, rows))
    return shown


def _system(
    name: str, title: str, data: list[Shown], description: str, headers: list[str], rows: list[tuple[str, ...]]
) -> Shown:
    titles = ("mean absolute error (years)", "average bias (years)")
    figure = {"data": data, "layout": draw.layout(*titles, height=400, yaxis={"rangemode": "tozero"}, showlegend=True)}
    return {
        "chart": name,
        "figure": figure,
        "title": title,
        "description": description,
        "headers": headers,
        "rows": rows,
    }


def _point(row: Row, number: int) -> Shown:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": row.name,
        "x": [row.mae.value],
        "y": [row.average_bias.value],
        "marker": {"size": 12, "color": draw.series(number), "symbol": SYMBOLS[number % len(SYMBOLS)]},
        "error_x": _bar([row.mae], number),
        "error_y": _bar([row.average_bias], number),
    }


def _others(kind: str, symbol: str, rows: list[Row]) -> Shown:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": kind,
        "x": [row.mae.value for row in rows],
        "y": [row.average_bias.value for row in rows],
        "text": [row.name for row in rows],
        "hovertemplate": "%{text}<br>%{x:.2f}, %{y:.2f}<extra></extra>",
        "marker": {"size": 9, "symbol": symbol, "color": "--muted", "line": {"width": 1.5, "color": "--muted"}},
    }


def _bar(figures: list[Any], number: int) -> Shown:
    """Plotly's error bars of figures with `low` and `high`, or none where they have no interval."""
    known = [each is not None and each.low is not None for each in figures]
    values = [None if each is None else getattr(each, "value", getattr(each, "mae", 0.0)) for each in figures]
    up = [each.high - value if ok else 0 for each, value, ok in zip(figures, values, known, strict=True)]
    down = [value - each.low if ok else 0 for each, value, ok in zip(figures, values, known, strict=True)]
    return {
        "type": "data",
        "symmetric": False,
        "array": up,
        "arrayminus": down,
        "thickness": 1.5,
        "width": 0,
        "color": draw.series(number),
    }


def _groups(table: Table, number: int, axis: str) -> Shown:
    """One line a group of the axis, one mark a run."""
    runs = [row for row in table.rows if row.kind == "run" and axis in row.by_group]
    names = list(dict.fromkeys(name for row in runs for name in row.by_group[axis]))
    few = {name for row in runs for name, each in row.by_group[axis].items() if each.marked}
    data = []
    for i, row in enumerate(runs):
        groups = [row.by_group[axis].get(name) for name in names]
        offset = [y + 0.6 * ((i + 0.5) / len(runs) - 0.5) for y in range(len(names))]
        marker = {"size": 9, "color": draw.series(i), "symbol": SYMBOLS[i % len(SYMBOLS)]}
        values = [None if each is None else each.mae for each in groups]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": row.name,
                "x": values,
                "y": offset,
                "marker": marker,
                "error_x": _bar(groups, i),
            }
        )
    ticks = [name + (" *" if name in few else "") for name in names]
    y = {"tickvals": list(range(len(names))), "ticktext": ticks, "range": [len(names) - 0.4, -0.6], "zeroline": False}
    height = 120 + len(names) * max(34, 16 * len(runs))
    figure = {
        "data": data,
        "layout": draw.layout("mean absolute error (years)", "", height, yaxis=y, xaxis={"rangemode": "tozero"}),
    }
    worst = max(((each.mae, name, row.name) for row in runs for name, each in row.by_group[axis].items()), default=None)
    return {
        "chart": f"group-{number}",
        "figure": figure,
        "title": axis,
        "description": ""
        if worst is None
        else f"Largest error: {worst[0]:.2f} years, {worst[1]}, in the run {worst[2]}.",
        "headers": [axis, *(row.name for row in runs)],
        "rows": [
            (tick, *(results_tables.group(row.by_group[axis].get(name)) for row in runs))
            for tick, name in zip(ticks, names, strict=True)
        ],
    }


def _by_age(cards: Mapping[str, Scorecard]) -> list[Shown]:
    """Error, and whether too old or too young, against the labelled age."""
    bands = {name: card.splits[card.split].by_age for name, card in cards.items() if card.split in card.splits}
    if not any(bands.values()):
        return []
    kinds = (
        ("mae", "Mean absolute error", "mean absolute error (years)", "Photos in bands of five years."),
        (
            "signed",
            "Mean signed error",
            "predicted less labelled (years)",
            "Above 0 the run says too old, below 0 too young.",
        ),
    )
    shown = []
    ages = sorted({band.age for each in bands.values() for band in each})
    for key, title, y, description in kinds:
        curves = [
            (name, [band.age for band in each], [getattr(band, key) for band in each]) for name, each in bands.items()
        ]
        by = {
            name: {band.age: f"{getattr(band, key):.2f} (n = {band.n:,})" for band in each}
            for name, each in bands.items()
        }
        more = {} if key == "mae" else {"yaxis": {"zeroline": True, "zerolinecolor": "--strong-line"}}
        shown.append(
            {
                "chart": f"by-age-{key}",
                "figure": draw.lines(curves, ("labelled age (years)", y), **more),
                "title": title,
                "description": description,
                "headers": ["age from (years)", *bands],
                "rows": [(f"{age:g}", *(by[name].get(age, "") for name in bands)) for age in ages],
            }
        )
    return shown


def read_curves(folder: Path) -> Curve:
    """A run's curves as the mean over its repeats: name -> (epoch, value). Empty where it left none."""
    curves: Curve = {}
    for name in CURVES:
        values: dict[int, list[float]] = {}
        for path in sorted(folder.glob(f"plots/metrics/repeat_*/{name}.tsv")):
            with path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file, delimiter="\t"):
                    values.setdefault(int(row["step"]), []).append(float(row[name]))
        if values:
            curves[name] = [(step, float(np.mean(values[step]))) for step in sorted(values)]
    return curves


def _curves(curves: Mapping[str, Curve]) -> list[Shown]:
    shown = []
    for name, title in CURVES.items():
        own = {run: each[name] for run, each in curves.items() if name in each}
        if not own:
            continue
        lines = [(run, [step for step, _ in each], [value for _, value in each]) for run, each in own.items()]
        steps = sorted({step for each in own.values() for step, _ in each})
        by = {run: dict(each) for run, each in own.items()}
        shown.append(
            {
                "chart": f"curve-{name.replace('_', '-')}",
                "figure": draw.lines(lines, ("epoch", title)),
                "title": title[0].upper() + title[1:],
                "description": "The mean over the run's repeats." if own else "",
                "headers": ["epoch", *own],
                "rows": [(step, *(f"{by[run][step]:.4g}" if step in by[run] else "" for run in own)) for step in steps],
            }
        )
    return shown
