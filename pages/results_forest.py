"""The forest plots: how far every run is from a chosen baseline, overall, per axis and per group, with intervals."""

from __future__ import annotations

from collections.abc import Sequence

from manifests.core.text import count, p_value, signed
from manifests.tables.comparison import Difference, Pair, SplitComparison, between
from manifests.tables.parts import Words
from pages import charts as draw
from pages.results_parts import SYMBOLS, ResultChart

LANE = 15  # pixels for each run's mark on a line
Rows = list[tuple[str, list[Difference | None]]]  # (what is compared, each run's difference)


def forests(table: SplitComparison, words: Words) -> list[tuple[str, list[ResultChart]]]:
    """For each run as the baseline, the charts of all others against it; none where there is one run alone."""
    runs = [row.name for row in table.rows if row.kind == "run"]
    if len(runs) < 2:
        return []
    return [(run, _against(table, runs, number, words)) for number, run in enumerate(runs)]


def _against(table: SplitComparison, runs: Sequence[str], number: int, words: Words) -> list[ResultChart]:
    baseline = runs[number]
    others = [(i, run, between(table.pairs, run, baseline)) for i, run in enumerate(runs) if i != number]
    known = [(i, run, pair) for i, run, pair in others if pair is not None]
    pairs = [pair for _, _, pair in known]
    overall: Rows = [(words.error, [pair.error for pair in pairs])]
    if table.axes:
        overall.append(("average bias", [pair.average_bias for pair in pairs]))
        overall += [(f"{axis} bias", [pair.bias.get(axis) for pair in pairs]) for axis in table.axes]
    groups = _groups(pairs)
    named = [(i, run) for i, run, _ in known]
    made = [
        _chart(f"forest-{number}", f"Compared with {baseline}: overall, and bias by axis", overall, named, words, pairs)
    ]
    if groups:
        title = f"Compared with {baseline}: error of each group (photos)"
        made.append(_chart(f"forest-groups-{number}", title, groups, named, words, pairs))
    return made


def _groups(pairs: Sequence[Pair]) -> Rows:
    """A line for each group, named by its axis too where two axes have a value of that name."""
    found = [
        (axis, name, each.n) for axis, of in (pairs[0].groups if pairs else {}).items() for name, each in of.items()
    ]
    names = [name for _, name, _ in found]
    return [
        (
            f"{name if names.count(name) == 1 else f'{axis} {name}'} ({count(n)})",
            [pair.groups.get(axis, {}).get(name) for pair in pairs],
        )
        for axis, name, n in found
    ]


def _chart(
    chart: str, title: str, rows: Rows, runs: list[tuple[int, str]], words: Words, pairs: Sequence[Pair]
) -> ResultChart:
    data = [_marks(rows, at, of, len(runs)) for at, of in enumerate(runs)]
    ticks = {"tickvals": list(range(len(rows))), "ticktext": [name for name, _ in rows], "zeroline": False}
    baseline = pairs[0].second if pairs else ""
    layout = draw.layout(
        f"difference to {baseline} ({words.unit})",
        "",
        110 + len(rows) * max(26, LANE * len(runs)),
        yaxis={**ticks, "range": [len(rows) - 0.4, -0.6]},
        xaxis={"zeroline": True, "zerolinecolor": "--ink", "zerolinewidth": 2},
        showlegend=True,
    )
    headers = [f"difference to {baseline}", *(run for _, run in runs)]
    return ResultChart(chart, {"data": data, "layout": layout}, title, "", headers, [_row(*row) for row in rows])


def _row(name: str, found: Sequence[Difference | None]) -> tuple[str, ...]:
    told = ("" if d is None else f"{signed(d.value, d.low, d.high)}, {p_value(d.p)}" for d in found)
    return name, *(each.replace("-", "\u2212") for each in told)


def _marks(rows: Rows, at: int, run: tuple[int, str], runs: int) -> draw.Chart:
    """One run's marks: full where the interval leaves out 0, else hollow."""
    number, name = run
    found = [differences[at] for _, differences in rows]
    symbol = SYMBOLS[number % len(SYMBOLS)]
    sure = [d is not None and (d.high < 0 or d.low > 0) for d in found]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [None if d is None else d.value for d in found],
        "y": [line + 0.7 * ((at + 0.5) / runs - 0.5) for line in range(len(rows))],
        "marker": {
            "size": 9,
            "color": draw.series(number),
            "symbol": [symbol if each else f"{symbol}-open" for each in sure],
            "line": {"width": 2, "color": draw.series(number)},
        },
        "error_x": draw.error_bars(
            [None if d is None else (d.high - d.value, d.value - d.low) for d in found], draw.series(number)
        ),
        "hovertemplate": "%{x:.2f}",
    }
