"""The cards of the index: the plan in a sentence with its chart, six copies, the verdict with its figure.

The charts are drawn here, as shapes in the page: the index is one file, and opens at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from manifests.core import codec
from manifests.core.shards import Shards
from manifests.core.text import figure, span
from manifests.tables.comparison import Comparison, Difference, between
from manifests.tables.plan_report import AxisValue, PlanReport
from manifests.tables.tasks import task_id
from pages import gallery_images, plan_text, results_verdict, sprites

FACES = 6
RUNS = 6  # lines of the verdict's figure


@dataclass(frozen=True)
class Bar:
    """A value of the axis that the plan changes most: its share before and after, in percent."""

    value: str
    before: float
    after: float


@dataclass(frozen=True)
class PlanCard:
    """The plan: a sentence, and the shares of one axis."""

    sentence: str
    axis: str
    bars: list[Bar]

    @property
    def most(self) -> float:
        """The longest bar, in percent; more than 0."""
        return max((share for bar in self.bars for share in (bar.before, bar.after)), default=0) or 1


def plan(report: PlanReport) -> PlanCard:
    """The plan's card."""
    axis, values = max(report.marginals.items(), key=lambda each: _moved(each[1]), default=("", []))
    bars = [Bar(each.value, 100 * each.before_share, 100 * each.reached_share) for each in values]
    return PlanCard(plan_text.short(report), axis, bars)


def _moved(values: Sequence[AxisValue]) -> float:
    return sum(abs(each.reached_share - each.before_share) for each in values)


@dataclass(frozen=True)
class Face:
    """A photo and a copy of it, as addresses of their thumbnails; what made the copy, and its place in the gallery."""

    photo: str
    copy: str
    policy: str
    task: str


def faces(shards: Path, rows: pa.Table) -> list[Face]:
    """Six copies, of as many policies and photos as there are."""
    originals = rows.filter(pc.equal(rows["copy"], 0))
    known = dict(zip(originals["image_id"].to_pylist(), originals.to_pylist(), strict=True))
    with Shards(shards) as opened:

        def thumbnail(row: dict[str, Any]) -> str:
            image = codec.decode(opened.read(row["shard"], row["offset"], row["size"]))
            return gallery_images.address(codec.encode(sprites.thumbnail(image), sprites.QUALITY))

        return [
            Face(
                thumbnail(known[row["image_id"]]),
                thumbnail(row),
                row["policy"].replace("_", " "),
                task_id(row["image_id"], row["copy"]),
            )
            for row in chosen(rows)
            if row["image_id"] in known
        ]


def chosen(rows: pa.Table) -> list[dict[str, Any]]:
    """The copies to show: one of each policy in turn, the strongest first, of a photo not yet shown."""
    copies = rows.filter(pc.and_(pc.greater(rows["copy"], 0), rows["kept"])).to_pylist()
    copies.sort(key=lambda row: (-(row["severity"] or 0), row["task_id"]))
    found: list[dict[str, Any]] = []
    while len(found) < FACES:
        before = len(found)
        for policy in sorted({row["policy"] for row in copies}):
            used = {row["image_id"] for row in found}
            new = (row for row in copies if row["policy"] == policy and row["image_id"] not in used)
            if len(found) < FACES and (row := next(new, None)):
                found.append(row)
        if len(found) == before:
            break
    return found


@dataclass(frozen=True)
class Line:
    """One run's difference to the baseline: in words, and its interval and value in percent of the figure's width."""

    run: str
    said: str
    low: float
    value: float
    high: float
    sure: bool


@dataclass(frozen=True)
class ResultsCard:
    """The verdict, where it comes from, and every run's difference to the baseline in one figure."""

    sentence: str
    source: str
    title: str
    lines: list[Line]
    zero: float


def results(compared: Comparison) -> ResultsCard:
    """The results' card."""
    told, table = results_verdict.verdict(compared), compared.splits.get(compared.split)
    runs = [row.name for row in table.rows if row.kind == "run"] if table else []
    pairs = {run: between(table.pairs, run, told.baseline) for run in runs if run != told.baseline} if table else {}
    found = {run: pair.error for run, pair in pairs.items() if pair is not None}
    shown = dict(sorted(found.items(), key=lambda each: each[1].value)[:RUNS])
    ends = [0.0, *(end for each in shown.values() for end in (each.low, each.high))]
    low, width = min(ends), (max(ends) - min(ends)) or 1.0

    def at(value: float) -> float:
        return round(2 + 96 * (value - low) / width, 2)

    lines = [
        Line(run, _said(each), at(each.low), at(each.value), at(each.high), each.low > 0 or each.high < 0)
        for run, each in shown.items()
    ]
    title = f"{compared.words.error} less that of {told.baseline}, in {compared.words.unit}; left is better"
    return ResultsCard(told.sentence, told.source, title, lines, at(0.0))


def _said(one: Difference) -> str:
    return f"{figure(one.value)} ({span(one.low, one.high)})".replace("-", "\u2212")
