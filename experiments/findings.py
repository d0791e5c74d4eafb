"""Rows beside the published ones of the studies they follow, and whether they agree with what a study found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from manifests.core.params import Section
from manifests.core.text import figure, markdown, signed
from manifests.tables.comparison import Difference
from train.recipes import RECIPES
from train.scoring import published

if TYPE_CHECKING:  # figures reads tables, and a table has findings
    from experiments.figures import ScoredRows


class Finding(Section):
    """What a study says of two of its rows.

    Attributes:
        claim: in a few words.
        first: a run.
        second: the run that it is compared with.
        figure: the `error`, or the average `bias`.
        expected: how the first one's is, in the study.
    """

    key: ClassVar[str] = "findings"
    claim: str
    first: str
    second: str
    figure: Literal["error", "bias"]
    expected: Literal["lower", "higher"]


def beside(names: list[str], scored: ScoredRows) -> list[str]:
    """A table: each published row with the rows of ours that have its recipe below it, whose names are `set.run`."""
    head = ("row", "", "learning rate", "strategy", *published.AXES, "average bias", "MAE")
    rows = []
    for printed in published.ROWS:
        recipe = RECIPES[printed.recipe]
        rates = "; ".join(dict.fromkeys(f"{stage.rate:g}" for stage in recipe.stages))
        biases = [figure(printed.bias[axis]) for axis in published.AXES]
        described = (rates, printed.strategy)
        rows.append(
            (f"{printed.name}", "published", *described, *biases, figure(printed.average_bias), figure(printed.mae))
        )
        for name in names:
            if name.partition(".")[2] == printed.recipe:
                scores = scored.rows[name].scores
                ours = [figure(scores.bias[axis].value) for axis in published.AXES]
                rows.append(
                    (
                        f"`{name}`",
                        "ours",
                        *described,
                        *ours,
                        figure(scores.average_bias.value),
                        figure(scores.overall.value),
                    )
                )
    return markdown(head, rows)


def checked(findings: tuple[Finding, ...], sets: dict[str, list[str]], scored: ScoredRows) -> list[str]:
    """A table: each finding, and whether each set of rows agrees with it; `sets` has the names of their runs."""
    head = ("what the study found", "compared", *(f"`{name}`" for name in sets))
    return markdown(head, (list(_checked(one, sets, scored)) for one in findings))


def _checked(one: Finding, sets: dict[str, list[str]], scored: ScoredRows) -> Iterator[str]:
    yield one.claim
    what = "MAE" if one.figure == "error" else "average bias"
    yield f"{what}, `{one.first}` - `{one.second}`"
    for name, runs in sets.items():
        if one.first in runs and one.second in runs:
            pair = scored.difference(f"{name}.{one.first}", f"{name}.{one.second}")
            found = pair.error if one.figure == "error" else pair.average_bias
            yield f"{agreement(found, one.expected)}: {signed(found.value, found.low, found.high)}"
        else:
            yield ""


def agreement(found: Difference, expected: str) -> str:
    """Whether a difference with its 95% interval agrees with the direction that a study printed."""
    if found.low <= 0 <= found.high:
        return "not settled"
    return "agrees" if (found.value < 0) == (expected == "lower") else "disagrees"
