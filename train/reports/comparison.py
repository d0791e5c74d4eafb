"""The comparison for the terminal and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from manifests.tables.comparison import Comparison, Row, Table
from train.reports.scorecard import table as csv_table

LOOK = (
    "datasets/pages/index.html                 the plan, the images and the results, as pages",
    "datasets/comparison.md               every figure with its interval, and the leaderboard",
    "manifests/built/quarantine.parquet        photos that were not used, and why",
    "docs/scores.md                            how each figure is defined, and how to read it",
)


def terminal(comparison: Comparison) -> str:
    """The short table that ends `make repro`: runs, plan wanted and reached, where to look next."""
    scored = comparison.splits[comparison.split]
    runs = [row for row in scored.rows if row.kind == "run"]
    head = ["run", "MAE", *scored.axes, "average bias"]
    lines = [
        f"Errors and biases in years on {scored.n} {comparison.split} photos; lower is better.",
        "",
        *_columns([head, *([row.name, *_numbers(row, scored.axes)] for row in runs)]),
    ]
    if comparison.plan:
        lines += ["", "Plan, share of the training images: wanted -> reached", *_plan_lines(comparison)]
    return "\n".join([*lines, "", "Where to look next", *(f"  {line}" for line in LOOK)])


def _numbers(row: Row, axes: Sequence[str]) -> list[str]:
    return [f"{figure.value:.2f}" for figure in (row.mae, *(row.bias[axis] for axis in axes), row.average_bias)]


def _plan_lines(comparison: Comparison) -> Iterable[str]:
    axes = list(dict.fromkeys(marginal.axis for marginal in comparison.plan))
    for axis in axes:
        parts = [
            f"{m.value} {'free' if m.wanted is None else f'{m.wanted:.0%}'} -> {m.reached:.0%}"
            for m in comparison.plan
            if m.axis == axis
        ]
        yield f"  {axis}: {', '.join(parts)}"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]


def csv_text(comparison: Comparison) -> str:
    """One row a system and split; intervals as columns `<figure>_low` and `<figure>_high`."""
    axes = comparison.splits[comparison.split].axes
    figures = ["mae", *(f"bias_{axis}" for axis in axes), "average_bias"]
    head = ["split", "name", "kind", "role", "recipe", "n"]
    head += [f"{figure}{end}" for figure in figures for end in ("", "_low", "_high")]
    head += ["average_rank"]
    return csv_table(
        head, (row for split, scored in comparison.splits.items() for row in _csv_rows(split, scored, axes))
    )


def _csv_rows(split: str, scored: Table, axes: Sequence[str]) -> Iterable[list[object]]:
    rank = {(place.kind, place.name): place.average_rank for place in scored.leaderboard}
    for row in scored.rows:
        figures = [row.mae, *(row.bias.get(axis) for axis in axes), row.average_bias]
        numbers = [n for f in figures for n in ((f.value, f.low, f.high) if f else (None, None, None))]
        yield [split, row.name, row.kind, row.role, row.recipe, row.n, *numbers, rank[row.kind, row.name]]
