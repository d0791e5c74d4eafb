"""Fill the places of images that could not be rendered with other copies from the same cell.

Only images of the balanced set have a place to fill. The photo with the fewest copies of the cell
takes it, ties broken by rendezvous hashing of the failed task (Thaler and Ravishankar 1998), with
its next copy number; so the result depends on which photos fail, never on when. The place of an original that
is no JPEG stays empty, as its shard holds files of its kind alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from augment.kernels.draws import Draws
from augment.rendering import worker
from augment.rendering.messages import Failed, Group, Made, Setup, Task
from augment.rendering.report import Report
from augment.rendering.task_rows import Rows
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.core.seeds import derive, rendezvous
from manifests.sections.policies import ON_FACES, Policies, needs_donor
from manifests.tables.tasks import JPEG, ORIGINAL, suffix, task_id


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
        table: the joined tasks of `task_rows.join`.
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
            if copy == 0 or image_id not in self._photos:  # a copy's age may be mixed
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
        weight = {
            name: use.at(labels)[0]
            for name, use in self._policies.root.items()
            if name not in ON_FACES and not needs_donor(name)
        }
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


@dataclass
class Filler:
    """Fill the places of a run's failed images.

    Attributes:
        rows: all tasks.
        policies: the section.
        setup: what the workers share.
        report: counts what failed and who took its place.
    """

    rows: Rows
    policies: Policies
    setup: Setup
    report: Report

    @cached_property
    def reserve(self) -> Reserve:
        """Who may step in; made only where an image fails."""
        return Reserve(self.rows.table, self.rows.cells, self.policies, self.setup.seed)

    def fill(
        self, table: pa.Table, start: int, found: dict[int, Made | Failed], failed: list[Failed]
    ) -> tuple[pa.Table, dict[int, Made | Failed]]:
        """Replace the rows that failed by copies of the same cell.

        Args:
            table: a wave's rows.
            start: the first of them among all rows.
            found: row -> what became of it.
            failed: those that failed.
        Returns:
            the rows that there is an image for, and row -> image.
        """
        names = ["task_id", "image_id", "path", "cell", "policy", "kept", "split"]
        rows = dict(zip((one.row for one in failed), _dicts(table.select(names), failed, start), strict=True))
        for one in failed:
            self._count(one)
            if one.path == rows[one.row]["path"]:
                self.reserve.fail(rows[one.row]["image_id"], rows[one.row]["cell"])
        parts, positions = [], []
        for one in failed:
            row = rows[one.row]
            del found[one.row]
            if not row["kept"] or row["split"] != "train":
                continue
            alien = row["policy"] == ORIGINAL and suffix(row["path"]) != JPEG
            substitute, made = (None, None) if alien else self._step_in(one.row, row)
            self.report.fill(row["task_id"], substitute.task_id if substitute else None)
            if substitute is not None and made is not None:
                found[one.row] = made
                parts.append(_replaced(table.slice(one.row - start, 1), substitute))
                positions.append(one.row - start)
        gone = np.array([one.row - start for one in failed])
        stay = np.setdiff1d(np.arange(table.num_rows), gone)
        together = pa.concat_tables([table.take(pa.array(stay)), *parts])
        order = np.argsort(np.concatenate([stay, np.array(positions, np.int64)]), kind="stable")
        return together.take(pa.array(order)), found

    def _step_in(self, row: int, failed: dict[str, Any]) -> tuple[Substitute, Made] | tuple[None, None]:
        """Ask one photo of the cell after the other until one can be rendered."""
        while substitute := self.reserve.substitute(failed["task_id"], failed["cell"], failed["policy"]):
            table = self.rows.table
            same = pc.and_(pc.equal(table["image_id"], substitute.image_id), pc.greater(table["copy"], 0))
            siblings = [task._replace(row=-1) for task in self.rows.tasks(np.flatnonzero(same.to_numpy()))]
            task = Task(row, substitute.copy, substitute.policy, substitute.severity, substitute.seed, None)
            group = Group(substitute.image_id, substitute.path, [*siblings, task])
            result = worker.render(self.setup, [group])[-1]
            if isinstance(result, Made):
                return substitute, result
            self._count(result)
            self.reserve.fail(substitute.image_id, failed["cell"])
        return None, None

    def _count(self, failed: Failed) -> None:
        """Report a failure; too many are an error."""
        self.report.failed(failed)
        most = self.setup.render.max_failures
        if len(self.report.failures) > most:
            path, reason = sorted(self.report.failures.items())[0]
            raise UserError(
                f"{self.setup.root / path}",
                f"a photo that can be rendered (render.max_failures: {most})",
                f"{reason}; {len(self.report.failures)} failed so far",
                "Run `python -m manifests.scan` again, or raise render.max_failures",
            )


def _dicts(table: pa.Table, failed: list[Failed], start: int) -> list[dict[str, Any]]:
    return table.take(pa.array([one.row - start for one in failed])).to_pylist()


def _replaced(row: pa.Table, substitute: Substitute) -> pa.Table:
    """The row of a failed task, in the same place, for the copy that stands in."""
    values = {**substitute._asdict(), "task_id": substitute.task_id, "donor": None, "donor_path": None}
    for name, value in values.items():
        at = row.column_names.index(name)
        row = row.set_column(at, row.schema.field(name), pa.array([value], row.schema.field(name).type))
    return row
