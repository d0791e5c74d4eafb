"""`manifests/built/plan.parquet`: one row a joint cell, in cell order."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from manifests.core.cells import Cells
from manifests.tables import base


def schema(cells: Cells) -> pa.Schema:
    """Columns; counts of images. `target` = `keep` + `augment`; `max_copies` the most of one photo."""
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
    """Read and check the table; see `base.read`."""
    return base.read(path, schema, "balance.plan")
