"""The comparison for the terminal, as CSV and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from manifests.core import text
from manifests.core.text import escaped, figure, interval
from manifests.tables.comparison import Comparison, Figure, SplitComparison, System
from manifests.tables.parts import Words

LOOK = (
    "datasets/pages/index.html                 the plan, the images and the results, as pages",
    "datasets/comparison.md                    every figure with its interval, and the leaderboard",
    "manifests/built/quarantine.parquet        photos that were not used, and why",
    "docs/scores.md                            how each figure is defined, and how to read it",
)


def terminal(comparison: Comparison) -> str:
    """The short table that ends `make repro`: runs, plan wanted and reached, where to look next."""
    scored = comparison.splits[comparison.split]
    runs = _compared(scored)
    more = _more(runs)
    head = ["run", "steps", *more, comparison.words.error, *scored.axes, "average bias"]
    lines = [
        f"Errors and biases in {comparison.words.unit} on {scored.n} {comparison.split} photos; lower is better.",
        "",
        *text.columns(
            [head, *([row.name, _steps(row), *_short(row, more), *_numbers(row, scored.axes)] for row in runs)]
        ),
    ]
    lines += _beside(scored, comparison.words)
    if scored.verdict:
        lines += ["", scored.verdict]
    if comparison.warnings:
        lines += ["", *(f"Warning: {line}" for line in comparison.warnings)]
    if comparison.plan:
        lines += ["", "Plan, share of the training images: wanted -> reached", *_plan_lines(comparison)]
    return "\n".join([*lines, "", "Where to look next", *(f"  {line}" for line in LOOK)])


def _compared(scored: SplitComparison) -> list[System]:
    """The rows that are paired with one another: runs, and scored predictions of other programs."""
    paired = {name for pair in scored.pairs for name in (pair.first, pair.second)}
    return [row for row in scored.rows if row.kind == "run" or (row.kind == "predictions" and row.name in paired)]


def _beside(scored: SplitComparison, words: Words) -> list[str]:
    """The differences between runs and predictions of other programs; none where there are no such predictions."""
    others = {row.name for row in _compared(scored) if row.kind == "predictions"}
    pairs = [pair for pair in scored.pairs if pair.second in others]
    if not pairs:
        return []
    rows = [[f"{p.first} - {p.second}", text.difference(p.error), text.difference(p.average_bias)] for p in pairs]
    note = "Differences, with paired 95% intervals; an interval that holds 0 is noise."
    return ["", note, "", *text.columns([["first - second", words.error, "average bias"], *rows])]


def _numbers(row: System, axes: Sequence[str]) -> list[str]:
    return ["" if of is None else figure(of.value) for of in (row.error, *map(row.bias.get, axes), row.average_bias)]


def _more(rows: Sequence[System]) -> list[str]:
    """The names of the rows' further figures, in order."""
    return list(dict.fromkeys(name for row in rows for name in row.more))


def _short(row: System, more: Sequence[str]) -> list[str]:
    return ["" if name not in row.more else figure(row.more[name].value, digits=3) for name in more]


def _full(of: Figure | None, digits: int = 2) -> str:
    return "" if of is None else figure(of.value, of.low, of.high, digits)


def _steps(row: System) -> str:
    return "" if row.steps is None else str(row.steps)


def _parameters(row: System) -> str:
    return "" if row.parameters is None else f"{row.parameters:,}"


def _plan_lines(comparison: Comparison) -> Iterable[str]:
    axes = list(dict.fromkeys(marginal.axis for marginal in comparison.plan))
    for axis in axes:
        parts = [
            f"{m.value} {'free' if m.wanted is None else f'{m.wanted:.0%}'} -> {m.reached:.0%}"
            for m in comparison.plan
            if m.axis == axis
        ]
        yield f"  {axis}: {', '.join(parts)}"


def csv_text(comparison: Comparison) -> str:
    """One row per system and split; intervals as columns `<figure>_low` and `<figure>_high`."""
    axes = comparison.splits[comparison.split].axes
    more = _more(comparison.splits[comparison.split].rows)
    figures = [comparison.words.key("error"), *(f"bias_{axis}" for axis in axes), "average_bias"]
    figures += [name.replace(" ", "_") for name in more]
    head = ["split", "name", "kind", "role", "recipe", "steps", "parameters", "n"]
    head += [f"{figure}{end}" for figure in figures for end in ("", "_low", "_high")]
    head += ["average_rank"]
    return text.csv_table(
        head, (row for split, scored in comparison.splits.items() for row in _csv_rows(split, scored, axes, more))
    )


def _csv_rows(split: str, scored: SplitComparison, axes: Sequence[str], more: Sequence[str]) -> Iterable[list[object]]:
    rank = {(place.kind, place.name): place.average_rank for place in scored.leaderboard}
    for row in scored.rows:
        figures = [row.error, *(row.bias.get(axis) for axis in axes), row.average_bias, *map(row.more.get, more)]
        numbers = [n for f in figures for n in ((f.value, f.low, f.high) if f else (None, None, None))]
        yield [
            split,
            row.name,
            row.kind,
            row.role,
            row.recipe,
            row.steps,
            row.parameters,
            row.n,
            *numbers,
            rank.get((row.kind, row.name)),
        ]


def markdown(comparison: Comparison) -> str:
    """The whole comparison: each split's systems, groups, pairs and leaderboard, headline first, then the notes."""
    order = sorted(comparison.splits, key=lambda split: split != comparison.split)
    parts = [
        "# Comparison",
        "",
        f"Errors and biases in {comparison.words.unit}; lower is better. In brackets 95% intervals.",
        "",
    ]
    parts += [line for warning in comparison.warnings for line in (f"**Warning:** {escaped(warning)}", "")]
    for split in order:
        parts += _split(split, comparison.splits[split], comparison.words)
    if comparison.plan:
        parts += [
            "## Plan: share of the balanced set",
            "",
            *text.markdown(("axis", "value", "wanted", "reached"), _plan(comparison)),
            "",
        ]
    return "\n".join([*parts, "## Notes", "", *(f"- {escaped(note)}" for note in comparison.notes), ""])


def _plan(comparison: Comparison) -> Iterable[Sequence[str]]:
    for m in comparison.plan:
        yield m.axis, m.value, "free" if m.wanted is None else figure(m.wanted, digits=3), figure(m.reached, digits=3)


def _split(split: str, scored: SplitComparison, words: Words) -> list[str]:
    runs = _compared(scored)
    figures, more = (words.error, *scored.axes, "average bias"), _more(scored.rows)
    lines = [
        f"## {split}: {scored.n} photos",
        "",
        *([f"**{scored.verdict}**", ""] if scored.verdict else []),
        *text.markdown(("system", "role", "steps", "parameters", *more, *figures), _systems(scored, more)),
        "",
    ]
    lines += _times(runs)
    lines += ["Biases of the runs beside the size that random groups of the same sizes show.", ""]
    lines += [*text.markdown(("run", *figures[1:]), _chances(runs, scored.axes)), ""]
    lines += [f"{_capital(words.full)} by group; groups with a * are small, their intervals wide.", ""]
    lines += [*text.markdown(("axis", "group", "photos", *(row.name for row in runs)), _groups(runs)), ""]
    if scored.pairs:
        lines += ["Differences of runs, with paired 95% intervals and p-values; an interval that holds 0 is noise.", ""]
        lines += [*text.markdown(("first - second", *figures), _pairs(scored)), ""]
    lines += ["Leaderboard: the rank in each column, ties sharing their mean, and the average rank.", ""]
    return [*lines, *text.markdown(("average rank", "system", *scored.axes, words.error), _board(scored)), ""]


def _times(runs: Sequence[System]) -> list[str]:
    """How long an image takes each run, where their networks differ."""
    known = [(row.name, _parameters(row), row.times) for row in runs if row.times]
    if not known:
        return []
    rows = [
        (name, parameters, _milliseconds(times.train), _milliseconds(times.test), ", ".join(times.devices))
        for name, parameters, times in known
    ]
    headers = ("run", "parameters", "training, ms per image", "prediction, ms per image", "devices")
    note = (
        "The networks differ: what they cost. Prediction counts all repeats and views of a run. Times vary by machine."
    )
    return [note, "", *text.markdown(headers, rows), ""]


def _milliseconds(value: float | None) -> str:
    return "" if value is None else figure(value, digits=2)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _systems(scored: SplitComparison, more: Sequence[str]) -> Iterable[Sequence[str]]:
    for row in scored.rows:
        name = f"{row.name} (published)" if row.kind == "published" else row.name
        figures = (row.error, *map(row.bias.get, scored.axes), row.average_bias)
        further = (_full(row.more.get(each), 3) for each in more)
        yield [name, row.role, _steps(row), _parameters(row), *further, *map(_full, figures)]


def _chances(runs: Sequence[System], axes: Sequence[str]) -> Iterable[Sequence[str]]:
    for row in runs:
        biases = [row.bias[axis] for axis in axes] + ([row.average_bias] if row.average_bias else [])
        told = (f"{figure(f.value)}, chance {figure(f.chance or 0)}, {text.p_value(f.p or 0)}" for f in biases)
        yield [row.name, *told]


def _groups(runs: Sequence[System]) -> Iterable[Sequence[str]]:
    for axis, groups in runs[0].by_group.items():
        for name, group in groups.items():
            errors = (interval(row.by_group[axis][name]) for row in runs)
            yield [axis, name + (" *" if group.marked else ""), str(group.n), *errors]


def _pairs(scored: SplitComparison) -> Iterable[Sequence[str]]:
    for p in scored.pairs:
        differences = (p.error, *(p.bias[axis] for axis in scored.axes), p.average_bias)
        yield [f"{p.first} - {p.second}", *map(text.difference, differences)]


def _board(scored: SplitComparison) -> Iterable[Sequence[str]]:
    for place in scored.leaderboard:
        name = f"{place.name} (published)" if place.kind == "published" else place.name
        yield [figure(place.average_rank), name, *(f"{rank:g}" for rank in place.ranks.values())]
