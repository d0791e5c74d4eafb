"""`manifests/built/tasks.parquet`: one row per output image, in order of shard, image_id and copy."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from manifests.core.cells import Cells
from manifests.tables import base

ORIGINAL = "original"  # the policy of copy 0


def task_id(image_id: str, copy: int) -> str:
    """An output image's key, also its WebDataset key; copy 0 is the original."""
    return f"{image_id}_{copy:04d}"


def schema(cells: Cells) -> pa.Schema:
    """Columns; `policy` is "original" for copy 0, `seed` that of attempt 0, `donor` an image_id or null."""
    return pa.schema(
        [
            ("task_id", pa.string()),
            ("image_id", pa.string()),
            ("copy", pa.int32()),
            ("split", pa.dictionary(pa.int16(), pa.string())),
            ("kept", pa.bool_()),  # in the balanced set; false for dropped originals, true in valid and test
            ("policy", pa.dictionary(pa.int16(), pa.string())),
            ("seed", pa.uint64()),
            ("donor", pa.string()),
            ("shard", pa.dictionary(pa.int32(), pa.string())),
            ("age", pa.float32()),
            ("age_std", pa.float32()),
            *base.axis_fields(cells),
        ]
    )


def write(table: pa.Table, path: Path, cells: Cells) -> None:
    """Publish the table; see `base.write`."""
    base.write(table, path, cells, schema)


def read(path: Path) -> tuple[pa.Table, Cells]:
    """Read and check the table; see `base.read`."""
    return base.read(path, schema, "balance.plan")
