"""Learning curves over gradient steps: loss of train and validation, the error on valid, and which epoch was kept."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from manifests.core.text import count
from manifests.tables.parts import Words
from pages import charts as draw
from pages.results_parts import ResultChart, context

Points = dict[int, float]  # gradient step -> value


@dataclass(frozen=True)
class Curves:
    """One run's records.

    Attributes:
        lines: name -> its values; the mean over the repeats where all of them have the same steps, else the first's.
        borders: the steps at which a stage ends and the next begins.
        best: the step whose weights were kept, of the first repeat; None where nobody knows.
        note: what the values are.
    """

    lines: dict[str, Points]
    borders: list[int]
    best: int | None
    note: str


def read(folder: Path, words: Words) -> Curves | None:
    """Read a run's curves; None where it left none."""
    names = ("loss", "valid_loss", _error(words), "stage", "best")
    repeats = [
        {name: found for name in names if (found := _points(path / f"{name}.tsv"))}
        for path in sorted(folder.glob("plots/metrics/repeat_*"))
    ]
    repeats = [each for each in repeats if each]
    if not repeats:
        return None
    first = repeats[0]
    alike = all({k: list(v) for k, v in each.items()} == {k: list(v) for k, v in first.items()} for each in repeats)
    taken = repeats if alike else repeats[:1]
    lines = {
        name: {step: float(np.mean([each[name][step] for each in taken])) for step in first[name]}
        for name in names[:3]
        if name in first
    }
    note = f"The mean over {len(taken)} repeats." if len(taken) > 1 else ""
    if not alike:
        note = f"The first of {len(repeats)} repeats; the others took other numbers of steps."
    stage, steps = first.get("stage", {}), list(first.get("stage", {}))
    borders = [a for a, b in pairwise(steps) if stage[a] != stage[b]]
    last = max(stage.values(), default=0)
    kept = [step for step, best in first.get("best", {}).items() if best and stage.get(step, last) == last]
    return Curves(lines, borders, max(kept, default=None), note)


def _points(path: Path) -> Points:
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {int(row["step"]): float(row[path.stem]) for row in csv.DictReader(file, delimiter="\t")}


def _error(words: Words) -> str:
    return f"valid_{words.key('error')}"


def figures(curves: Mapping[str, Curves], words: Words) -> list[tuple[str, ResultChart]]:
    """One chart per run, the others' validation curves thin behind it: (run, chart)."""
    return [(run, _chart(number, run, curves, words)) for number, run in enumerate(curves)]


def _chart(number: int, run: str, curves: Mapping[str, Curves], words: Words) -> ResultChart:
    own, error, color = curves[run], _error(words), draw.series(0)
    behind = [
        context(other, list(line), list(line.values()), yaxis=axis)
        for other, each in curves.items()
        if other != run
        for name, axis in (("valid_loss", "y"), (error, "y2"))
        if (line := each.lines.get(name))
    ]
    shown = [
        ("loss", "loss, train", "y", {"width": 2, "dash": "dot", "color": draw.series(1)}),
        ("valid_loss", "loss, validation", "y", {"width": 2.5, "color": color}),
        (error, f"{words.error}, validation", "y2", {"width": 2.5, "color": draw.series(2)}),
    ]
    data = [
        {"type": "scatter", "mode": "lines+markers", "name": title, "yaxis": axis, "line": line, "marker": {"size": 5}}
        | {"x": list(own.lines[name]), "y": list(own.lines[name].values())}
        for name, title, axis, line in shown
        if name in own.lines
    ]
    layout = draw.layout(
        "gradient steps",
        "loss",
        400,
        xaxis={"anchor": "y2", "rangemode": "tozero"},
        yaxis={"domain": [0.54, 1]},
        yaxis2={"domain": [0, 0.46], "title": {"text": f"{words.error} on valid ({words.unit})"}},
        shapes=[_upright(step, "--strong-line", "dash") for step in own.borders]
        + ([_upright(own.best, "--ink", "dot")] if own.best is not None else []),
        annotations=[_said(own.best, "weights kept")] if own.best is not None else [],
        showlegend=True,
    )
    told = [f"{count(step)} steps: the next stage begins." for step in own.borders]
    if own.best is not None:
        told.append(f"The weights after {count(own.best)} steps were kept.")
    told.append("Thin lines are the other runs. The loss on train is the mean over the epoch.")
    note = " ".join([own.note, *told]).strip()
    steps = sorted({step for line in own.lines.values() for step in line})
    rows = [(count(step), *(_number(own.lines.get(name, {}).get(step)) for name, *_ in shown)) for step in steps]
    headers = ["steps", *(title for _, title, *_ in shown)]
    return ResultChart(
        f"curve-{number}", {"data": behind + data, "layout": layout}, f"Learning curves of {run}", note, headers, rows
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _upright(step: int, color: str, dash: str) -> draw.Chart:
    """A line across both panels."""
    line = {"width": 1, "color": color, "dash": dash}
    return {"type": "line", "xref": "x", "yref": "paper", "x0": step, "x1": step, "y0": 0, "y1": 1, "line": line}


def _said(step: int, words: str) -> draw.Chart:
    place = {"xref": "x", "yref": "paper", "x": step, "y": 0.5, "xanchor": "right", "yanchor": "middle"}
    return {**place, "text": words, "showarrow": False, "font": {"color": "--ink", "size": 12}}
