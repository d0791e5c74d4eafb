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
from pages import charts as draw
from pages.plan_text import Summary, read

_CELLS = 20  # rows of the table of cells that moved


@dataclass(frozen=True)
class Older:
    """A plan to compare with: its name, its plan.json and, where it lies beside it, its cells' targets."""

    name: str
    summary: Summary
    table: pa.Table | None
    cells: Cells | None

    @classmethod
    def read(cls, path: Path) -> Older:
        """Read plan.json, and plan.parquet of the same name and folder where there is one."""
        beside = path.with_suffix(".parquet")
        table, cells = plan_table.read(beside) if beside.exists() else (None, None)
        return cls(path.parent.name + "/" + path.name if path.parent.name else path.name, read(path), table, cells)


def charts(plan: Summary, older: Sequence[Older]) -> dict[str, draw.Chart]:
    """Every chart of the page by its name."""
    made = {each["chart"]: each["figure"] for each in axes(plan, older)}
    made |= {each["chart"]: each["figure"] for each in price(plan)}
    if plan["copies"]:
        copied, photos = ([each[key] for each in plan["copies"]] for key in ("copies", "photos"))
        made["copies"] = draw.bars(copied, photos, ("copies of one photo", "photos"))
    return made


def axes(plan: Summary, older: Sequence[Older] = ()) -> list[dict[str, Any]]:
    """For each axis its dot plot of shares and the rows that say the same."""
    return [_axis(number, name, rows, older[:1]) for number, (name, rows) in enumerate(plan["marginals"].items())]


def _axis(number: int, name: str, rows: list[dict[str, Any]], older: Sequence[Older]) -> dict[str, Any]:
    earlier = {row["value"]: row for each in older for row in each.summary["marginals"].get(name, [])}
    marks = [
        ("before", [_percent(row["before_share"]) for row in rows], "circle-open"),
        ("wanted", [_percent(row["wanted_share"]) for row in rows], "line-ns-open"),
        ("reached", [_percent(row["reached_share"]) for row in rows], "circle"),
    ]
    if earlier:
        marks.append(
            (
                "older plan",
                [_percent(earlier.get(row["value"], {}).get("reached_share")) for row in rows],
                "diamond-open",
            )
        )
    off = [row["value"] for row in rows if row["wanted"] not in (None, row["reached"])]
    wished = any(row["wanted"] is not None for row in rows)
    short = f"Not reached as wished: {', '.join(off)}." if off else "Every wish is reached."
    return {
        "chart": f"axis-{number}",
        "name": name,
        "figure": draw.dots([row["value"] for row in rows], marks, "share of the train images (%)"),
        "description": short if wished else "The plan leaves this axis free.",
        "headers": [name, "before", "wanted", "reached", "reached (%)", "why not"],
        "rows": [
            (
                row["value"],
                f"{row['before']:,}",
                "free" if row["wanted"] is None else f"{row['wanted']:,}",
                f"{row['reached']:,}",
                f"{100 * row['reached_share']:.1f}",
                row["reason"],
            )
            for row in rows
        ],
    }


def copies(plan: Summary) -> dict[str, Any]:
    """The histogram's words and rows."""
    rows = [(str(each["copies"]), f"{each['photos']:,}") for each in plan["copies"]]
    copied = sum(each["photos"] for each in plan["copies"] if each["copies"])
    return {"rows": rows if plan["augment"] else [], "description": f"{copied:,} photos are copied at least once."}


def price(plan: Summary) -> list[dict[str, Any]]:
    """The price curve twice: against the largest number of copies, and against the total."""
    points = [point for point in plan["price"] if point["misplaced"] is not None]
    return (
        [
            _price(points, "max_copies", "total", ("largest number of copies of one photo", "a total of {:,} images")),
            _price(
                points, "total", "max_copies", ("total of the balanced set (images)", "at most {} copies of a photo")
            ),
        ]
        if points
        else []
    )


def _price(points: list[dict[str, Any]], x: str, by: str, titles: tuple[str, str]) -> dict[str, Any]:
    """One curve for some of the values of `by`, evenly picked so that the lines can be told apart."""
    values = sorted({point[by] for point in points})
    picked = [values[i] for i in np.unique(np.linspace(0, len(values) - 1, min(5, len(values))).round().astype(int))]
    curves = []
    for value in picked:
        own = sorted((p for p in points if p[by] == value), key=lambda p: p[x])
        curves.append((titles[1].format(value), [p[x] for p in own], [_percent(p["misplaced"]) for p in own]))
    least = min(points, key=lambda point: point["misplaced"])
    word = {"max_copies": "the largest number of copies", "total": "the total"}[x]
    figure = draw.lines(curves, (titles[0], "images in the wrong place (%)"), height=380)
    return {
        "chart": f"price-{x.replace('_', '-')}",
        "title": f"Deviation against {word}",
        "figure": figure,
        "description": f"Nearest to the wish: {_percent(least['misplaced']):.3g}% in the wrong place, with at most "
        f"{least['max_copies']} copies and {least['total']:,} images.",
        "headers": ["largest number of copies", "total", "deviation (images)", "in the wrong place (%)"],
        "rows": [
            (
                point["max_copies"],
                f"{point['total']:,}",
                f"{point['deviation']:,.6g}",
                f"{100 * point['misplaced']:.2f}",
            )
            for point in sorted(points, key=lambda point: (point[by], point[x]))
        ],
    }


def beside(plan: Summary, table: pa.Table, cells: Cells, older: Older) -> dict[str, Any]:
    """Two plans side by side: figures, shares, and the cells whose target moved most."""
    keys = {"total": "images", "keep": "photos kept", "augment": "copies", "objective": "deviation (images)"}
    figures = [_beside(title, plan[key], older.summary[key], "{:,.6g}") for key, title in keys.items()]
    shares = []
    for axis, rows in plan["marginals"].items():
        earlier = {row["value"]: row["reached_share"] for row in older.summary["marginals"].get(axis, [])}
        shares += [
            _beside(f"{axis} {row['value']}", 100 * row["reached_share"], 100 * earlier[row["value"]], "{:.1f}%")
            for row in rows
            if row["value"] in earlier
        ]
    return {"name": older.name, "figures": figures, "shares": shares, "cells": _moved(table, cells, older)}


def _moved(table: pa.Table, cells: Cells, older: Older) -> list[tuple[str, ...]]:
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
