"""The tasks as workers need them: joined with the source photos, in order, cut into waves and calls.

A wave is a run of whole shards: it is rendered, then written, so that memory stays flat and
what was rendered is still in the page cache when its shard is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from augment.kernels.ops import FACED
from augment.kernels.policies import CATALOGUE
from augment.rendering.messages import Group, Task
from manifests.core.cells import Cells
from manifests.core.errors import UserError, nearest
from manifests.sections.policies import ON_FACES, Policies, needs_donor
from manifests.tables.tasks import JPEG, ORIGINAL, shuffled, suffix

WAVE = 1 << 15  # tasks in a wave, and rows in a row group of the index; one shard at least
CALL = 32  # photos a call of a worker
T = TypeVar("T")


@dataclass(frozen=True)
class Rows:
    """All tasks, joined and ordered.

    Attributes:
        table: the tasks in order of shard, with `path` and `donor_path` of the
            source table and `severity`.
        cells: the axes.
        photo: int32 (tasks,), equal for tasks of one photo.
    """

    table: pa.Table
    cells: Cells
    photo: np.ndarray

    def suffixes(self) -> set[str]:
        """The extensions of the images."""
        originals = self.table.filter(pc.equal(self.table["copy"], 0))
        copied = originals.num_rows < self.table.num_rows
        return set(map(suffix, originals["path"].to_pylist())) | ({JPEG} if copied else set())

    def shard_ends(self) -> np.ndarray:
        """int64 (shards,): the end row of each."""
        shard = self.table["shard"].combine_chunks().indices.to_numpy()
        return np.flatnonzero(np.diff(shard, append=-1)) + 1

    def waves(self, span: tuple[int, int] | None = None) -> Iterator[tuple[int, int]]:
        """The first and the end row of each run of whole shards, of all or of a span of them."""
        ends = self.shard_ends()
        start, last = span or (0, self.table.num_rows)
        ends = ends[(ends > start) & (ends <= last)].tolist()
        for end, following in zip(ends, [*ends[1:], None][: len(ends)], strict=True):
            if following is None or following - start > WAVE:
                yield start, end
                start = end

    @cached_property
    def _by_photo(self) -> tuple[np.ndarray, np.ndarray]:
        """int64 (tasks,), all rows by photo and copy; int64 (photos + 1,), where each photo's begin."""
        order = np.lexsort((self.table["copy"].to_numpy(), self.photo))
        return order, np.searchsorted(self.photo[order], np.arange(int(self.photo.max(initial=-1)) + 2))

    def groups(self, start: int, end: int) -> list[Group]:
        """The photos of a wave, each with its tasks of the wave and the copies that come before those.

        Earlier siblings, whichever wave writes them, are what the gates compare with.
        """
        order, ends = self._by_photo
        photos, place = np.unique(self.photo[start:end], return_inverse=True)
        highest = np.zeros(len(photos), np.int64)
        np.maximum.at(highest, place, self.table["copy"].slice(start, end - start).to_numpy())
        begin, count = ends[photos], ends[photos + 1] - ends[photos]
        within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        rows = order[np.repeat(begin, count) + within]
        copies = self.table["copy"].take(pa.array(rows)).to_numpy()
        inside = (rows >= start) & (rows < end)
        rows = rows[inside | ((copies > 0) & (copies <= np.repeat(highest, count)))]
        ends = np.flatnonzero(np.diff(self.photo[rows], append=-1)) + 1
        found, first = [], 0
        tasks, places = list(self.tasks(rows)), self.table.select(["image_id", "path"]).take(pa.array(rows))
        image_ids, paths = places["image_id"].to_pylist(), places["path"].to_pylist()
        for last in ends.tolist():
            found.append(Group(image_ids[first], paths[first], tasks[first:last]))
            first = last
        return found

    def tasks(self, rows: np.ndarray) -> Iterator[Task]:
        """The tasks at int64 (n,) rows."""
        part = self.table.select(["copy", "policy", "severity", "seed", "donor", "donor_path"]).take(pa.array(rows))
        columns = (column.to_pylist() for column in part.itercolumns())
        for row, copy, policy, severity, seed, donor, path in zip(rows.tolist(), *columns, strict=True):
            yield Task(
                row, copy, None if policy == ORIGINAL else policy, severity, seed, (donor, path) if donor else None
            )


def join(tasks: pa.Table, source: pa.Table, cells: Cells, policies: Policies) -> Rows:
    """Put tasks, photos and severities together.

    Raises:
        UserError: there is no task, or one names a photo that is not in the source table, or an unknown policy.
    """
    if not tasks.num_rows:
        raise UserError("tasks.parquet", "at least one task", "none", "Run `python -m balance.plan` again")
    planned = pc.unique(tasks["policy"].cast(pa.string())).to_pylist()
    check_policies(policies, set(planned) - {ORIGINAL})
    tasks = tasks.take(pa.array(np.argsort(shuffled(tasks["task_id"].to_pylist()))))
    arranged = arrange(tasks, source, cells)
    severity = pa.array(_severities(arranged.table, cells, policies), pa.float64())
    return replace(arranged, table=arranged.table.append_column("severity", severity))


def faced(rows: Rows) -> bool:
    """Whether any task depends on where the photo has its face."""
    planned = pc.unique(rows.table["policy"].cast(pa.string())).to_pylist()
    return not FACED.isdisjoint(planned)


def arrange(tasks: pa.Table, source: pa.Table, cells: Cells) -> Rows:
    """Order the tasks by shard and put them together with their photos; `severity` is theirs, or still to come.

    Raises:
        UserError: a task names a photo that is not in the source table.
    """
    tasks = tasks.set_column(
        tasks.column_names.index("shard"), "shard", tasks["shard"].cast(pa.string()).dictionary_encode()
    )
    order = np.argsort(np.asarray(tasks["shard"].cast(pa.string()).to_pylist()), kind="stable")
    tasks = tasks.take(pa.array(order)).combine_chunks().unify_dictionaries()
    path = _paths(tasks["image_id"], source, required=True)
    donor_path = _paths(tasks["donor"], source, required=False)
    table = tasks.append_column("path", path).append_column("donor_path", donor_path)
    return Rows(table, cells, tasks["image_id"].combine_chunks().dictionary_encode().indices.to_numpy())


def theirs(policies: Policies) -> dict[str, tuple[str, str | None]]:
    """The policies of the user's own: name -> the pipeline of albumentations, and the policy of ours before it."""
    return {name: (use.pipeline, use.after) for name, use in policies.root.items() if use.pipeline is not None}


def check_policies(policies: Policies, planned: Iterable[str] = ()) -> None:
    """Check that each policy is one of ours or a pipeline that can be built, and that those planned are there.

    Raises:
        UserError: another one.
    """
    known = f"one of the policies {', '.join(CATALOGUE)}"
    for name in [*policies.root, *sorted(planned)]:
        use = policies.root.get(name)
        if use is not None and use.pipeline is not None:
            _check_theirs(name, use.pipeline, use.after)
        elif name not in CATALOGUE:
            remedy = "Correct or remove the key, or give it a pipeline (albumentations: ...)"
            raise UserError(f".policies.{name}", known, repr(name) + nearest(name, CATALOGUE), remedy)
        elif use is None:
            raise UserError(".policies", f"the policy {name} that the plan uses", "none", "Plan again")


def _check_theirs(name: str, pipeline: str, after: str | None) -> None:
    from augment.kernels import theirs as kernel  # imports the library

    where = f".policies.{name}"
    if name in CATALOGUE:
        raise UserError(where, "a name that no policy of ours has", repr(name), "Rename it")
    if after is not None and (after not in CATALOGUE or after in ON_FACES or needs_donor(after)):
        rule = "one of our policies that needs neither a donor nor a face"
        raise UserError(f"{where}.after", rule, repr(after), "Correct or remove the key")
    try:
        kernel.check(pipeline)
    except ValueError as error:
        rule, _, received = str(error).partition("; ")
        raise UserError(f"{where}.albumentations", rule, received, "See docs/policies.md") from error


def _paths(image_ids: pa.ChunkedArray, source: pa.Table, required: bool) -> pa.Array:
    at = pc.index_in(image_ids, value_set=source["image_id"].combine_chunks())
    missing = pc.and_(pc.is_null(at), pc.is_valid(image_ids))
    if pc.any(missing).as_py() or (required and at.null_count):
        name = image_ids.filter(missing)[0].as_py()
        raise UserError(
            "tasks.parquet: image_id", "photos of source.parquet", name, "Run `python -m balance.plan` again"
        )
    return source["path"].combine_chunks().take(at).combine_chunks()


def _severities(tasks: pa.Table, cells: Cells, policies: Policies) -> np.ndarray:
    """float64 (tasks,): of each task's policy in its cell; null (nan) never, 0 for an original."""
    policy = tasks["policy"].combine_chunks()
    names, cell = policy.dictionary.to_pylist(), tasks["cell"].to_numpy()
    labels = [dict(zip(cells.names, cells.labels(number), strict=True)) for number in range(len(cells))]
    table = np.array(
        [[policies.root[name].at(one)[1] if name in policies.root else 0.0 for one in labels] for name in names]
    )
    return table[policy.indices.to_numpy(), cell]


def cut(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Consecutive parts of at most `size` items."""
    return (items[at : at + size] for at in range(0, len(items), size))
