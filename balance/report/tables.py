"""The plan as a table, as the CSV files of DVC's plots, and as the text that the stage prints."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from balance.report.spread import Spread
from balance.solver.planner import Planned
from balance.solver.problem import LARGE
from manifests.core.text import csv_table
from manifests.tables import base
from manifests.tables.plan_report import Acquisition, AxisValue, BindingConstraint, CellVariety, JointTarget, PlanReport

_LINES = 5  # of each list that is printed
_REASON = 86  # letters of a reason that fit beside the numbers


def plan_table(planned: Planned, spread: Spread) -> pa.Table:
    """One row per cell: available, keep, augment, target and the most copies of one photo."""
    numbers = (planned.problem.available, planned.keep, planned.augment, planned.target, spread.most)
    axes = base.axis_columns(planned.cells, pa.array(np.arange(len(planned.cells)), pa.int32()))
    names = [*planned.cells.columns, "cell", "available", "keep", "augment", "target", "max_copies"]
    return pa.table([*axes, *(pa.array(column, pa.int64()) for column in numbers)], names=names)


def plots(planned: Planned, report: PlanReport) -> dict[str, str]:
    """The CSV files of DVC's plots: name -> content."""
    shares = [
        (axis, f"{axis} {each.value}", stage, share)
        for axis, values in report.marginals.items()
        for each in values
        for stage, share in (
            ("before", each.before_share),
            ("wanted", each.wanted_share),
            ("reached", each.reached_share),
        )
        if share is not None
    ]
    cells = planned.cells
    half = (len(cells.axes) + 1) // 2
    labels = [cells.labels(cell) for cell in range(len(cells))]
    heat = [
        (" ".join(label[:half]), " ".join(label[half:]) or "all", int(n), int(t))
        for label, n, t in zip(labels, planned.problem.available, planned.target, strict=True)
    ]
    points = [(each.max_copies, each.total, each.deviation, each.misplaced) for each in report.tradeoff]
    return {
        "shares": csv_table(("axis", "value", "stage", "share"), shares),
        "heat": csv_table(("row", "column", "available", "target"), heat),
        "copies": csv_table(("copies", "photos"), [(each.copies, each.photos) for each in report.copies]),
        "tradeoff": csv_table(("max_copies", "total", "deviation", "misplaced"), points),
    }


def printed(report: PlanReport) -> str:
    """The text at the end of the stage."""
    lines = [
        f"{report.total} images: {report.keep} of {report.available} originals kept, {report.augment} synthesised; "
        f"deviation {report.objective:.10g}, bound {report.bound:.10g} ({report.status})"
    ]
    if report.shares_reached is False:
        lines.append(
            "No total reaches the shares within the hard constraints; this is the least of those that come closest."
        )
    for level in report.levels:
        if not level.proven:
            reached = f"{level.objective:.10g}, bound {level.bound:.10g}"
            lines.append(f"Level {level.name} is not proven: {reached} (plan.nodes)")
    lines.append(f"{'':28} {'before':>8} {'wanted':>8} {'reached':>8}  reason")
    for axis, values in report.marginals.items():
        lines += [_line(f"{axis} {each.value}", each) for each in values]
    lines += [_line(f"joint {each.pattern}", each) for each in report.joint]
    if report.copies:
        copied = sum(each.photos for each in report.copies if each.copies)
        lines.append(f"Copies of one photo: {report.copies[-1].copies} at most; {copied} photos are copied")
    if report.copies_of_person is not None:
        lines.append(f"Copies of one person in a cell: {report.copies_of_person} at most{_mixes(report)}")
    lines += _first("Binding constraints", [_binding(each) for each in report.binding])
    new = "New photos" if report.copies_of_person is None else "New photos, each of a new person,"
    lines += _first(f"{new} that would help most", [_acquisition(each) for each in report.acquisition])
    alone = [_alone(each) for each in report.variety if each.alone]
    lines += _first("Cells of one person, where new photos would help whatever is reached", alone)
    if report.cells.all > LARGE:
        lines.append(f"More than {LARGE} cells: the tradeoff and the acquisition list are left out.")
    for name, counts in report.rejected.items():
        if counts.often:
            lines.append(f"Policy {name} is often rejected: {counts.rejected} of its images; see section policies.")
    return "\n".join(lines)


def _line(name: str, row: AxisValue | JointTarget) -> str:
    wanted = "" if row.wanted is None else row.wanted
    reason = row.reason if len(row.reason) <= _REASON else row.reason[: _REASON - 3] + "..."
    return f"{name:28} {row.before:>8} {wanted:>8} {row.reached:>8}  {reason}".rstrip()


def _mixes(report: PlanReport) -> str:
    if report.copies_of_pair is None:
        return ""
    return f"; of one person alone: {report.copies_alone}; of two persons mixed: {report.copies_of_pair}"


def _binding(each: BindingConstraint) -> str:
    cell = f" in {each.cell}" if each.cell else ""
    return f"{each.constraint}{cell}: {each.saves:.10g} of deviation per image"


def _alone(each: CellVariety) -> str:
    photos = "1 photo" if each.photos == 1 else f"{each.photos} photos of one person"
    return f"{each.cell}: {photos} x {each.per_photo:.10g} copies"


def _acquisition(each: Acquisition) -> str:
    return f"{each.photos} of {each.cell} (deviation {each.left:.10g} with all so far)"


def _first(title: str, entries: Sequence[str]) -> list[str]:
    if not entries:
        return []
    shown = f" (the first {_LINES} of {len(entries)})" if len(entries) > _LINES else ""
    return [f"{title}{shown}:", *(f"  {entry}" for entry in entries[:_LINES])]
