"""The results page's words and tables."""

from __future__ import annotations

from dataclasses import dataclass

from manifests.core.text import count, figure, interval, signed
from manifests.tables.comparison import Comparison, Difference, Figure, Pair, SplitComparison, System
from manifests.tables.parts import Words
from manifests.tables.scorecard import GroupError


def lead(compared: Comparison) -> str:
    """What was scored, in a sentence or two."""
    table = compared.splits.get(compared.split)
    if table is None or not table.rows:
        return "No run has been scored yet."
    runs = [row for row in table.rows if row.kind == "run"]
    if not runs:
        return "No run has been scored yet."
    best = min(runs, key=lambda row: row.error.value)
    evenest = min(runs, key=_bias)
    noun = "run" if len(runs) == 1 else "runs"
    verdict = f"{table.verdict} " if table.verdict else ""
    return (
        f"{verdict}{len(runs)} {noun} on {count(table.n)} photos of the {compared.split} split. "
        f"Most accurate: {best.name}, {compared.words.error} {interval(best.error)} {compared.words.unit}. "
        f"Most even: {evenest.name}, with an average bias of {_bias_text(evenest)} {compared.words.unit}."
    )


def _bias(row: System) -> float:
    return row.average_bias.value if row.average_bias else float("inf")


def _bias_text(row: System) -> str:
    return interval(row.average_bias) if row.average_bias else ""


def group(each: GroupError | None) -> str:
    """Such as `4.22 (4.05 to 4.39), n = 50`; `*` marks a group of few photos."""
    if each is None:
        return "no photos"
    return f"{interval(each)}, n = {count(each.n)}{' *' if each.marked else ''}"


def comparison(table: SplitComparison, words: Words) -> tuple[list[str], list[tuple[str, ...]]]:
    """Headers and rows: every system's gradient steps, parameters, error, average bias, and bias on each axis."""
    more = list(dict.fromkeys(name for row in table.rows for name in row.more))
    headers = [
        "system",
        "",
        "steps",
        "parameters",
        f"{words.error} ({words.unit})",
        "average bias",
        *(f"{axis} bias" for axis in table.axes),
        *more,
    ]
    rows = [
        (
            row.name,
            row.role or row.kind,
            "" if row.steps is None else count(row.steps),
            "" if row.parameters is None else count(row.parameters),
            interval(row.error),
            _bias_text(row),
            *(interval(row.bias[axis]) if axis in row.bias else "" for axis in table.axes),
            *(_share(row.more.get(name)) for name in more),
        )
        for row in table.rows
    ]
    return headers, rows


def _share(each: Figure | None) -> str:
    return "" if each is None else figure(each.value, each.low, each.high, digits=3)


def pairs(table: SplitComparison | None) -> list[tuple[str, ...]]:
    """Each pair of runs: differences with their intervals and p-values, and the verdict that they allow."""
    return [
        (
            f"{pair.first} \u2212 {pair.second}",
            *_difference(pair.error),
            *_difference(pair.average_bias),
            _verdict(pair),
        )
        for pair in (table.pairs if table else [])
    ]


def _difference(each: Difference) -> tuple[str, str, str]:
    return _signed(each.value), f"{_signed(each.low)} to {_signed(each.high)}", figure(each.p, digits=3)


def _signed(number: float) -> str:
    return signed(number).replace("-", "\u2212")


def _verdict(pair: Pair) -> str:
    """Which run is better in what, as far as the intervals say so; each is named for what it is better in."""
    told: dict[str, list[str]] = {}
    for each, better in ((pair.error, "more accurate"), (pair.average_bias, "more even")):
        if each.high < 0 or each.low > 0:
            told.setdefault(pair.first if each.high < 0 else pair.second, []).append(better)
    return "; ".join(f"{run} is {' and '.join(words)}" for run, words in told.items()) or "no difference beyond chance"


@dataclass(frozen=True)
class Leaderboard:
    """The leaderboard as a table, the best system first."""

    headers: list[str]
    rows: list[tuple[str, ...]]


def leaderboard(table: SplitComparison | None) -> Leaderboard | None:
    """Lay out the leaderboard; None where there is none."""
    if table is None or not table.leaderboard:
        return None
    columns = list(table.leaderboard[0].ranks)
    places = sorted(table.leaderboard, key=lambda place: place.average_rank)
    return Leaderboard(
        ["system", "from", "average rank", *(f"rank by {name}" for name in columns)],
        [
            (place.name, place.kind, figure(place.average_rank), *(f"{place.ranks[name]:g}" for name in columns))
            for place in places
        ],
    )
