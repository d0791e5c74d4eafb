"""A plan as its report, plan.json: what was reached, why not more, and what would bring it closer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from balance.pairs import Counted
from balance.report.acquisition import acquisition
from balance.report.explain import Outcome, binding, outcomes
from balance.report.spread import Spread
from balance.report.tradeoff import tradeoff
from balance.solver.planner import Planned
from balance.solver.solve import Level
from manifests.sections.plan import INDEPENDENT, JOINT, PHOTO
from manifests.tables.plan_report import (
    AxisValue,
    CellCounts,
    CellVariety,
    ConstraintReached,
    CopiesCount,
    JointTarget,
    PlanLevel,
    PlanReport,
    PolicyRejects,
)


def summary(
    planned: Planned,
    spread: Spread,
    rejected: Mapping[str, PolicyRejects],
    variety: Sequence[CellVariety] = (),
    mixed: Counted | None = None,
) -> PlanReport:
    """Report a plan.

    Args:
        planned: the plan.
        spread: how its copies fall on the photos.
        rejected: policy -> its rejected copies.
        variety: of each cell that gets copies.
        mixed: with `max_copies_of: pair`, the most copies of one person and of one pair.
    """
    problem, cells, levels = planned.problem, planned.cells, planned.solution.levels
    made = [_level(level, problem.scale if i == 0 else 1) for i, level in enumerate(levels)]
    found = outcomes(planned)
    return PlanReport(
        status="optimal" if all(level.proven for level in levels) else "not proven",
        objective=made[0].objective,
        bound=made[0].bound,
        gap=made[0].gap,
        levels=made,
        total=problem.total,
        total_asked=planned.section.total,
        shares_reached=planned.shares_reached,
        available=int(problem.available.sum()),
        keep=int(planned.keep.sum()),
        augment=int(planned.augment.sum()),
        cells=CellCounts(all=len(cells), with_photos=int((problem.available > 0).sum())),
        axes={axis.name: list(axis.values) for axis in cells.axes},
        marginals=_marginals(planned, found),
        joint=[
            JointTarget(pattern=key.partition(".")[2], **vars(outcome))
            for key, outcome in found.items()
            if key.startswith((f"{JOINT}.", f"{INDEPENDENT}."))
        ],
        constraints=[
            ConstraintReached(
                constraint=f"plan.{each.key}",
                least=each.least,
                most=each.most,
                reached=int(planned.target[each.members].sum()),
            )
            for each in problem.constraints
        ],
        binding=binding(planned),
        acquisition=acquisition(planned),
        copies=[CopiesCount(copies=n, photos=count) for n, count in enumerate(spread.photos.tolist()) if count],
        tradeoff=tradeoff(planned),
        emphasis={axis: dict(values) for axis, values in planned.factors.items()},
        rejected=dict(rejected),
        variety=list(variety),
        copies_of_person=mixed.person if mixed else _of_person(planned),
        copies_alone=mixed.alone if mixed else None,
        copies_of_pair=mixed.pair if mixed else None,
    )


def _level(level: Level, scale: int) -> PlanLevel:
    return PlanLevel(
        name=level.name,
        objective=level.value / scale,
        bound=level.bound / scale,
        gap=level.gap / scale,
        proven=level.proven,
    )


def _marginals(planned: Planned, found: Mapping[str, Outcome]) -> dict[str, list[AxisValue]]:
    """Every axis and value, with a target or without: before, wanted and reached, as counts and shares."""
    available, total = planned.problem.available, planned.problem.total
    made: dict[str, list[AxisValue]] = {}
    for axis, positions in zip(planned.cells.axes, planned.cells.grid().T, strict=True):
        made[axis.name] = []
        for position, value in enumerate(axis.values):
            members = positions == position
            before, reached = int(available[members].sum()), int(planned.target[members].sum())
            outcome = found.get(f"shares.{axis.name}.{value}")
            made[axis.name].append(
                AxisValue(
                    value=value,
                    before=before,
                    wanted=outcome.wanted if outcome else None,
                    reached=reached,
                    before_share=round(before / int(available.sum()), 6),
                    wanted_share=round(outcome.wanted / total, 6) if outcome else None,
                    reached_share=round(reached / total, 6),
                    reason=outcome.reason if outcome else "",
                )
            )
    return made


def _of_person(planned: Planned) -> int | None:
    """The most copies of one person in a cell; None where the cap is on those of one photo."""
    if planned.section.max_copies_of == PHOTO:
        return None
    return int((-(-planned.augment // np.maximum(1, planned.problem.persons))).max())
