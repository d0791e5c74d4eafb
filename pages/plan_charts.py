"""The plan page's charts, each with the same figures as a table, and two plans side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from manifests.core.cells import Cells
from manifests.tables import plan as plan_table
from manifests.tables import plan_report
from manifests.tables.plan_report import AxisValue, PlanReport, TradeoffPoint
from pages import charts as draw

_CELLS = 20  # rows of the table of cells whose target changed


@dataclass(frozen=True)
class OlderPlan:
    """A plan to compare with: its name, its report and, where plan.parquet is beside it, its cells' targets."""

    name: str
    report: PlanReport
    table: pa.Table | None
    cells: Cells | None

    @classmethod
    def read(cls, path: Path) -> OlderPlan:
        """Read plan.json, and plan.parquet of the same name and folder where there is one."""
        beside = path.with_suffix(".parquet")
        table, cells = plan_table.read(beside) if beside.exists() else (None, None)
        name = path.parent.name + "/" + path.name if path.parent.name else path.name
        return cls(name, plan_report.read(path), table, cells)


def charts(plan: PlanReport, older: Sequence[OlderPlan]) -> dict[str, draw.Chart]:
    """Every chart of the page by its name."""
    made = {each["chart"]: each["figure"] for each in (*axes(plan, older), *tradeoff(plan))}
    if plan.copies:
        copied, photos = [each.copies for each in plan.copies], [each.photos for each in plan.copies]
        made["copies"] = draw.bars(copied, photos, ("copies of one photo", "photos"))
    return made


def axes(plan: PlanReport, older: Sequence[OlderPlan] = ()) -> list[dict[str, Any]]:
    """For each axis, the dot plot of its shares and the table rows with the same figures."""
    return [_axis(number, name, values, older[:1]) for number, (name, values) in enumerate(plan.marginals.items())]


def _axis(number: int, name: str, values: list[AxisValue], older: Sequence[OlderPlan]) -> dict[str, Any]:
    earlier = {each.value: each.reached_share for plan in older for each in plan.report.marginals.get(name, [])}
    marks = [
        ("before", [_percent(each.before_share) for each in values], "circle-open"),
        ("wanted", [_percent(each.wanted_share) for each in values], "line-ns-open"),
        ("reached", [_percent(each.reached_share) for each in values], "circle"),
    ]
    if earlier:
        marks.append(("older plan", [_percent(earlier.get(each.value)) for each in values], "diamond-open"))
    missed = [each.value for each in values if each.wanted not in (None, each.reached)]
    free = all(each.wanted is None for each in values)
    told = f"Targets that are not reached: {', '.join(missed)}." if missed else "Every target is reached."
    return {
        "chart": f"axis-{number}",
        "name": name,
        "figure": draw.dots([each.value for each in values], marks, "share of the train images (%)"),
        "description": "The plan leaves this axis free." if free else told,
        "headers": [name, "before", "wanted", "reached", "reached (%)", "reason"],
        "rows": [
            (
                each.value,
                f"{each.before:,}",
                "free" if each.wanted is None else f"{each.wanted:,}",
                f"{each.reached:,}",
                f"{100 * each.reached_share:.1f}",
                each.reason,
            )
            for each in values
        ],
    }


def copies(plan: PlanReport) -> dict[str, Any]:
    """The histogram's description and its table rows."""
    rows = [(str(each.copies), f"{each.photos:,}") for each in plan.copies]
    copied = sum(each.photos for each in plan.copies if each.copies)
    return {"rows": rows if plan.augment else [], "description": f"{copied:,} photos are copied at least once."}


def tradeoff(plan: PlanReport) -> list[dict[str, Any]]:
    """The tradeoff twice: against the largest number of copies, and against the total."""
    points = [point for point in plan.tradeoff if point.misplaced is not None]
    if not points:
        return []
    of = "photo" if plan.copies_of_person is None else "person"
    copied = (f"largest number of copies of one {of}", "{:,}", "Each line is a total, in images.")
    total = (
        "total of the balanced set (images)",
        "{:,} copies",
        f"Each line is the largest number of copies of a {of}.",
    )
    return [_tradeoff(points, "max_copies", "total", copied), _tradeoff(points, "total", "max_copies", total)]


def _tradeoff(points: list[TradeoffPoint], x: str, by: str, titles: tuple[str, str, str]) -> dict[str, Any]:
    """One curve for each of some values of `by`: few and evenly spaced, so that the lines can be told apart.

    Args:
        points: the plans.
        x, by: `max_copies` and `total`, or the other way round.
        titles: of the x axis, of a line, and what the lines are.
    """
    values = sorted({getattr(point, by) for point in points})
    picked = [values[i] for i in np.unique(np.linspace(0, len(values) - 1, min(5, len(values))).round().astype(int))]
    order = sorted(points, key=lambda point: (getattr(point, by), getattr(point, x)))
    curves = []
    for value in picked:
        own = [point for point in order if getattr(point, by) == value]
        misplaced = [_percent(point.misplaced) for point in own]
        name = "1 copy" if by == "max_copies" and value == 1 else titles[1].format(value)
        curves.append((name, [getattr(point, x) for point in own], misplaced))
    least = min(points, key=lambda point: point.misplaced or 0)
    word = {"max_copies": "the largest number of copies", "total": "the total"}[x]
    most = "1 copy" if least.max_copies == 1 else f"{least.max_copies} copies"
    return {
        "chart": f"tradeoff-{x.replace('_', '-')}",
        "title": f"Deviation against {word}",
        "figure": draw.lines(curves, (titles[0], "images in the wrong place (%)"), direct=True, height=380),
        "description": f"{titles[2]} Closest to the targets: {_percent(least.misplaced):.3g}% in the wrong place, "
        f"with at most {most} and {least.total:,} images.",
        "headers": ["largest number of copies", "total", "deviation (images)", "in the wrong place (%)"],
        "rows": [
            (point.max_copies, f"{point.total:,}", f"{point.deviation:,.6g}", f"{100 * (point.misplaced or 0):.2f}")
            for point in order
        ],
    }


def beside(plan: PlanReport, table: pa.Table, cells: Cells, older: OlderPlan) -> dict[str, Any]:
    """Two plans side by side: figures, shares, and the cells whose target changed most."""
    keys = {"total": "images", "keep": "photos kept", "augment": "copies", "objective": "deviation (images)"}
    figures = [_beside(title, getattr(plan, key), getattr(older.report, key), "{:,.6g}") for key, title in keys.items()]
    shares = []
    for axis, values in plan.marginals.items():
        earlier = {each.value: each.reached_share for each in older.report.marginals.get(axis, [])}
        shares += [
            _beside(f"{axis} {each.value}", 100 * each.reached_share, 100 * earlier[each.value], "{:.1f}%")
            for each in values
            if each.value in earlier
        ]
    return {"name": older.name, "figures": figures, "shares": shares, "cells": _changed(table, cells, older)}


def _changed(table: pa.Table, cells: Cells, older: OlderPlan) -> list[tuple[str, ...]]:
    if older.table is None or older.cells != cells:
        return []
    now, then = table["target"].to_numpy(), older.table["target"].to_numpy()
    most = np.argsort(-np.abs(now - then), kind="stable")[:_CELLS]
    return [_beside(", ".join(cells.labels(int(i))), now[i], then[i], "{:,}") for i in most if now[i] != then[i]]


def _beside(name: str, now: float, then: float, form: str) -> tuple[str, ...]:
    difference = now - then
    sign = "+" if difference > 0 else "\u2212" if difference < 0 else ""
    return name, form.format(now), form.format(then), sign + form.format(abs(difference))


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 4)
