"""The sentence that the results page opens with: who is ahead, by how much, is it noise, where it comes from."""

from __future__ import annotations

from typing import Any

import pytest

from manifests.tables.comparison import (
    Comparison,
    Difference,
    Figure,
    GroupDifference,
    Outcome,
    Pair,
    SplitComparison,
    System,
    between,
)
from pages import results_verdict
from train.targets import YEARS

ROLES = {"original": "baseline", "repeated": "repetition", "balanced": "augmentation", "adjusted": "adjustment"}


def system(name: str, error: float = 5.0) -> System:
    more: dict[str, Any] = {"n": 400, "recipe": "default", "bias": {}, "average_bias": Figure(value=1.0)}
    return System(name=name, kind="run", role=ROLES[name], error=Figure(value=error, low=4, high=6), **more)


def pair(first: str, second: str, error: float, p: float, n: int = 20, bias: float = 0.0) -> Pair:
    def around(value: float, p: float) -> Difference:
        reach = abs(value) * (0.5 if p < 0.05 else 2) + 0.1
        return Difference(value=value, low=value - reach, high=value + reach, p=p)

    young = GroupDifference(value=0.1, low=-0.2, high=0.4, p=0.5, n=400 - n)
    old = GroupDifference(value=10 * error, low=12 * error, high=8 * error, p=p, n=n)
    return Pair(
        first=first,
        second=second,
        error=around(error, p),
        bias={"age": around(bias, 0.5)},
        average_bias=around(bias, 0.5),
        groups={"age": {"<60": young, "60+": old}},
    )


def verdict(kind: str, way: str, *pairs: Pair) -> results_verdict.Verdict:
    named = {"rendered": "balanced", "cheapest": "adjusted", "plain": "original", "repeated": "repeated"}
    table = SplitComparison(
        n=400,
        axes=["age"],
        rows=[system(name) for name in ROLES],
        pairs=list(pairs),
        leaderboard=[],
        outcome=Outcome(kind=kind, way=way, **named),
    )
    made = Comparison(words=YEARS.words, split="test", splits={"test": table}, plan=[], notes=[])
    return results_verdict.verdict(made)


def test_a_winner_beyond_noise() -> None:
    found = verdict("pays", "balanced", pair("balanced", "adjusted", -0.5, 0.001))
    assert found.sentence == "balanced wins: its MAE is 0.50 years below that of adjusted, beyond noise."
    assert found.source == (
        "The lead is largest for age 60+: 5.00 years on 20 photos (95% interval 4.00 to 6.00, which is wide). "
        "These photos make 50% of the whole difference."
    )
    assert (found.baseline, found.leader) == ("original", "balanced")


def test_many_photos_are_not_called_few() -> None:
    found = verdict("pays", "balanced", pair("balanced", "adjusted", -0.5, 0.001, n=150))
    assert "on 150 photos (95% interval 4.00 to 6.00)." in found.source


def test_a_lead_that_may_be_chance_is_no_win() -> None:
    found = verdict("no difference", "original", pair("adjusted", "balanced", 0.4, 0.044))
    assert found.sentence == (
        "No sure winner: balanced leads, its MAE is 0.40 years below that of adjusted, "
        "but that may be chance (p = 0.044)."
    )


def test_rendering_that_loses_is_said_to_lose() -> None:
    found = verdict("worse", "adjusted", pair("adjusted", "balanced", -0.3, 0.002))
    assert found.sentence.startswith("adjusted wins: its MAE is 0.30 years below that of balanced, beyond noise.")
    assert found.sentence.endswith("Rendered images do not pay here.") and found.leader == "adjusted"


def test_another_way_wins_over_what_it_was_compared_with() -> None:
    found = verdict("better", "repeated", pair("repeated", "adjusted", -0.3, 0.002))
    assert found.sentence.startswith("repeated wins: its MAE is 0.30 years below that of adjusted")
    found = verdict("better", "adjusted", pair("original", "adjusted", 0.3, 0.002))
    assert found.sentence.startswith("adjusted wins: its MAE is 0.30 years below that of original")


def test_a_lead_in_bias_is_said_as_one() -> None:
    found = verdict("no difference", "original", pair("balanced", "adjusted", 0.2, 0.4, bias=-0.7))
    assert "its average bias is 0.70 years below that of adjusted" in found.sentence


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_a_pair_can_be_asked_for_either_way_round(names: tuple[str, str]) -> None:
    one = pair("a", "b", -0.5, 0.001)
    found = between([one], *names)
    assert found is not None and (found.first, found.second) == names
    sign = 1 if names == ("a", "b") else -1
    assert found.error.value == sign * -0.5 and found.error.low <= found.error.value <= found.error.high
    assert found.groups["age"]["60+"].value == sign * -5.0 and found.groups["age"]["60+"].n == 20
    assert between([one], "a", "c") is None
