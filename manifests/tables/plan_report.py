"""What the trainer's room reads of `manifests/built/plan.json`: each marginal's wanted and reached share."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from manifests.tables.comparison import Marginal
from manifests.tables.scorecard import read_json


class _Shares(BaseModel):
    """One value of an axis; `wanted_share` is null where the plan leaves it free."""

    model_config = ConfigDict(frozen=True)
    value: str
    wanted_share: float | None
    reached_share: float


class _Plan(BaseModel):
    """The file's other keys are the planner's own."""

    model_config = ConfigDict(frozen=True)
    marginals: dict[str, list[_Shares]]


def marginals(path: Path) -> list[Marginal]:
    """Read the wanted and reached share of every axis value, in the plan's order.

    Raises:
        UserError: no such file, or one without shares.
    """
    plan = read_json(path, _Plan, "a plan", "Run `python -m balance.plan`")
    return [
        Marginal(axis=axis, value=share.value, wanted=share.wanted_share, reached=share.reached_share)
        for axis, shares in plan.marginals.items()
        for share in shares
    ]
