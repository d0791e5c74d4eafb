"""Leave out the targets and constraints about an axis that the photos' layout has no labels for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from manifests.core.cells import Cells
from manifests.sections.plan import Plan

ANY = "*"


def lost(declared: Cells, present: Cells) -> tuple[str, ...]:
    """The axes of the `cells` section that the scanned photos do not have."""
    return tuple(name for name in declared.names if name not in present.names)


def only_present(plan: Plan, declared: Cells, present: Cells) -> Plan:
    """The section without what it says about axes that the photos do not have.

    A pattern loses its part for a missing axis; a pattern that names a value of a missing axis is
    left out, as no photo is known to have that value.
    """
    missing = lost(declared, present)
    if not missing:
        return plan
    copies = plan.max_copies
    return plan.model_copy(
        update={
            "shares": _without(plan.shares, missing),
            "weights": _without(plan.weights, missing),
            "independent": tuple(axis for axis in plan.independent if axis not in missing),
            "max_copies": copies if isinstance(copies, int) else _without(copies, missing),
            **{key: _patterns(getattr(plan, key), declared, missing) for key in ("joint", "floors", "ceilings")},
        }
    )


def _without(given: Mapping[str, Any], missing: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key not in missing}


def _patterns(given: Mapping[str, Any], declared: Cells, missing: tuple[str, ...]) -> dict[str, Any]:
    kept = {}
    for key, value in _without(given, missing).items():
        parts = [part.strip() for part in key.split("|")]
        if isinstance(value, dict) or len(parts) != len(declared.names):
            kept[key] = value
            continue
        named = dict(zip(declared.names, parts, strict=True))
        if all(named[axis] == ANY for axis in missing):
            kept["|".join(part for axis, part in named.items() if axis not in missing)] = value
    return kept
