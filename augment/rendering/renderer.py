"""Render all tasks: wave by wave, first the copies into the store, then the shards, then their index rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tqdm import tqdm

from augment.cache import keys, packs
from augment.kernels.gates import PRINT
from augment.papers import card
from augment.rendering import faces, output, parts, task_rows, worker
from augment.rendering.messages import Failed, Group, Made, Setup
from augment.rendering.parts import Part
from augment.rendering.report import Report
from augment.rendering.substitutes import Filler
from augment.rendering.task_rows import CALL, Rows, cut
from augment.store import locked
from manifests.core import command, files, places, pool
from manifests.core.errors import UserError
from manifests.sections.policies import Policies
from manifests.sections.render import Render
from manifests.sections.source import Source
from manifests.tables import index
from manifests.tables.tasks import ORIGINAL


@dataclass(frozen=True)
class Request:
    """What is rendered, and where it goes.

    Attributes:
        rows: all tasks.
        policies: the section; only images that fail read it.
        source: the section.
        render: the section.
        seed: of params.yaml.
        out: the shards' folder.
        store: the store's folder.
        landmarks: the table, where a policy depends on where faces are.
    """

    rows: Rows
    policies: Policies
    source: Source
    render: Render
    seed: int
    out: Path
    store: Path
    landmarks: Path | None = None


def render(request: Request, what: str, report: Path | None = None, part: Part | None = None) -> Report:
    """Render everything: the shards, the report where one is wanted and, last, the index; or a part, and its rows.

    Args:
        request: what and where.
        what: the stage's name, for the progress bar and for errors.
        report: where `render.json` goes.
        part: which shards, where other commands render the others.
    Raises:
        UserError: too many photos fail, or the folders can't be used.
    """
    rows, out = request.rows, request.out.absolute()
    span = part.span(rows) if part else (0, rows.table.num_rows)
    with (
        locked(request.store.absolute(), shared=part is not None) as scratch,
        output.shards(out, _names(rows), f"augment.{what}", part=part is not None) as token,
        command.progress(span[1] - span[0], what) as bar,
    ):
        root = places.reached(request.source.root).absolute()
        if request.landmarks:
            with places.filled(scratch) as local:
                faces.prepare(request.landmarks, local)
        section = request.render.model_copy(update={"max_failures": 0}) if part else request.render
        theirs = task_rows.theirs(request.policies)
        most = request.source.max_bytes
        setup = Setup(root, scratch.parent, scratch, request.seed, section, most, token, theirs)
        run = _Run(what, rows, setup, out, token, command.jobs(), Report())
        waves = run.waves(Filler(rows, request.policies, setup, run.report), bar, span)
        if part:
            parts.write(part.path(out), waves, run.report, parts.identity(rows, _metadata(request)))
            return run.report
        content = card.Content()
        with index.writing(out / output.INDEX, rows.cells, _metadata(request)) as append:
            for one in waves:
                append(one)
                content.add(one)
            _write_card(out, rows, content)
            if report is not None:
                files.write_text(report, run.report.to_json())
    return run.report


def join(request: Request, what: str, report: Path) -> Report:
    """Write the report and, last, the index of shards that were rendered in parts.

    Raises:
        UserError: a part or a shard is missing, or is one of another plan.
    """
    rows, out = request.rows, request.out.absolute()
    with output.shards(out, _names(rows), f"augment.{what}"):
        counts, found = parts.read(out, parts.identity(rows, _metadata(request)))
        for name in sorted(_names(rows)):
            if not (out / name).is_file():
                raise UserError(str(out / name), "a shard", "none", "Render its part again")
        content = card.Content()
        with index.writing(out / output.INDEX, rows.cells, _metadata(request)) as append:
            for table in parts.rows_of(found, (end - start for start, end in rows.waves())):
                one = index.typed(table, rows.cells)
                append(one)
                content.add(one)
            _write_card(out, rows, content)
            files.write_text(report, counts.to_json())
        for path in found:
            path.unlink()
    return counts


def _write_card(out: Path, rows: Rows, content: card.Content) -> None:
    files.write_text(out / card.NAME, card.text(rows.cells, _names(rows), rows.suffixes(), content))


def _names(rows: Rows) -> set[str]:
    return set(rows.table["shard"].unique().to_pylist())


def _metadata(request: Request) -> dict[str, str]:
    return {"quality": str(request.render.quality), "versions": keys.versions()}


@dataclass(frozen=True)
class _Run:
    """One run: the stage's name, the tasks, what the workers share, where the shards go, and what is counted."""

    what: str
    rows: Rows
    setup: Setup
    out: Path
    token: str
    jobs: int
    report: Report

    @property
    def places(self) -> tuple[Path, ...]:
        """The folders that a worker reads and writes."""
        return self.setup.root, self.setup.scratch, self.out

    def waves(self, filler: Filler, bar: tqdm, span: tuple[int, int]) -> Iterator[pa.Table]:
        """Yield the index rows of each wave, once its shards are published."""
        packs.catalogue(self.setup.store, self.setup.scratch)
        bar.set_postfix_str("prints of the scored photos")
        self._scored()
        with output.meanwhile() as do:  # what fails is an error before the index
            for start, end in self.rows.waves(span):
                bar.set_postfix_str("copies")
                made = self._render(self.rows.groups(start, end), range(start, end), bar, do)
                table, kept = self._settle(start, end, made, filler)
                bar.set_postfix_str("shards")
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
        with closing(pool.each(self.jobs, worker.prints, calls, self.what, self.places)) as found_parts:
            found = [one for part in found_parts for one in part]
        levels = np.frombuffer(b"".join(sorted(found)), np.uint8).reshape(-1, PRINT)
        with places.filled(self.setup.scratch) as local:
            np.save(local / "scored.npy", levels)

    def _render(self, groups: list[Group], wave: range, bar: tqdm, do: output.Meanwhile) -> dict[int, Made | Failed]:
        """Render a wave's groups; the results of other rows are for an earlier or a later wave to write."""
        found: dict[int, Made | Failed] = {}
        here = not places.is_remote(self.setup.store)
        calls = ((self.setup, part) for part in cut(groups, CALL))
        with closing(pool.each(self.jobs, worker.render, calls, self.what, self.places)) as calls_done:
            for part in calls_done:
                for pack in {result.pack for result in part if isinstance(result, Made) and result.rendered and here}:
                    do(files.sync, self.setup.store / pack)
                ours = {result.row: result for result in part if result.row in wave}
                found |= ours
                bar.update(len(ours))
        return found

    def _settle(
        self, start: int, end: int, found: dict[int, Made | Failed], filler: Filler
    ) -> tuple[pa.Table, list[Made]]:
        """Fill the places of what failed, and leave out what nobody could fill."""
        table = self.rows.table.slice(start, end - start)
        table = table.set_column(table.column_names.index("policy"), "policy", table["policy"].cast(pa.string()))
        failed = [one for _, one in sorted(found.items()) if isinstance(one, Failed)]
        if failed:
            table, found = filler.fill(table, start, found, failed)
        made = [one for _, one in sorted(found.items()) if isinstance(one, Made)]
        for policy, one in zip(table["policy"].to_pylist(), made, strict=True):
            self.report.made(None if policy == ORIGINAL else policy, one)
        return table, made

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
            (name, self.out / name, self.token, table.slice(start, end - start), self.setup)
            for name, start, end in zip(names, starts, ends.tolist(), strict=False)
        )
        offsets = {}
        with (
            closing(pool.each(self.jobs, output.write, calls, self.what, self.places)) as written,
            output.meanwhile() as do,
        ):
            for name, places in written:
                offsets[name] = places
                do(output.publish, self.out / name, self.token)
        flat = np.concatenate([np.zeros(0, np.int64), *(offsets[name] for name in names)])
        table = table.set_column(table.column_names.index("offset"), "offset", pa.array(flat, pa.int64()))
        hexes = [digest.hex() for digest in by_name["sha256"]]
        table = table.set_column(table.column_names.index("sha256"), "sha256", pa.array(hexes, pa.string()))
        return index.typed(table, self.rows.cells)
