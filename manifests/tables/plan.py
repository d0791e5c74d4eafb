"""`manifests/built/plan.parquet`: one row per joint cell, in cell order."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.tables import base


def schema(cells: Cells) -> pa.Schema:
    """Columns; counts of images. `target` = `keep` + `augment`; `max_copies` is the most of one photo."""
    return pa.schema(
        [
            *base.axis_fields(cells),
            *((name, pa.int64()) for name in ("available", "keep", "augment", "target", "max_copies")),
        ]
    )


def write(table: pa.Table, path: Path, cells: Cells) -> None:
    """Publish the table; see `base.write`."""
    base.write(table, path, cells, schema)


def read(path: Path) -> tuple[pa.Table, Cells]:
    """Read and check the table; see `base.read`.

    Raises:
        UserError: as `base.read`, or the rows are not one per cell, in order.
    """
    table, cells = base.read(path, schema, "balance.plan")
    if table["cell"].to_pylist() != list(range(len(cells))):
        rule, received = f"{len(cells)} rows, one per cell, in order", f"{len(table)}"
        raise UserError(str(path), rule, received, "Run `python -m balance.plan` again")
    return table, cells
