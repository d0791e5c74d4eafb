"""From the errors of an earlier run to factors on the wanted shares: more images where the error is larger.

A group's factor is (its error / the mean error of its axis' groups) ** damping, bounded to
[1 / bound, bound]. First each group's error is shrunk toward the mean of its axis' groups, the more
the less is known of it (empirical Bayes, after James and Stein 1961), so that the plan does not follow chance.
Only the validation split is read: a plan that followed the test split's errors would be fitted to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import variance
from typing import NamedTuple

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.plan import Emphasis
from manifests.tables.emphasis import Factors
from manifests.tables.scorecard import GroupError, Scorecard

SPLIT = "valid"
_DIGITS = 4  # of a factor; more would change with the last bits of a training run


class Measured(NamedTuple):
    """A group's error and its standard error, in the task's unit; infinite for a single photo."""

    error: float
    se: float


def factors(
    errors: Mapping[str, Mapping[str, Measured]],
    rule: Emphasis,
    before: Mapping[str, Mapping[str, float]] | None = None,
) -> Factors:
    """Turn errors into factors.

    Args:
        errors: axis -> value -> error, on the validation split.
        rule: damping and bound.
        before: the factors that the run with these errors was planned with; the new ones multiply them.
    Returns:
        axis -> value -> factor, in the given order.
    """
    found = {}
    for axis, values in errors.items():
        shrunk, old = _shrunk(list(values.values())), (before or {}).get(axis, {})
        mean = sum(shrunk) / len(shrunk) if shrunk else 0.0
        if mean > 0:
            pairs = zip(values, shrunk, strict=True)
            found[axis] = {value: _factor(error / mean, rule, old.get(value, 1.0)) for value, error in pairs}
    return found


def _shrunk(groups: Sequence[Measured]) -> list[float]:
    """Each group's error with its excess over the groups' mean times true / (true + its own variance).

    `true`, the variance of the groups' true errors, is that of the measured ones less the mean of their squared
    standard errors; where that is not above 0, nothing is left of the differences. A group of unknown standard error
    counts as the mean of the others.
    """
    known = [group for group in groups if math.isfinite(group.se)]
    if len(known) < 2:
        return [1.0] * len(groups)
    mean = sum(group.error for group in known) / len(known)
    noise = sum(group.se**2 for group in known) / len(known)
    true = max(0.0, variance([group.error for group in known]) - noise)
    return [mean + (true / (true + group.se**2) * (group.error - mean) if true else 0.0) for group in groups]


def _factor(ratio: float, rule: Emphasis, before: float) -> float:
    return round(min(rule.bound, max(1 / rule.bound, before * ratio**rule.damping)), _DIGITS)


def errors_of(card: Scorecard, cells: Cells, path: Path) -> dict[str, dict[str, Measured]]:
    """A scorecard's errors by group on the validation split: axis -> value -> error.

    Raises:
        UserError: it has none of the validation split.
    """
    if SPLIT not in card.by_group:
        received = ", ".join(card.by_group) or "none"
        raise UserError(f"{path}: by_group", f"errors of the {SPLIT} split", received, "Score a run that has one")
    groups = card.by_group[SPLIT]
    return {
        axis.name: {value: _measured(groups[axis.name][value]) for value in axis.values if value in groups[axis.name]}
        for axis in cells.axes
        if axis.name in groups
    }


def _measured(group: GroupError) -> Measured:
    """The standard error is a quarter of the 95% interval, nearly: its width over 2 x 1.96."""
    known = group.low is not None and group.high is not None
    return Measured(group.error, (group.high - group.low) / (2 * 1.96) if known else math.inf)  # type: ignore[operator]
