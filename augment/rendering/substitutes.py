"""Fill the places of images that could not be rendered with other copies from the same cell.

Only images of the balanced set have a place to fill. The photo with the fewest copies of the cell
takes it, ties broken by rendezvous hashing of the failed task (Thaler and Ravishankar 1998), with
its next copy number; so the result depends on which photos fail, never on when.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from augment.kernels.policies import Draws
from manifests.core.cells import Cells
from manifests.core.seeds import derive, rendezvous
from manifests.sections.policies import Policies, needs_donor
from manifests.tables.tasks import task_id


class Substitute(NamedTuple):
    """A copy that takes a failed image's place."""

    image_id: str
    path: str
    copy: int
    policy: str
    severity: float
    seed: int
    age: float | None
    age_std: float | None

    @property
    def task_id(self) -> str:
        """Its key."""
        return task_id(self.image_id, self.copy)


class Reserve:
    """Who may step in; remembers whom it has asked.

    Args:
        table: the joined tasks of `rows.join`.
        cells: the axes.
        policies: the section.
        seed: of params.yaml.
    """

    def __init__(self, table: pa.Table, cells: Cells, policies: Policies, seed: int) -> None:
        train = table.select(["image_id", "path", "cell", "copy", "split", "age", "age_std"]).filter(
            pc.equal(table["split"].cast(pa.string()), "train")
        )
        self._cells, self._policies, self._seed = cells, policies, seed
        self._members: dict[int, set[str]] = defaultdict(set)
        self._photos: dict[str, tuple[str, float | None, float | None]] = {}
        self._last: Counter[str] = Counter()
        columns = (column.to_pylist() for column in train.drop_columns(["split"]).itercolumns())
        for image_id, path, cell, copy, age, age_std in zip(*columns, strict=True):
            self._members[cell].add(image_id)
            self._photos[image_id] = (path, age, age_std)
            self._last[image_id] = max(self._last[image_id], copy)

    def fail(self, image_id: str, cell: int) -> None:
        """A photo that can't be rendered takes no place."""
        self._members[cell].discard(image_id)

    def substitute(self, task_id: str, cell: int, policy: str) -> Substitute | None:
        """Who takes a failed task's place, and how; None where the cell has nobody left."""
        members = self._members[cell]
        if not members:
            return None
        chosen = min(members, key=lambda one: (self._last[one], -rendezvous(f"{task_id}/{one}"), one))
        self._last[chosen] += 1
        copy = self._last[chosen]
        seed = derive(self._seed, chosen, copy, 0)
        labels = dict(zip(self._cells.names, self._cells.labels(cell), strict=True))
        weight = {name: use.at(labels)[0] for name, use in self._policies.root.items() if not needs_donor(name)}
        if policy not in weight:
            policy = _choose(weight, seed)
        severity = self._policies.root[policy].at(labels)[1] if policy in self._policies.root else 0.5
        path, age, age_std = self._photos[chosen]
        return Substitute(chosen, path, copy, policy, severity, seed, age, age_std)


def _choose(weight: dict[str, float], seed: int) -> str:
    """A policy that needs no donor, by weight; the catalogue's `mixed` where the section has none."""
    total = sum(weight.values())
    at = Draws(seed ^ 1).uniform(0, 1) * total
    for name, share in weight.items():
        at -= share
        if at < 0:
            return name
    return "mixed"
