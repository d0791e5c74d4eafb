"""Check the sections of later stages at the first one, so that a misspelt key is named before photos are read.

The scan's tables do not depend on these sections: DVC runs the stages that read them where they change.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from manifests.core import params
from manifests.core.cells import Cells
from manifests.core.errors import located
from manifests.sections.audit import Audit
from manifests.sections.plan import DEFAULT, INDEPENDENT, JOINT, REST, Plan
from manifests.sections.policies import Policies
from manifests.sections.render import Render
from manifests.sections.score import Score
from manifests.sections.train import Train

FORMS: tuple[type[BaseModel], ...] = (Render, Train, Score, Audit)


def check(path: Path, cells: Cells) -> None:
    """Check the form of every section that the file has, and the axes, values and policies that two of them name.

    Args:
        path: the parameter file.
        cells: as declared; an axis that the photos lack is no mistake.
    Raises:
        UserError: an unknown key, axis, value or policy, with the nearest known name.
    """
    there = params.read(path)
    if Plan.key in there:
        plan = params.section(path, Plan)
        with located(f"{path}: plan"):
            check_names(plan, cells)
    if Policies.key in there:
        policies = params.section(path, Policies)
        with located(f"{path}: policies"):
            policies.check(cells)
    for model in FORMS:
        if model.key in there:  # type: ignore[attr-defined]
            params.section(path, model)


def check_names(plan: Plan, cells: Cells) -> None:
    """Check the axes, values and patterns that the `plan` section names."""
    for axis, share in plan.shares.items():
        values = [value for value in share if value != REST] if isinstance(share, dict) else []
        _values(f".shares.{axis}", axis, values, cells)
    for axis in plan.independent:
        _values(f".{INDEPENDENT}.{axis}", axis, (), cells)
    for axis in plan.weights.keys() - {INDEPENDENT, JOINT}:
        _values(f".weights.{axis}", axis, (), cells)
    copies = plan.max_copies if isinstance(plan.max_copies, dict) else {}
    _counts("max_copies", {axis: numbers for axis, numbers in copies.items() if axis != DEFAULT}, cells)
    for key in (JOINT, "floors", "ceilings"):
        _counts(key, getattr(plan, key), cells)


def _counts(section: str, given: Mapping[str, int | Mapping[str, int]], cells: Cells) -> None:
    """Check `pattern: number` and `axis: {value: number}`."""
    for key, numbers in given.items():
        where = f".{section}.{key}"
        if not isinstance(numbers, int):
            _values(where, key, numbers, cells)
        elif section != "max_copies":
            with located(where):
                cells.match(key)


def _values(where: str, axis: str, values: Mapping[str, object] | list[str] | tuple[()], cells: Cells) -> None:
    with located(where):
        known = cells.named(axis)
    for value in values:
        with located(f"{where}.{value}"):
            known.position(value)
