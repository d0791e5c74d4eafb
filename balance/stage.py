"""What the plan stage does between reading and writing: plan, explain, allocate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from balance import counts, tasks
from balance.report import tables
from balance.report.acquisition import shopping_list
from balance.report.explain import binding, outcomes
from balance.report.tradeoff import price_curve
from balance.solver.planner import Planned
from manifests.core.cells import Cells
from manifests.sections.policies import Policies

_OFTEN = 3  # rejected images of a policy from which it can be named


@dataclass(frozen=True)
class Allocated:
    """A plan's tasks, and policy -> images planned and rejected."""

    tasks: pa.Table
    rejected: dict[str, dict[str, int]]


def allocate(
    planned: Planned,
    source: pa.Table,
    photos: counts.Photos,
    policies: Policies,
    seed: int,
    rejects: Collection[str],
    where: str,
) -> Allocated:
    """Turn counts into tasks; `where` is `params.yaml: policies`, for messages."""
    turned_down = rejected_copies(rejects, photos.image_ids)
    made = tasks.plan_copies(photos, planned.cells, planned.augment, policies, seed, turned_down, where)
    size = planned.section.shard_size
    table = tasks.table(source, planned.cells, photos, planned.keep, made, policies, seed, size)
    return Allocated(table, rejected_policies(photos, planned.cells, made, policies, seed, turned_down, where))


def rejected_copies(rejects: Collection[str], image_ids: Sequence[str]) -> dict[int, frozenset[int]]:
    """Position among `image_ids` -> the copy numbers turned down; photos that are gone are passed over."""
    numbers: dict[str, set[int]] = {}
    for task in rejects:
        image_id, _, number = task.rpartition("_")
        numbers.setdefault(image_id, set()).add(int(number))
    return {i: frozenset(numbers[image]) for i, image in enumerate(image_ids) if image in numbers} if numbers else {}


def rejected_policies(
    photos: counts.Photos,
    cells: Cells,
    made: tasks.Copies,
    policies: Policies,
    seed: int,
    rejected: dict[int, frozenset[int]],
    where: str,
) -> dict[str, dict[str, int]]:
    """Policy -> images planned, rejected, and whether often: three or more, at twice the rate of all copies."""
    photo = np.array([p for p, numbers in rejected.items() for _ in numbers], np.int64)
    number = np.array([n for numbers in rejected.values() for n in sorted(numbers)], np.int64)
    if not len(photo):
        return {}
    names = list(policies.root)
    down = np.bincount(tasks.choose_policies(photos, cells, photo, number, policies, seed, where), minlength=len(names))
    planned = np.bincount(made.policy, minlength=len(names))
    rate = down.sum() / (down.sum() + planned.sum())
    return {
        name: {
            "planned": int(p),
            "rejected": int(d),
            "often": int(d >= _OFTEN and d >= 2 * rate * (d + p)),
        }
        for name, p, d in zip(names, planned, down, strict=True)
        if d
    }


def explain(planned: Planned, rejected: dict[str, dict[str, int]], where: str) -> dict[str, Any]:
    """All of plan.json."""
    return tables.summary(
        planned, outcomes(planned), binding(planned), shopping_list(planned), price_curve(planned, where), rejected
    )
