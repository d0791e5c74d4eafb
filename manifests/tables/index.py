"""`datasets/shards/index.parquet`: one row per output image, and where its bytes lie.

The index is written last: its existence means that every shard is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from manifests.core.cells import Axis, Cells
from manifests.core.files import publish
from manifests.tables import base


def schema(cells: Cells) -> pa.Schema:
    """Columns; `offset` and `size` (bytes) locate the image inside its tar, `replay` is JSON."""
    return pa.schema(
        [
            ("task_id", pa.string()),
            ("image_id", pa.string()),
            ("copy", pa.int32()),
            ("path", pa.string()),  # of the source photo, relative to source.root
            ("split", pa.dictionary(pa.int16(), pa.string())),
            ("kept", pa.bool_()),
            ("shard", pa.dictionary(pa.int32(), pa.string())),
            ("offset", pa.int64()),
            ("size", pa.int64()),
            ("sha256", pa.string()),
            ("age", pa.float32()),
            ("age_std", pa.float32()),
            *base.axis_fields(cells),
            ("policy", pa.dictionary(pa.int16(), pa.string())),
            ("severity", pa.float32()),
            ("seed", pa.uint64()),  # of the attempt that was kept
            ("attempt", pa.int32()),
            ("donor", pa.string()),
            ("replay", pa.string()),  # the drawn parameters; "{}" for an original
        ]
    )


@contextmanager
def writing(path: Path, cells: Cells, metadata: dict[str, str]) -> Iterator[Callable[[pa.Table], None]]:
    """Publish the table in parts, one row group each, so that it never lies in memory as a whole.

    Args:
        path: the Parquet file.
        cells: the axes.
        metadata: kept beside the cells: `quality` of the encoder, `versions` of the libraries.
    Yields:
        a function that appends a table.
    """
    whole = schema(cells).with_metadata({"cells": cells.to_json(), **metadata})
    with publish(path, replace=False) as temporary, pq.ParquetWriter(temporary, whole, compression="zstd") as writer:

        def append(table: pa.Table) -> None:
            base.check(table.schema, schema(cells), path)
            writer.write_table(table.select(whole.names).replace_schema_metadata(whole.metadata), 1 << 20)

        yield append


def write(table: pa.Table, path: Path, cells: Cells) -> None:
    """Publish the table; see `base.write`."""
    base.write(table, path, cells, schema)


def read(path: Path, made_by: str = "augment.render", columns: Sequence[str] | None = None) -> tuple[pa.Table, Cells]:
    """Read and check the table, or some of its columns; see `base.read`."""
    return base.read(path, schema, made_by, columns)


def groups(path: Path) -> Iterator[pa.Table]:
    """Read and check the table part by part, as it was appended; see `base.read`."""
    return base.groups(path, schema, "augment.render")


def positions(table: pa.Table, axis: Axis) -> np.ndarray:
    """int64 (rows,): where each row's label stands among the axis' values.

    Raises:
        ValueError: a row has none of them.
    """
    found = pc.index_in(table[axis.column].cast(pa.string()), pa.array(axis.values, pa.string()))
    if found.null_count:
        raise ValueError(f"rows with a label of {axis.name}; {found.null_count} have none")
    return found.to_numpy().astype(np.int64)


def typed(table: pa.Table, cells: Cells) -> pa.Table:
    """The rows of a wave in the index's types; their dictionaries do not depend on the order of the tasks."""
    for name in ("split", "shard"):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.string()))
    for name, axis in zip(cells.columns, base.axis_columns(cells, table["cell"]), strict=False):
        table = table.set_column(table.column_names.index(name), name, axis)
    expected = schema(cells)
    return table.select(expected.names).cast(expected)
