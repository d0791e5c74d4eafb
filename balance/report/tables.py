"""The plan as tables, as the JSON that pages and people read, and as the text that the stage prints.

docs/planning.md lists every key of plan.json.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from balance.report.acquisition import Purchase
from balance.report.explain import Binding, Outcome, axis_and_value
from balance.report.tradeoff import Point
from balance.solver.planner import Planned
from balance.solver.problem import VAST
from balance.solver.solve import Level
from manifests.sections.plan import JOINT
from manifests.tables import base

_LINES = 5  # of each list that is printed
_REASON = 86  # letters of a reason that fit beside the numbers


def plan_table(planned: Planned) -> pa.Table:
    """One row a cell: available, keep, augment, target and the most copies of one photo."""
    available = planned.problem.available
    most = -(-planned.augment // np.maximum(1, available))
    numbers = (available, planned.keep, planned.augment, planned.target, most)
    axes = base.axis_columns(planned.cells, pa.array(np.arange(len(planned.cells)), pa.int32()))
    names = [*planned.cells.columns, "cell", "available", "keep", "augment", "target", "max_copies"]
    return pa.table([*axes, *(pa.array(column, pa.int64()) for column in numbers)], names=names)


def copies_histogram(planned: Planned) -> dict[int, int]:
    """Number of copies -> photos that get so many."""
    filled = planned.problem.available > 0
    available, augment = planned.problem.available[filled], planned.augment[filled]
    each, over = np.divmod(augment, available)
    photos = np.bincount(each, weights=available - over, minlength=int(each.max()) + 2)
    photos += np.bincount(each + 1, weights=over, minlength=len(photos))[: len(photos)]
    return {copies: int(number) for copies, number in enumerate(photos) if number}


def summary(
    planned: Planned,
    outcomes: Sequence[Outcome],
    bindings: Sequence[Binding],
    purchases: Sequence[Purchase],
    points: Sequence[Point],
    rejected: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """All of plan.json."""
    levels = planned.solution.levels
    first, scale = levels[0], planned.problem.scale
    return {
        "status": "optimal" if all(level.proven for level in levels) else "not proven",
        "objective": first.value / scale,
        "bound": first.bound / scale,
        "gap": first.gap / scale,
        "levels": [_level(level, scale if i == 0 else 1) for i, level in enumerate(levels)],
        "total": planned.problem.total,
        "total_wish": planned.section.total,
        "shares_reached": planned.shares_reached,
        "available": int(planned.problem.available.sum()),
        "keep": int(planned.keep.sum()),
        "augment": int(planned.augment.sum()),
        "cells": {"all": len(planned.cells), "with_photos": int((planned.problem.available > 0).sum())},
        "axes": {axis.name: list(axis.values) for axis in planned.cells.axes},
        "marginals": _marginals(planned, outcomes),
        "joint": [
            {
                "pattern": axis_and_value(o.key)[1],
                "before": o.before,
                "wanted": o.wanted,
                "reached": o.reached,
                "reason": o.reason,
            }
            for o in outcomes
            if axis_and_value(o.key)[0] == JOINT
        ],
        "limits": _limits(planned),
        "binding": [{"wish": f"plan.{b.key}", "cell": b.cell, "saves": round(b.saves, 6)} for b in bindings],
        "shopping": [
            {"cell": planned.cells.name(p.cell), "photos": p.photos, "saves": p.saves, "left": p.left}
            for p in purchases
        ],
        "copies": [{"copies": copies, "photos": photos} for copies, photos in copies_histogram(planned).items()],
        "price": [vars(point) for point in points],
        "emphasis": {axis: dict(values) for axis, values in planned.factors.items()},
        "rejected": {name: dict(counts) for name, counts in rejected.items()},
    }


def _level(level: Level, scale: int) -> dict[str, Any]:
    numbers = {"objective": level.value / scale, "bound": level.bound / scale, "gap": level.gap / scale}
    return {"name": level.name, **numbers, "proven": level.proven}


def _marginals(planned: Planned, outcomes: Sequence[Outcome]) -> dict[str, list[dict[str, Any]]]:
    """Every axis and value, wished for or not: before, wanted, reached, as counts and shares."""
    wished = {axis_and_value(o.key): o for o in outcomes}
    grid, available, total = planned.cells.grid(), planned.problem.available, planned.problem.total
    made: dict[str, list[dict[str, Any]]] = {}
    for i, axis in enumerate(planned.cells.axes):
        made[axis.name] = []
        for position, value in enumerate(axis.values):
            members = grid[:, i] == position
            before, reached = int(available[members].sum()), int(planned.target[members].sum())
            wish = wished.get((axis.name, value))
            made[axis.name].append(
                {
                    "value": value,
                    "before": before,
                    "wanted": None if wish is None else wish.wanted,
                    "reached": reached,
                    "before_share": round(before / int(available.sum()), 6),
                    "wanted_share": None if wish is None else round(wish.wanted / total, 6),
                    "reached_share": round(reached / total, 6),
                    "reason": "" if wish is None else wish.reason,
                }
            )
    return made


def _limits(planned: Planned) -> list[dict[str, Any]]:
    return [
        {"wish": f"plan.{m.key}", "least": m.least, "most": m.most, "reached": int(planned.target[m.members].sum())}
        for m in planned.problem.limits
    ]


def plots(planned: Planned, made: Mapping[str, Any]) -> dict[str, str]:
    """The CSV files of DVC's plots: name -> content."""
    shares = [
        (axis, f"{axis} {row['value']}", what, row[f"{what}_share"])
        for axis, rows in made["marginals"].items()
        for row in rows
        for what in ("before", "wanted", "reached")
        if row[f"{what}_share"] is not None
    ]
    cells = planned.cells
    half = (len(cells.axes) + 1) // 2
    names = [cells.labels(cell) for cell in range(len(cells))]
    heat = [
        (" ".join(label[:half]), " ".join(label[half:]) or "all", int(n), int(t))
        for label, n, t in zip(names, planned.problem.available, planned.target, strict=True)
    ]
    price = [(p["max_copies"], p["total"], p["deviation"], p["misplaced"]) for p in made["price"]]
    return {
        "shares": _csv(("axis", "value", "stage", "share"), shares),
        "heat": _csv(("row", "column", "available", "target"), heat),
        "copies": _csv(("copies", "photos"), [(c["copies"], c["photos"]) for c in made["copies"]]),
        "price": _csv(("max_copies", "total", "deviation", "misplaced"), price),
    }


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def printed(made: Mapping[str, Any]) -> str:
    """The table at the end of the stage."""
    lines = [
        f"{made['total']} images: {made['keep']} of {made['available']} originals kept, {made['augment']} synthesised; "
        f"deviation {made['objective']:.10g}, bound {made['bound']:.10g} ({made['status']})"
    ]
    if made["shares_reached"] is False:
        lines.append(
            "No total reaches the shares within the hard wishes; this is the least of those that come closest."
        )
    for level in made["levels"]:
        if not level["proven"]:
            reached = f"{level['objective']:.10g}, bound {level['bound']:.10g}"
            lines.append(f"Level {level['name']} is not proven: {reached} (plan.nodes)")
    lines.append(f"{'':28} {'before':>8} {'wanted':>8} {'reached':>8}  why not")
    for axis, rows in made["marginals"].items():
        lines += [_line(f"{axis} {row['value']}", row) for row in rows]
    lines += [_line(f"joint {row['pattern']}", row) for row in made["joint"]]
    lines += _copies_line(made["copies"])
    lines += _first("In the way", [_bound(b) for b in made["binding"]])
    lines += _first("New photos that would help most", [_bought(p) for p in made["shopping"]])
    if made["cells"]["all"] > VAST:
        lines.append(f"More than {VAST} cells: the price curve and the list of new photos are left out.")
    for name, counts in made["rejected"].items():
        if counts["often"]:
            lines.append(f"Policy {name} is rejected often: {counts['rejected']} of its images; see section policies.")
    return "\n".join(lines)


def _line(name: str, row: Mapping[str, Any]) -> str:
    wanted = "" if row["wanted"] is None else row["wanted"]
    reason = row["reason"] if len(row["reason"]) <= _REASON else row["reason"][: _REASON - 3] + "..."
    return f"{name:28} {row['before']:>8} {wanted:>8} {row['reached']:>8}  {reason}".rstrip()


def _copies_line(copies: Sequence[Mapping[str, int]]) -> list[str]:
    if not copies:
        return []
    most = copies[-1]["copies"]
    return [f"Copies of one photo: {most} at most; {sum(c['photos'] for c in copies if c['copies'])} photos are copied"]


def _bound(entry: Mapping[str, Any]) -> str:
    cell = f" in {entry['cell']}" if entry["cell"] else ""
    return f"{entry['wish']}{cell}: {entry['saves']:.10g} of deviation an image"


def _bought(entry: Mapping[str, Any]) -> str:
    return f"{entry['photos']} of {entry['cell']} (deviation {entry['left']:.10g} with all so far)"


def _first(title: str, entries: Sequence[str]) -> list[str]:
    if not entries:
        return []
    more = f"; and {len(entries) - _LINES} more" if len(entries) > _LINES else ""
    return (
        [f"{title}:", *(f"  {entry}" for entry in entries[:_LINES])]
        if not more
        else [f"{title} (the first {_LINES} of {len(entries)}):", *(f"  {entry}" for entry in entries[:_LINES])]
    )
