"""The results page's charts, each with its figures as a table."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from manifests.pages import charts as draw
from manifests.tables.comparison import Comparison, Row, Table
from manifests.tables.scorecard import Scorecard
from train import page_tables

Shown = dict[str, Any]  # chart (its name), figure, title, description, headers, rows
Curve = dict[str, list[tuple[int, float]]]
CURVES = {"valid_mae": "error on valid (years)", "valid_loss": "loss on valid", "loss": "loss on train"}


@dataclass(frozen=True)
class Drawn:
    """The charts by section."""

    comparison: Shown | None
    groups: list[Shown]
    by_age: list[Shown]
    curves: list[Shown]

    def all(self) -> list[Shown]:
        """Every chart."""
        return [*([self.comparison] if self.comparison else []), *self.groups, *self.by_age, *self.curves]


def every(compared: Comparison, cards: Mapping[str, Scorecard], curves: Mapping[str, Curve]) -> Drawn:
    """Draw all of the page."""
    table = compared.splits.get(compared.split)
    scored = table is not None and bool(table.rows)
    return Drawn(
        _comparison(table) if table and scored else None,
        [_groups(table, number, axis) for number, axis in enumerate(table.axes)] if table and scored else [],
        _by_age(cards),
        _curves(curves),
    )


def _comparison(table: Table) -> Shown:
    """One point a system; the runs each in a colour, the published ones as crosses."""
    runs = [row for row in table.rows if row.kind == "run"]
    data = [_point(row, number) for number, row in enumerate(runs)]
    for kind, symbol in (("published", "x-thin"), ("predictions", "square-open")):
        rows = [row for row in table.rows if row.kind == kind]
        if rows:
            data.append(_others(rows, kind, symbol))
    titles = ("mean absolute error (years)", "average bias (years)")
    figure = {"data": data, "layout": draw.layout(*titles, height=440, yaxis={"rangemode": "tozero"}, showlegend=True)}
    headers, rows_ = page_tables.comparison(table)
    told = ", ".join(f"{row.name} at {row.mae.value:.2f} and {row.average_bias.value:.2f}" for row in runs)
    return {"chart": "comparison", "figure": figure, "description": f"Runs: {told}.", "headers": headers, "rows": rows_}


def _point(row: Row, number: int) -> Shown:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": row.name,
        "x": [row.mae.value],
        "y": [row.average_bias.value],
        "text": [row.name],
        "textposition": "top right",
        "marker": {"size": 12, "color": draw.series(number)},
        "error_x": _bar([row.mae], number),
        "error_y": _bar([row.average_bias], number),
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


def _others(rows: list[Row], kind: str, symbol: str) -> Shown:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": kind,
        "x": [row.mae.value for row in rows],
        "y": [row.average_bias.value for row in rows],
        "text": [row.name for row in rows],
        "hovertemplate": "%{text}<br>%{x:.2f}, %{y:.2f}<extra></extra>",
        "marker": {"size": 10, "symbol": symbol, "color": "--muted", "line": {"width": 2, "color": "--muted"}},
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
        marker = {"size": 9, "color": draw.series(i), "symbol": ("circle", "square", "diamond", "triangle-up")[i % 4]}
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
            (tick, *(page_tables.group(row.by_group[axis].get(name)) for row in runs))
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
