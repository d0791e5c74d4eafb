"""`manifests/built/quarantine.parquet`: one row per photo or label row that was not used, and why."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from manifests.core.cells import Cells
from manifests.tables import base

REASONS = (
    "malformed_name",  # the file's name does not follow the layout
    "malformed_row",  # the label row lacks a field or has one that can't be parsed
    "outside_root",  # the path leaves the source root
    "missing_file",
    "not_a_file",  # a directory, a device, ...
    "unreadable",  # permission, input or output error
    "empty_file",
    "too_large",  # more bytes than source.max_bytes
    "too_many_pixels",  # the header says more than source.max_pixels
    "unknown_format",  # no JPEG, PNG, WebP, BMP or TIFF header
    "undecodable",  # the header is fine, the pixels are not
    "missing_label",
    "unknown_label",  # a value that `cells` does not list
    "age_out_of_range",
    "age_range_straddles",  # a labelled range of ages that spans two bins
    "age_range_backwards",
    "unknown_split",
    "excluded",  # the user left it out, in manifests/exclude.csv
    "no_label_row",  # a photo that no label row names
    "duplicate_row",  # the same path labelled twice
    "duplicate_in_split",  # the same bytes earlier in the same split
    "duplicate_across_splits",  # the same bytes in valid or test; quarantined from train
)


def schema(_: Cells) -> pa.Schema:
    """Columns; `reason` is one of REASONS, `detail` says what was received."""
    return pa.schema(
        [("path", pa.string()), ("reason", pa.dictionary(pa.int16(), pa.string())), ("detail", pa.string())]
    )


def write(table: pa.Table, path: Path, cells: Cells) -> None:
    """Publish the table; see `base.write`."""
    base.write(table, path, cells, schema)


def read(path: Path) -> tuple[pa.Table, Cells]:
    """Read and check the table; see `base.read`."""
    return base.read(path, schema, "manifests.scan")
