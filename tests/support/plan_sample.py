"""A small plan.json, for tests that need one beside other files."""

from __future__ import annotations

from pathlib import Path

from manifests.tables import plan_report
from manifests.tables.plan_report import AxisValue, CellCounts, PlanReport


def write(path: Path, **marginals: dict[str, tuple[float | None, float]]) -> None:
    """Write a plan of 200 images; `marginals` is axis -> value -> (wanted share or None, reached share)."""
    report = PlanReport(
        status="optimal",
        objective=0,
        bound=0,
        gap=0,
        levels=[],
        total=200,
        total_asked=200,
        shares_reached=None,
        available=100,
        keep=100,
        augment=100,
        cells=CellCounts(all=1, with_photos=1),
        axes={axis: list(values) for axis, values in marginals.items()},
        marginals={
            axis: [_value(value, *shares) for value, shares in values.items()] for axis, values in marginals.items()
        },
        joint=[],
        constraints=[],
        binding=[],
        acquisition=[],
        copies=[],
        tradeoff=[],
        emphasis={},
        rejected={},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    plan_report.write(report, path)


def _value(value: str, wanted: float | None, reached: float) -> AxisValue:
    return AxisValue(
        value=value,
        before=50,
        wanted=None if wanted is None else round(200 * wanted),
        reached=round(200 * reached),
        before_share=0.5,
        wanted_share=wanted,
        reached_share=reached,
        reason="",
    )
