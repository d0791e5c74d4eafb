"""All runs in a few small files for DVC: their figures, groups, error by age and learning curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from manifests.core import text
from manifests.tables.comparison import Comparison
from manifests.tables.scorecard import Scorecard

Curve = Mapping[str, Mapping[int, float]]  # name of a line -> gradient step -> value


def metrics(comparison: Comparison) -> dict[str, dict[str, float]]:
    """The figures of `dvc metrics diff` and `dvc exp show`, few enough for a screen: error and bias -> run -> value."""
    runs = [row for row in comparison.splits[comparison.split].rows if row.kind == "run"]
    return {
        comparison.words.key("error"): {row.name: round(row.error.value, 3) for row in runs},
        "bias": {row.name: round(row.average_bias.value, 3) for row in runs if row.average_bias},
    }


def groups_csv(cards: Sequence[Scorecard]) -> str:
    """One row per run and group of the headline split: run, group, axis, n, error, low, high, marked."""
    return text.csv_table(
        ("run", "group", "axis", "n", "error", "low", "high", "marked"),
        (
            (card.run, f"{axis}: {name}", axis, group.n, group.error, group.low, group.high, int(group.marked))
            for card in cards
            for axis, groups in card.by_group[card.split].items()
            for name, group in groups.items()
        ),
    )


def by_age_csv(cards: Sequence[Scorecard]) -> str:
    """One row per run and band of ages of the headline split: run, age, n, error, low, high, signed."""
    return text.csv_table(
        ("run", "age", "n", "error", "low", "high", "signed"),
        (
            (card.run, band.age, band.n, band.error, band.low, band.high, band.signed)
            for card in cards
            for band in card.splits[card.split].by_age
        ),
    )


def curves_csv(curves: Mapping[str, Curve], name: str) -> str:
    """One row per run and check on valid: run, step, error.

    Args:
        curves: run -> name of a curve -> its points.
        name: the curve of the error on valid.
    """
    return text.csv_table(
        ("run", "step", "error"),
        ((run, step, value) for run, each in curves.items() for step, value in each.get(name, {}).items()),
    )
