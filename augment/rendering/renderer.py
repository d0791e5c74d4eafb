"""Render all tasks: wave by wave, first the copies into the store, then the shards, then their index rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from augment.cache import packs
from augment.kernels.gates import PRINT
from augment.rendering import pool, substitutes, tar, worker
from augment.rendering.report import Report
from augment.rendering.task_rows import CALL, Rows, cut
from augment.rendering.worker import Failed, Group, Made, Setup, Task
from manifests.core import files
from manifests.core.errors import UserError
from manifests.sections.policies import Policies
from manifests.tables import base, index
from manifests.tables.tasks import ORIGINAL

_SYNCS = 4  # files that are written to the disk at once


@dataclass
class Stage:
    """One run.

    Attributes:
        rows: all tasks.
        policies: the section.
        setup: what the workers share.
        out: the shards' folder.
        jobs: how many workers.
    """

    rows: Rows
    policies: Policies
    setup: Setup
    out: Path
    jobs: int

    def __post_init__(self) -> None:
        self.report = Report()
        self._reserve: substitutes.Reserve | None = None

    def run(self, bar: tqdm) -> Iterator[pa.Table]:
        """Yield the index rows of each wave, once its shards are published."""
        packs.catalogue(self.setup.store, self.setup.scratch)
        self._scored()
        for start, end in self.rows.waves():
            made = self._render(self.rows.groups(start, end), start, bar)
            table, kept = self._settle(start, end, made)
            yield self._write(table, kept)

    def _scored(self) -> None:
        """Take the prints of the valid and test photos, which no copy may come closer to than its parent."""
        table = self.rows.table
        wanted = pc.and_(
            pc.invert(pc.equal(table["split"].cast(pa.string()), "train")),
            pc.is_in(table["copy"], pa.array([0], pa.int32())),
        )
        if self.setup.render.gate is None:
            return
        photos = table.select(["image_id", "path"]).filter(wanted)
        pairs = list(zip(photos["image_id"].to_pylist(), photos["path"].to_pylist(), strict=True))
        calls = ((self.setup, part) for part in cut(pairs, 8 * CALL))
        found = [one for part in pool.each(self.jobs, worker.prints, calls) for one in part]
        levels = np.frombuffer(b"".join(sorted(found)), np.uint8).reshape(-1, PRINT)
        np.save(self.setup.scratch / "scored.npy", levels)

    def _render(self, groups: list[Group], start: int, bar: tqdm) -> dict[int, Made | Failed]:
        """Render a wave's groups; the results of rows before `start` were written by an earlier wave."""
        found: dict[int, Made | Failed] = {}
        with _meanwhile() as do:
            for part in pool.each(self.jobs, worker.render, ((self.setup, part) for part in cut(groups, CALL))):
                for pack in {result.pack for result in part if isinstance(result, Made) and result.rendered}:
                    do(files.sync, self.setup.store / pack)
                found |= {result.row: result for result in part if result.row >= start}
                bar.update(sum(result.row >= start for result in part))
        return found

    def _settle(self, start: int, end: int, found: dict[int, Made | Failed]) -> tuple[pa.Table, list[Made]]:
        """Fill the places of what failed, and leave out what nobody could fill."""
        table = self.rows.table.slice(start, end - start)
        table = table.set_column(table.column_names.index("policy"), "policy", table["policy"].cast(pa.string()))
        failed = [one for _, one in sorted(found.items()) if isinstance(one, Failed)]
        if failed:
            table, found = self._fill(table, start, found, failed)
        made = [one for _, one in sorted(found.items()) if isinstance(one, Made)]
        for policy, one in zip(table["policy"].to_pylist(), made, strict=True):
            self.report.made(None if policy == ORIGINAL else policy, one)
        return table, made

    def _fill(
        self, table: pa.Table, start: int, found: dict[int, Made | Failed], failed: list[Failed]
    ) -> tuple[pa.Table, dict[int, Made | Failed]]:
        """Replace the rows that failed; see `augment.rendering.substitutes`."""
        reserve = self._reserve = self._reserve or substitutes.Reserve(
            self.rows.table, self.rows.cells, self.policies, self.setup.seed
        )
        names = ["task_id", "image_id", "path", "cell", "policy", "kept", "split"]
        rows = dict(zip((one.row for one in failed), _dicts(table.select(names), failed, start), strict=True))
        for one in failed:
            self._count(one)
            if one.path == rows[one.row]["path"]:
                reserve.fail(rows[one.row]["image_id"], rows[one.row]["cell"])
        parts, positions = [], []
        for one in failed:
            row = rows[one.row]
            del found[one.row]
            if not row["kept"] or row["split"] != "train":
                continue
            substitute, made = self._step_in(reserve, one.row, row)
            self.report.fill(row["task_id"], substitute)
            if substitute is not None and made is not None:
                found[one.row] = made
                parts.append(_replaced(table.slice(one.row - start, 1), substitute))
                positions.append(one.row - start)
        gone = np.array([one.row - start for one in failed])
        stay = np.setdiff1d(np.arange(table.num_rows), gone)
        together = pa.concat_tables([table.take(pa.array(stay)), *parts])
        order = np.argsort(np.concatenate([stay, np.array(positions, np.int64)]), kind="stable")
        return together.take(pa.array(order)), found

    def _step_in(
        self, reserve: substitutes.Reserve, row: int, failed: dict[str, Any]
    ) -> tuple[substitutes.Substitute, Made] | tuple[None, None]:
        """Ask one photo of the cell after the other until one can be rendered."""
        while substitute := reserve.substitute(failed["task_id"], failed["cell"], failed["policy"]):
            table = self.rows.table
            same = pc.and_(pc.equal(table["image_id"], substitute.image_id), pc.greater(table["copy"], 0))
            siblings = [task._replace(row=-1) for task in self.rows.tasks(np.flatnonzero(same.to_numpy()))]
            task = Task(row, substitute.copy, substitute.policy, substitute.severity, substitute.seed, None)
            group = Group(substitute.image_id, substitute.path, [*siblings, task])
            result = worker.render(self.setup, [group])[-1]
            if isinstance(result, Made):
                return substitute, result
            self._count(result)
            reserve.fail(substitute.image_id, failed["cell"])
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

    def _write(self, table: pa.Table, made: list[Made]) -> pa.Table:
        """Write a wave's shards; returns its index rows."""
        columns = list(zip(*made, strict=True)) or [()] * len(Made._fields)
        by_name = dict(zip(Made._fields, columns, strict=True))
        table = table.set_column(table.column_names.index("seed"), "seed", pa.array(by_name["seed"], pa.uint64()))
        for name, kind in (
            ("attempt", pa.int32()),
            ("replay", pa.string()),
            ("size", pa.int64()),
            ("sha256", pa.binary(32)),
            ("pack", pa.string()),
            ("offset", pa.int64()),
        ):
            table = table.append_column(name, pa.array(by_name[name], kind))
        shard = table["shard"].cast(pa.string()).combine_chunks().dictionary_encode()
        ends = np.flatnonzero(np.diff(shard.indices.to_numpy(), append=-1)) + 1
        starts = [0, *ends[:-1].tolist()]
        names = [shard.dictionary[shard.indices[start].as_py()].as_py() for start in starts] if len(ends) else []
        calls = (
            (self.out / name, table.take(pa.array(np.arange(start, end))), self.setup.root, self.setup.store)
            for name, start, end in zip(names, starts, ends.tolist(), strict=False)
        )
        offsets = {}
        with _meanwhile() as do:
            for name, places in pool.each(self.jobs, tar.write, calls):
                offsets[name] = places
                do(_publish, self.out / name)
        flat = np.concatenate([np.zeros(0, np.int64), *(offsets[name] for name in names)])
        table = table.set_column(table.column_names.index("offset"), "offset", pa.array(flat, pa.int64()))
        hexes = [digest.hex() for digest in by_name["sha256"]]
        table = table.set_column(table.column_names.index("sha256"), "sha256", pa.array(hexes, pa.string()))
        for name in ("split", "shard"):  # their dictionaries must not depend on the order of the tasks
            table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.string()))
        for name, axis in zip(self.rows.cells.columns, base.axis_columns(self.rows.cells, table["cell"]), strict=False):
            table = table.set_column(table.column_names.index(name), name, axis)
        expected = index.schema(self.rows.cells)
        return table.select(expected.names).cast(expected)


@contextmanager
def _meanwhile() -> Iterator[Callable[..., None]]:
    """Give a function that does something in the background; all is done, or has failed, at the end.

    Waiting for the disk would keep the workers from rendering.
    """
    with ThreadPoolExecutor(_SYNCS) as threads:
        waiting: list[Future[None]] = []
        yield lambda call, *arguments: waiting.append(threads.submit(call, *arguments))
        for one in waiting:
            one.result()


def _publish(shard: Path) -> None:
    """Sync a written shard and put it in its place."""
    files.sync(tar.part(shard))
    tar.part(shard).rename(shard)


def _dicts(table: pa.Table, failed: list[Failed], start: int) -> list[dict[str, Any]]:
    return table.take(pa.array([one.row - start for one in failed])).to_pylist()


def _replaced(row: pa.Table, substitute: substitutes.Substitute) -> pa.Table:
    """The row of a failed task, in the same place, for the copy that stands in."""
    values = {**substitute._asdict(), "task_id": substitute.task_id, "donor": None, "donor_path": None}
    for name, value in values.items():
        at = row.column_names.index(name)
        row = row.set_column(at, row.schema.field(name), pa.array([value], row.schema.field(name).type))
    return row


def clear(out: Path, wanted: set[str]) -> None:
    """Make the folder; remove the index and what no task names, so that an index is never beside others' shards."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "index.parquet").unlink(missing_ok=True)
    for path in out.glob("*.tar"):
        if path.name not in wanted:
            path.unlink()
    tidy(out)


def tidy(out: Path) -> None:
    """Remove what was begun and not published."""
    for path in out.glob(".*.part"):
        path.unlink(missing_ok=True)
