"""A scorecard in short: for DVC's metrics and plots, and for the terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from manifests.core.text import DIGITS
from manifests.tables.scorecard import Group, Scorecard


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
    """One row a group, for a bar or dot plot of MAE by group: split, axis, group, n, mae, low, high, marked."""
    return table(
        ("split", "axis", "group", "n", "mae", "low", "high", "marked"),
        (
            (split, axis, name, group.n, group.mae, group.low, group.high, int(group.marked))
            for split, axes in card.by_group.items()
            for axis, groups in axes.items()
            for name, group in groups.items()
        ),
    )


def by_age_csv(card: Scorecard) -> str:
    """One row a band of ages, for a line plot of error against age: split, age, n, mae, signed."""
    return table(
        ("split", "age", "n", "mae", "signed"),
        (
            (split, band.age, band.n, band.mae, band.signed)
            for split, scores in card.splits.items()
            for band in scores.by_age
        ),
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with LF line ends; numbers rounded as in the JSON files, None an empty field."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([round(entry, DIGITS) if isinstance(entry, float) else entry for entry in row] for row in rows)
    return target.getvalue()


def text(card: Scorecard) -> str:
    """What the command prints: the headline split's MAE, its biases, and the notes."""
    scores = card.splits[card.split]
    lines = [f"{card.run}, {card.split}: MAE {interval(scores.overall)} years on {scores.n} photos"]
    for axis, figure in [*scores.bias.items(), ("average", scores.average_bias)]:
        lines.append(
            f"  bias {axis:<12} {figure.value:5.2f}  ({figure.low:.2f} to {figure.high:.2f}), "
            f"chance alone {figure.chance:.2f}, p = {figure.p:.3f}"
        )
    return "\n".join([*lines, *(f"  {note}" for note in scores.notes)])


def interval(group: Group) -> str:
    """Such as `4.22 (4.05 to 4.39)`."""
    return f"{group.mae:.2f}" + ("" if group.low is None else f" ({group.low:.2f} to {group.high:.2f})")
