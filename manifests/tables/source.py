"""`manifests/built/source.parquet`: one row per usable source photo, in order of split and path."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from manifests.core.cells import Cells
from manifests.tables import base

SPLITS = ("train", "valid", "test")


def schema(cells: Cells) -> pa.Schema:
    """Columns; `age` in years, `age_std` and `age_width` in years or null, `near_of` an image_id.

    In an unlabelled split `age` and the labels may be null; `cell` is -1 there.
    """
    return pa.schema(
        [
            ("image_id", pa.string()),  # first 16 hex digits of the SHA-256 of the file's bytes
            ("path", pa.string()),  # relative to source.root, with forward slashes
            ("split", pa.dictionary(pa.int16(), pa.string())),
            ("age", pa.float32()),
            ("age_std", pa.float32()),
            ("age_width", pa.float32()),  # of the labelled range, where it was one
            ("subject", pa.string()),
            *base.axis_fields(cells),
            ("width", pa.int32()),
            ("height", pa.int32()),
            ("near_of", pa.string()),
        ]
    )


def write(table: pa.Table, path: Path, cells: Cells) -> None:
    """Publish the table; see `base.write`."""
    base.write(table, path, cells, schema)


def read(path: Path) -> tuple[pa.Table, Cells]:
    """Read and check the table; see `base.read`."""
    return base.read(path, schema, "manifests.scan")
