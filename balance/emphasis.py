"""Errors of an earlier run -> factors on the wanted shares: more of the groups with the larger error.

A group's factor is (its error / the mean error of its axis' groups) ** damping, bounded to
[1 / bound, bound]. Only the validation split is looked at: a plan that followed the test
split's errors would be fitted to it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.plan import Emphasis
from manifests.tables.scorecard import Scorecard

SPLIT = "valid"
_DIGITS = 4  # of a factor; more would change with the last bits of a training run


def factors(
    errors: Mapping[str, Mapping[str, float]], rule: Emphasis, before: Mapping[str, Mapping[str, float]] | None = None
) -> dict[str, dict[str, float]]:
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
        UserError: none of the validation split; `path` is named.
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


def read(path: Path, cells: Cells) -> dict[str, dict[str, float]]:
    """Read the committed factors; a missing file or `{}` is none.

    Raises:
        UserError: an unknown axis or value, or a factor that is no number above 0.
    """
    if not path.exists():
        return {}
    content = _json(path, "Run `python -m balance.emphasise`, or write {}")
    for axis, values in content.items():
        if axis not in cells.names or not isinstance(values, dict):
            raise UserError(
                f"{path}: {axis}", f"an axis ({', '.join(cells.names)})", repr(axis), "Write {} to start anew"
            )
        for value, factor in values.items():
            where = f"{path}: {axis}.{value}"
            if value not in cells[axis].values:
                raise UserError(where, f"one of {', '.join(cells[axis].values)}", repr(value), "Write {} to start anew")
            if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 0 < factor <= 100:
                raise UserError(where, "a factor above 0, at most 100", repr(factor), "Write {} to start anew")
    return content


def _json(path: Path, remedy: str) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(str(path), "a JSON file", "no such file", remedy) from error
    except (ValueError, UnicodeDecodeError) as error:
        raise UserError(str(path), "valid JSON", str(error), remedy) from error
    if not isinstance(content, dict):
        raise UserError(str(path), "a JSON object", type(content).__name__, remedy)
    return content
