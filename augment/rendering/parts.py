"""Render on many machines: each takes a part of the shards, and a last command joins the parts' rows into the index.

A part is a run of whole shards. It publishes them and then its rows, as `.part-00003-of-00016.parquet` beside them;
the index comes out byte for byte as from one run. A photo that fails is an error here: which copies take the places
of its images depends on what else has failed, which a part does not know.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from augment.rendering.report import Report
from augment.rendering.task_rows import Rows
from manifests.core import files, inputs
from manifests.core.errors import UserError

_AGAIN = "Run it again: python -m augment.render --part"
_TASK = ("task_id", "seed", "shard", "policy", "severity", "donor", "path")


@dataclass(frozen=True)
class Part:
    """The part `number` of `of`, counted from 1."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Part:
        """Read such as 3/16.

        Raises:
            argparse.ArgumentTypeError: it is no part.
        """
        match = re.fullmatch(r"(\d{1,5})/(\d{1,5})", text)
        if not match or not 1 <= int(match[1]) <= int(match[2]):
            raise argparse.ArgumentTypeError(f"{text!r} is no part such as 3/16")
        return cls(int(match[1]), int(match[2]))

    def path(self, out: Path) -> Path:
        """Where its rows lie in the folder of the shards."""
        return out / f".part-{self.number:05d}-of-{self.of:05d}.parquet"

    def span(self, rows: Rows) -> tuple[int, int]:
        """The first and the end row of its shards: as many of them as any other part has, or one more."""
        ends = [0, *rows.shard_ends().tolist()]
        count = len(ends) - 1
        return ends[(self.number - 1) * count // self.of], ends[self.number * count // self.of]


def identity(rows: Rows, metadata: dict[str, str]) -> str:
    """A hash of what is rendered: parts of another plan, severity or library must not be joined."""
    made = sha256(repr(sorted(metadata.items())).encode())
    for name in _TASK:
        column = rows.table[name]
        for value in (column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column).to_pylist():
            made.update(f"{value}\n".encode())
    return made.hexdigest()


def write(path: Path, tables: Iterable[pa.Table], report: Report, of: str) -> None:
    """Publish a part's rows, a row group for each table, and once they are all there its counts and `identity`."""
    with files.publish(path) as temporary, ExitStack() as stack:
        writer = None
        for table in map(plain, tables):
            writer = writer or stack.enter_context(pq.ParquetWriter(temporary, table.schema))
            writer.write_table(table)
        writer = writer or stack.enter_context(pq.ParquetWriter(temporary, pa.schema([])))
        writer.add_key_value_metadata({"of": of, "report": report.to_json()})


def read(out: Path, of: str) -> tuple[Report, list[Path]]:
    """All parts: their counts together, and their files in order.

    Raises:
        UserError: a part is missing, or is one of another plan.
    """
    found = sorted(out.glob(".part-*-of-*.parquet"))
    count = int(found[0].stem.rpartition("-")[2]) if found else 0
    every = [Part(number, count) for number in range(1, count + 1)]
    if [part.path(out) for part in every] != found or not every:
        missing = [f"{part.number}/{part.of}" for part in every if part.path(out) not in found]
        received = f"none of part {', '.join(missing[:20])}" if missing else f"{len(found)} files of parts"
        raise UserError(str(out), "every part of one number of parts", received, _AGAIN)
    report = Report()
    for part in every:
        about = inputs.metadata(part.path(out), "a part", _AGAIN, _AGAIN)
        if about.get(b"of", b"").decode() != of:
            remedy = f"{_AGAIN} {part.number}/{part.of}"
            raise UserError(str(part.path(out)), "a part of this plan", "one of another", remedy)
        report.add(about[b"report"].decode())
    return report, found


def rows_of(found: Sequence[Path], sizes: Iterable[int]) -> Iterator[pa.Table]:
    """The rows of the parts in order, so many at a time; no part lies in memory as a whole."""
    groups = (group for path in found for group in inputs.row_groups(path, "a part", _AGAIN, _AGAIN))
    held = pa.table({})
    for size in sizes:
        while held.num_rows < size:
            group = next(groups)
            held = pa.concat_tables([held, group]) if held.num_rows else group
        yield held.slice(0, size).combine_chunks()
        held = held.slice(size)


def plain(table: pa.Table) -> pa.Table:
    """The table without dictionaries, which differ from part to part."""
    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(at, field.name, table[field.name].cast(pa.string()))
    return table
