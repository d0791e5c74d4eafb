"""Wishes about an axis that the photos' layout has no labels for: left out, and said so."""

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
    """The wishes over the axes that are there.

    A pattern loses its part for an axis that is not there; one that asks for a value of it is
    left out, as no photo is known to have that value.
    """
    gone = lost(declared, present)
    if not gone:
        return plan
    copies = plan.max_copies
    return plan.model_copy(
        update={
            "shares": _without(plan.shares, gone),
            "weights": _without(plan.weights, gone),
            "max_copies": copies if isinstance(copies, int) else _without(copies, gone),
            **{key: _patterns(getattr(plan, key), declared, gone) for key in ("joint", "floors", "ceilings")},
        }
    )


def _without(wishes: Mapping[str, Any], gone: tuple[str, ...]) -> dict[str, Any]:
    return {key: wish for key, wish in wishes.items() if key not in gone}


def _patterns(wishes: Mapping[str, Any], declared: Cells, gone: tuple[str, ...]) -> dict[str, Any]:
    kept = {}
    for key, wish in _without(wishes, gone).items():
        parts = [part.strip() for part in key.split("|")]
        if isinstance(wish, dict) or len(parts) != len(declared.names):
            kept[key] = wish
            continue
        named = dict(zip(declared.names, parts, strict=True))
        if all(named[axis] == ANY for axis in gone):
            kept["|".join(part for axis, part in named.items() if axis not in gone)] = wish
    return kept
