"""Which way is best on these photos, and whether rendering pays: one rule, and one sentence.

The rule, with the sum of error and average bias as each way's score:

- One way is better than another where one of the two figures is lower beyond noise (p < .01: the rule looks at six),
  and the interval of the other does not lie above 0.
- Rendering pays where the rendered way with the least score is better than the best way without images (the one with
  the least score) and better than repeating the plan's photos.
- Where it does not pay, the way to take is the repeating one if that is better than the best way without images; else
  the best way without images if that is better than the plain one; else the plain one, of which the sentence says
  whether it is better than rendering, or whether no difference was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from manifests.core import text
from manifests.tables.comparison import Difference, Kinds, Outcome, Pair
from manifests.tables.parts import Words


@dataclass(frozen=True)
class Verdict:
    """What to do: the outcome, and a sentence for the reader."""

    outcome: Outcome
    sentence: str

    @property
    def kind(self) -> str:
        """Whether rendering pays; see `Outcome`."""
        return self.outcome.kind

    @property
    def way(self) -> str:
        """The way to take."""
        return self.outcome.way


SURE = 0.01  # the largest p of a difference that counts: .05 over the six that the rule looks at, about


def better(pair: Pair) -> bool:
    """Whether the first is better than the second: one figure lower beyond noise, the other not higher beyond it."""
    figures = (pair.error, pair.average_bias)
    return any(one.value < 0 and one.p < SURE for one in figures) and not any(one.low > 0 for one in figures)


def verdict(
    score: Mapping[str, float],
    pairs: Mapping[tuple[str, str], Pair],
    plain: str,
    repeated: str,
    rendered: Sequence[str],
    words: Words,
) -> Verdict:
    """Apply the rule.

    Args:
        score: way -> error plus average bias, in the order of the table.
        pairs: (first, second) -> the differences first - second, for every two ways in both orders.
        plain: the way that the others are compared with.
        repeated: the way that repeats the plan's photos.
        rendered: the ways that train on rendered images.
        words: how the error is called.
    """

    def told(one: str, other: str) -> str:
        """The differences of error and average bias, with intervals."""
        pair = pairs[one, other]
        return f"{words.error} {_signed(pair.error)} {words.unit}, average bias {_signed(pair.average_bias)}"

    others = [way for way in score if way not in rendered and way != repeated]
    cheapest = min(others, key=lambda way: score[way])
    best = min(rendered, key=lambda way: score[way])

    def found(kind: Kinds, way: str, sentence: str) -> Verdict:
        named = {"rendered": best, "cheapest": cheapest, "plain": plain, "repeated": repeated}
        return Verdict(Outcome(kind=kind, way=way, **named), sentence)

    tail = f"{best} against {cheapest}, the best way without images, {told(best, cheapest)}; "
    tail += f"against {repeated}, {told(best, repeated)}."
    if better(pairs[best, cheapest]) and better(pairs[best, repeated]):
        return found("pays", best, f"Rendering pays on these photos: {tail}")
    for way, other in ((repeated, cheapest), (cheapest, plain)):
        if way != other and better(pairs[way, other]):
            lead = f"Rendering does not pay on these photos; take {way}: against {other}, "
            return found("better", way, f"{lead}{told(way, other)}. {tail}")
    if better(pairs[cheapest, best]):
        return found("worse", cheapest, f"Rendering does not pay on these photos; take {cheapest}. {tail}")
    return found("no difference", plain, f"No difference beyond noise: rendering does not pay on these photos. {tail}")


def _signed(one: Difference) -> str:
    return text.signed(one.value, one.low, one.high)
