"""The comparison for the terminal and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from manifests.tables.comparison import Comparison, Difference, Figure, Row, Table
from train.reports.scorecard import interval
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


def markdown(comparison: Comparison) -> str:
    """The whole comparison: each split's systems, groups, pairs and leaderboard, headline first, then the notes."""
    order = sorted(comparison.splits, key=lambda split: split != comparison.split)
    parts = ["# Comparison", "", "Errors and biases in years; lower is better. In brackets 95% intervals.", ""]
    for split in order:
        parts += _split(split, comparison.splits[split])
    if comparison.plan:
        parts += [
            "## Plan: share of the balanced set",
            "",
            *table(("axis", "value", "wanted", "reached"), _plan(comparison)),
            "",
        ]
    return "\n".join([*parts, "## Notes", "", *(f"- {note}" for note in comparison.notes), ""])


def _plan(comparison: Comparison) -> Iterable[Sequence[str]]:
    for m in comparison.plan:
        yield m.axis, m.value, "free" if m.wanted is None else f"{m.wanted:.3f}", f"{m.reached:.3f}"


def _split(split: str, scored: Table) -> list[str]:
    runs = [row for row in scored.rows if row.kind == "run"]
    figures = ("MAE", *scored.axes, "average bias")
    lines = [f"## {split}: {scored.n} photos", "", *table(("system", "role", *figures), _systems(scored)), ""]
    lines += ["Biases of the runs beside the size that random groups of the same sizes show.", ""]
    lines += [*table(("run", *figures[1:]), _chances(runs, scored.axes)), ""]
    lines += ["MAE by group; groups with a * are small, their intervals wide.", ""]
    lines += [*table(("axis", "group", "photos", *(row.name for row in runs)), _groups(runs)), ""]
    if scored.pairs:
        lines += ["Differences of runs, with paired 95% intervals and p-values; an interval that holds 0 is noise.", ""]
        lines += [*table(("first - second", *figures), _pairs(scored)), ""]
    lines += ["Leaderboard: the rank in each column, ties sharing their mean, and the average rank.", ""]
    return [*lines, *table(("average rank", "system", *scored.axes, "MAE"), _board(scored)), ""]


def _systems(scored: Table) -> Iterable[Sequence[str]]:
    for row in scored.rows:
        name = f"{row.name} (published)" if row.kind == "published" else row.name
        yield [name, row.role, *(_figure(f) for f in (row.mae, *(row.bias[a] for a in scored.axes), row.average_bias))]


def _chances(runs: Sequence[Row], axes: Sequence[str]) -> Iterable[Sequence[str]]:
    for row in runs:
        biases = (*(row.bias[axis] for axis in axes), row.average_bias)
        yield [row.name, *(f"{f.value:.2f}, chance {f.chance:.2f}, {p_text(f.p or 0)}" for f in biases)]


def _groups(runs: Sequence[Row]) -> Iterable[Sequence[str]]:
    for axis, groups in runs[0].by_group.items():
        for name, group in groups.items():
            errors = (interval(row.by_group[axis][name]) for row in runs)
            yield [axis, name + (" *" if group.marked else ""), str(group.n), *errors]


def _pairs(scored: Table) -> Iterable[Sequence[str]]:
    for p in scored.pairs:
        differences = (p.mae, *(p.bias[axis] for axis in scored.axes), p.average_bias)
        yield [f"{p.first} - {p.second}", *(_signed(d) for d in differences)]


def _board(scored: Table) -> Iterable[Sequence[str]]:
    for place in scored.leaderboard:
        name = f"{place.name} (published)" if place.kind == "published" else place.name
        yield [f"{place.average_rank:.2f}", name, *(f"{rank:g}" for rank in place.ranks.values())]


def _figure(figure: Figure) -> str:
    return f"{figure.value:.2f}" + ("" if figure.low is None else f" ({figure.low:.2f} to {figure.high:.2f})")


def _signed(d: Difference) -> str:
    return f"{d.value:+.2f} ({d.low:+.2f} to {d.high:+.2f}), {p_text(d.p)}"


def p_text(p: float) -> str:
    """Such as `p = 0.041`, or `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A Markdown table's lines."""

    def line(entries: Iterable[str]) -> str:
        return "| " + " | ".join(entry.replace("|", "\\|") for entry in entries) + " |"

    return [line(head), line(["---"] * len(head)), *(line(row) for row in rows)]
