"""From the errors of an earlier run to factors on the wanted shares: more images where the error is larger.

A group's factor is (its error / the mean error of its axis' groups) ** damping, bounded to
[1 / bound, bound]. Only the validation split is read: a plan that
followed the test split's errors would be fitted to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.plan import Emphasis
from manifests.tables.emphasis import Factors
from manifests.tables.scorecard import Scorecard

SPLIT = "valid"
_DIGITS = 4  # of a factor; more would change with the last bits of a training run


def factors(
    errors: Mapping[str, Mapping[str, float]], rule: Emphasis, before: Mapping[str, Mapping[str, float]] | None = None
) -> Factors:
    """Turn errors into factors.

    Args:
        errors: axis -> value -> mean absolute error in years, on the validation split.
        rule: damping and bound.
        before: the factors that the run with these errors was planned with; the new ones multiply them.
    Returns:
        axis -> value -> factor, in the given order.
    """
    found = {}
    for axis, values in errors.items():
        mean, old = sum(values.values()) / len(values) if values else 0.0, (before or {}).get(axis, {})
        if mean > 0:
            found[axis] = {value: _factor(error / mean, rule, old.get(value, 1.0)) for value, error in values.items()}
    return found


def _factor(ratio: float, rule: Emphasis, before: float) -> float:
    return round(min(rule.bound, max(1 / rule.bound, before * ratio**rule.damping)), _DIGITS)


def errors_of(card: Scorecard, cells: Cells, path: Path) -> dict[str, dict[str, float]]:
    """A scorecard's mean absolute errors by group on the validation split: axis -> value -> years.

    Raises:
        UserError: it has none of the validation split.
    """
    if SPLIT not in card.by_group:
        received = ", ".join(card.by_group) or "none"
        raise UserError(f"{path}: by_group", f"errors of the {SPLIT} split", received, "Score a run that has one")
    groups = card.by_group[SPLIT]
    return {
        axis.name: {value: groups[axis.name][value].mae for value in axis.values if value in groups[axis.name]}
        for axis in cells.axes
        if axis.name in groups
    }
