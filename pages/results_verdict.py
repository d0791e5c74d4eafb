"""The verdict of the results page: one sentence, and where the difference comes from."""

from __future__ import annotations

from dataclasses import dataclass

from manifests.core.text import count, figure, interval, p_value, span
from manifests.tables.comparison import Comparison, Difference, Pair, SplitComparison, System, between
from manifests.tables.parts import Words

NOTHING = "No run has been scored yet."
FEW = 100  # photos, below which a group's interval is wide
SMALL_SHARE = 0.05  # of the whole difference, below which a group's part of it is not told


@dataclass(frozen=True)
class Verdict:
    """What the page opens with.

    Attributes:
        sentence: who is ahead, by how much, and whether that may be noise.
        source: the group in which the difference is largest, and how many photos it rests on; may be empty.
        baseline: the run that the others are compared with first.
        leader: the run that is looked at first.
    """

    sentence: str
    source: str
    baseline: str
    leader: str


def verdict(compared: Comparison) -> Verdict:
    """Say who is ahead, by how much, and whether that may be noise."""
    table = compared.splits.get(compared.split)
    runs = [row for row in table.rows if row.kind == "run"] if table else []
    if table is None or not runs:
        return Verdict(NOTHING, "", "", "")
    plain = next((row.name for row in runs if row.role == "baseline"), runs[0].name)
    leader, other = _rivals(table, runs, plain)
    pair = between(table.pairs, leader, other)
    if pair is None:
        only = next(row for row in runs if row.name == leader)
        return Verdict(_alone(only, compared.words), "", plain, leader)
    return Verdict(_sentence(table, pair, compared.words), _source(table, pair, compared.words), plain, leader)


def _rivals(table: SplitComparison, runs: list[System], plain: str) -> tuple[str, str]:
    """The two runs that the sentence is about, the one that is ahead first."""
    found = table.outcome
    if found is None:
        best = min(runs, key=_score).name
        return best, plain if plain != best else next((row.name for row in runs if row.name != best), best)
    if found.kind == "better":
        return found.way, found.cheapest if found.way == found.repeated else found.plain
    pays = (found.rendered, found.cheapest)
    if found.kind == "worse":
        return pays[1], pays[0]
    score = {row.name: _score(row) for row in runs}
    return pays if found.kind == "pays" or score[pays[0]] <= score[pays[1]] else (pays[1], pays[0])


def _score(row: System) -> float:
    return row.error.value + (row.average_bias.value if row.average_bias else 0)


def _alone(row: System, words: Words) -> str:
    bias = f", with an average bias of {interval(row.average_bias)}" if row.average_bias else ""
    return f"{row.name} has a {words.error} of {interval(row.error)} {words.unit}{bias}."


def _leading(pair: Pair) -> tuple[str, Difference]:
    """The figure in which the first run's lead is surest, by its name: the error or the average bias."""
    figures = [("error", pair.error), ("bias", pair.average_bias)]
    return min(figures, key=lambda each: (each[1].value >= 0, each[1].p))


def _sentence(table: SplitComparison, pair: Pair, words: Words) -> str:
    name, lead = _leading(pair)
    what = words.error if name == "error" else "average bias"
    ahead = f"its {what} is {figure(abs(lead.value))} {words.unit} below that of {pair.second}"
    found = table.outcome
    if found is None:
        sure = "beyond noise" if lead.high < 0 else f"which may be chance ({p_value(lead.p)})"
        return f"{pair.first} leads: {ahead}, {sure}."
    if found.kind == "no difference":
        if lead.value >= 0:
            return f"No run wins: {pair.first} and {pair.second} differ by less than the noise."
        return f"No sure winner: {pair.first} leads, {ahead}, but that may be chance ({p_value(lead.p)})."
    images = "" if found.kind == "pays" else " Rendered images do not pay here."
    return f"{pair.first} wins: {ahead}, beyond noise.{images}"


def _source(table: SplitComparison, pair: Pair, words: Words) -> str:
    """The group in which the first run's lead is largest; of the most uneven axis, where the lead is one of bias."""
    name, lead = _leading(pair)
    axes = list(pair.groups)
    if name == "bias" and pair.bias:
        axes = [min(pair.bias, key=lambda axis: pair.bias[axis].value)]
    groups = [(each.value, axis, group, each) for axis in axes for group, each in pair.groups.get(axis, {}).items()]
    if not groups:
        return ""
    value, axis, group, found = min(groups, key=lambda each: each[:3])
    if value >= 0 or lead.value >= 0:
        return ""
    wide = ", which is wide" if found.n < FEW else ""
    told = f"The lead is largest for {axis} {group}: {figure(-value)} {words.unit} on {count(found.n)} photos "
    told += f"(95% interval {span(-found.high, -found.low)}{wide})."
    part = value * found.n / table.n / lead.value
    if name == "error" and part >= SMALL_SHARE:
        told += f" These photos make {min(part, 1):.0%} of the whole difference."
    return told
