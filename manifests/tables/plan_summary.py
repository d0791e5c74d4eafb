"""What the trainer's room reads of `manifests/built/plan.json`: each marginal's wanted and reached share."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from manifests.tables.comparison import Marginal
from manifests.tables.scorecard import read_json


class _Shares(BaseModel):
    """One value of an axis; `wanted` is null where the plan leaves it free."""

    model_config = ConfigDict(frozen=True)
    wanted: float | None = None
    reached: float


class _Plan(BaseModel):
    """The file's other keys are the planner's own."""

    model_config = ConfigDict(frozen=True)
    marginals: dict[str, dict[str, _Shares]]


def marginals(path: Path) -> list[Marginal]:
    """Read the wanted and reached share of every axis value, in the plan's order.

    Raises:
        UserError: no such file, or one without shares.
    """
    plan = read_json(path, _Plan, "a plan", "Run `python -m balance.plan`")
    return [
        Marginal(axis=axis, value=value, wanted=share.wanted, reached=share.reached)
        for axis, values in plan.marginals.items()
        for value, share in values.items()
    ]
