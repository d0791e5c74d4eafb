"""A scorecard in short: for DVC's metrics and plots, and for the terminal."""

from __future__ import annotations

from manifests.core import text
from manifests.tables.scorecard import Scorecard


def metrics(card: Scorecard) -> dict[str, dict[str, object]]:
    """The figures that `dvc metrics diff` compares: split -> mae, average_bias, and bias by axis."""
    return {
        split: {
            "mae": scores.overall.mae,
            "average_bias": scores.average_bias.value,
            "bias": {axis: figure.value for axis, figure in scores.bias.items()},
        }
        for split, scores in card.splits.items()
    }


def groups_csv(card: Scorecard) -> str:
    """One row per group, for a bar or dot plot of MAE by group: split, axis, group, n, mae, low, high, marked."""
    return text.csv_table(
        ("split", "axis", "group", "n", "mae", "low", "high", "marked"),
        (
            (split, axis, name, group.n, group.mae, group.low, group.high, int(group.marked))
            for split, axes in card.by_group.items()
            for axis, groups in axes.items()
            for name, group in groups.items()
        ),
    )


def by_age_csv(card: Scorecard) -> str:
    """One row per band of ages, for a line plot of error against age: split, age, n, mae, signed."""
    return text.csv_table(
        ("split", "age", "n", "mae", "signed"),
        (
            (split, band.age, band.n, band.mae, band.signed)
            for split, scores in card.splits.items()
            for band in scores.by_age
        ),
    )


def _steps(card: Scorecard) -> str:
    return "" if card.steps is None else f", {card.steps} gradient steps"


def terminal(card: Scorecard) -> str:
    """What the command prints: the headline split's MAE, its biases, and the notes."""
    scores = card.splits[card.split]
    lines = [f"{card.run}, {card.split}: MAE {text.interval(scores.overall)} years on {scores.n} photos{_steps(card)}"]
    for axis, bias in [*scores.bias.items(), ("average", scores.average_bias)]:
        lines.append(
            f"  bias {axis:<12} {text.figure(bias.value):>5}  ({text.span(bias.low, bias.high)}), "
            f"chance alone {text.figure(bias.chance)}, {text.p_value(bias.p)}"
        )
    return "\n".join([*lines, *(f"  {note}" for note in scores.notes)])
