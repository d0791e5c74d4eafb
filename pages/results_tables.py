"""The results page's words and tables."""

from __future__ import annotations

from typing import Any

from manifests.tables.comparison import Comparison, Difference, Figure, Table
from manifests.tables.scorecard import Group


def lead(compared: Comparison) -> str:
    """What was scored, in a sentence or two."""
    table = compared.splits.get(compared.split)
    if table is None or not table.rows:
        return "No run has been scored yet."
    runs = [row for row in table.rows if row.kind == "run"]
    if not runs:
        return "No run has been scored yet."
    best = min(runs, key=lambda row: row.mae.value)
    evenest = min(runs, key=lambda row: row.average_bias.value)
    one = f"{len(runs)} {'run' if len(runs) == 1 else 'runs'} on {table.n:,} photos of the {compared.split} split. "
    return one + (
        f"Most accurate: {best.name}, off by {interval(best.mae)} years. "
        f"Most even: {evenest.name}, with an average bias of {interval(evenest.average_bias)} years."
    )


def interval(figure: Figure) -> str:
    """Such as `4.22 (4.05 to 4.39)`."""
    return f"{figure.value:.2f}" + ("" if figure.low is None else f" ({figure.low:.2f} to {figure.high:.2f})")


def group(each: Group | None) -> str:
    """Such as `4.22 (4.05 to 4.39), 50 photos`; `*` marks a group of too few."""
    if each is None:
        return "no photos"
    span = "" if each.low is None else f" ({each.low:.2f} to {each.high:.2f})"
    return f"{each.mae:.2f}{span}, n = {each.n:,}{' *' if each.marked else ''}"


def comparison(table: Table) -> tuple[list[str], list[tuple[str, ...]]]:
    """Headers and rows: every system's error, average bias, and bias on each axis."""
    headers = ["system", "", "error (years)", "average bias", *(f"{axis} bias" for axis in table.axes)]
    rows = [
        (
            row.name,
            row.role or row.kind,
            interval(row.mae),
            interval(row.average_bias),
            *(interval(row.bias[axis]) if axis in row.bias else "" for axis in table.axes),
        )
        for row in table.rows
    ]
    return headers, rows


def pairs(table: Table | None) -> list[tuple[str, ...]]:
    """Each pair of runs: differences with their intervals and p-values, and what may be said of them."""
    return [
        (
            f"{pair.first} \u2212 {pair.second}",
            *_difference(pair.mae),
            *_difference(pair.average_bias),
            _verdict(pair.first, pair.mae, pair.average_bias),
        )
        for pair in (table.pairs if table else [])
    ]


def _difference(each: Difference) -> tuple[str, str, str]:
    return _signed(each.value), f"{_signed(each.low)} to {_signed(each.high)}", f"{each.p:.3f}"


def _signed(number: float) -> str:
    return f"{number:+.2f}".replace("-", "\u2212")


def _verdict(first: str, mae: Difference, bias: Difference) -> str:
    told = []
    for each, better, worse in ((mae, "more accurate", "less accurate"), (bias, "more even", "less even")):
        if each.high < 0 or each.low > 0:
            told.append(better if each.high < 0 else worse)
    return f"{first} is {' and '.join(told)}" if told else "no difference that luck could not make"


def leaderboard(table: Table | None) -> dict[str, Any] | None:
    """Headers and rows of the leaderboard, the best first."""
    if table is None or not table.leaderboard:
        return None
    columns = list(table.leaderboard[0].ranks)
    places = sorted(table.leaderboard, key=lambda place: place.average_rank)
    return {
        "headers": ["system", "from", "average rank", *(f"rank by {name}" for name in columns)],
        "rows": [
            (place.name, place.kind, f"{place.average_rank:.2f}", *(f"{place.ranks[name]:g}" for name in columns))
            for place in places
        ],
    }
