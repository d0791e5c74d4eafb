"""Read and write Parquet tables that keep to a schema, byte for byte the same each time.

Every table carries its `cells` in the file's metadata, so that a reader knows the axes, and
the values that no row has, without `params.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from manifests.core import inputs
from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.core.files import publish
from manifests.core.params import PREDICTED

SchemaOf = Callable[[Cells], pa.Schema]
# Columns that may hold nulls; `train.score` says which predictions may not.
OPTIONAL = ("age", "age_std", "age_width", "subject", "near_of", "donor")
LABEL = pa.dictionary(pa.int16(), pa.string())


def axis_fields(cells: Cells) -> list[pa.Field]:
    """One dictionary column an axis, then the joint cell's number."""
    return [*(pa.field(column, LABEL) for column in cells.columns), pa.field("cell", pa.int32())]


def axis_columns(cells: Cells, cell: pa.Array) -> list[pa.Array]:
    """The arrays of `axis_fields` for int32 (rows,) joint cells; -1, of an unlabelled row, has null labels."""
    numbers = np.asarray(cell.to_numpy(zero_copy_only=False))
    unlabelled, grid = numbers < 0, cells.grid()[np.maximum(numbers, 0)]
    return [
        *(
            pa.DictionaryArray.from_arrays(
                pa.array(grid[:, i], pa.int16(), mask=unlabelled), pa.array(axis.values, pa.string())
            )
            for i, axis in enumerate(cells.axes)
        ),
        cell.cast(pa.int32()),
    ]


def write(
    table: pa.Table, path: Path, cells: Cells, schema_of: SchemaOf, metadata: Mapping[str, str] | None = None
) -> None:
    """Check `table` against its schema and publish it at `path`, with `metadata` beside the cells.

    Raises:
        UserError: a column is missing, unknown, or of another type.
    """
    expected = schema_of(cells)
    check(table.schema, expected, path)
    table = (
        table.select(expected.names)
        .cast(expected)
        .replace_schema_metadata({"cells": cells.to_json(), **(metadata or {})})
    )
    with publish(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=1 << 20)


def read(path: Path, schema_of: SchemaOf, made_by: str, columns: Sequence[str] | None = None) -> tuple[pa.Table, Cells]:
    """Read a table and check it.

    Args:
        path: the Parquet file.
        schema_of: the schema for given cells.
        made_by: the command that writes it, named where the file is missing.
        columns: those to read; None: all.
    Raises:
        UserError: no such file, no Parquet, a column that does not match, or a cell that is none.
    """
    table, cells = unchecked(path, made_by, columns)
    expected = pa.schema([field for field in schema_of(cells) if columns is None or field.name in columns])
    return checked(table, cells, expected, path, made_by), cells


def groups(path: Path, schema_of: SchemaOf, made_by: str) -> Iterator[pa.Table]:
    """Read a table row group by row group, each checked; see `read`."""
    again = f"Run `python -m {made_by}` again"
    for table in inputs.row_groups(path, "a table", f"Run `python -m {made_by}` first", again):
        cells = _cells_of(table, path, again)
        yield checked(table, cells, schema_of(cells), path, made_by)


def unchecked(path: Path, made_by: str, columns: Sequence[str] | None = None) -> tuple[pa.Table, Cells]:
    """Read a table whose schema is not known yet, and the cells in its metadata. Raises as `read` does."""
    again = f"Run `python -m {made_by}` again"
    table = inputs.read_table(path, "a table", f"Run `python -m {made_by}` first", again, columns)
    return table, _cells_of(table, path, again)


def _cells_of(table: pa.Table, path: Path, again: str) -> Cells:
    metadata = table.schema.metadata or {}
    if b"cells" not in metadata:
        raise UserError(str(path), "a table with its cells in the metadata", "none", again)
    try:
        with located(str(path)):
            return Cells.from_json(metadata[b"cells"])
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(str(path), "cells in JSON in the metadata", str(error), again) from error


def checked(table: pa.Table, cells: Cells, expected: pa.Schema, path: Path, made_by: str) -> pa.Table:
    """The table with its columns in order, once it is known to match. Raises as `read` does."""
    check(table.schema, expected, path)
    _check_values(table, cells, path, f"Run `python -m {made_by}` again")
    return table.select(expected.names)


def _check_values(table: pa.Table, cells: Cells, path: Path, again: str) -> None:
    """Check that no column has a null but those that may, and that every cell is one of `cells`."""
    for name in table.column_names:
        if table[name].null_count and not name.endswith(PREDICTED) and name not in (*OPTIONAL, *cells.columns):
            raise UserError(f"{path}: {name}", "a value in each row", f"{table[name].null_count} without one", again)
    numbers = np.asarray(table["cell"].to_numpy()) if "cell" in table.column_names else np.empty(0, np.int32)
    outside = numbers[(numbers < -1) | (numbers >= len(cells))]
    if outside.size:
        raise UserError(f"{path}: cell", f"numbers from -1 to {len(cells) - 1}", outside[0], again)


def check(received: pa.Schema, expected: pa.Schema, path: Path) -> None:
    """Compare column by column.

    Raises:
        UserError: naming the column, the expected and the received type.
    """
    for name in expected.names:
        if name not in received.names:
            raise UserError(
                f"{path}: {name}",
                f"a column of type {expected.field(name).type}",
                "none",
                "Run the stage that writes it again",
            )
        if received.field(name).type != expected.field(name).type:
            raise UserError(
                f"{path}: {name}",
                f"the type {expected.field(name).type}",
                received.field(name).type,
                "Run the stage that writes it again",
            )
    for name in received.names:
        if name not in expected.names:
            raise UserError(
                f"{path}: {name}",
                f"one of the columns {', '.join(expected.names)}",
                "another",
                "Run the stage that writes it again",
            )
