"""`manifests/built/tasks.parquet`: one row per output image, in order of shard and of a hash of the task."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from manifests.core.cells import Cells
from manifests.core.seeds import rendezvous
from manifests.tables import base

ORIGINAL = "original"  # the policy of copy 0
SUFFIXES = (".jpg", ".png", ".webp", ".bmp", ".tif")  # of the images in a shard; each shard has one of them
JPEG = SUFFIXES[0]  # what copies are
_ALIASES = {".jpeg": ".jpg", ".tiff": ".tif"}


def task_id(image_id: str, copy: int) -> str:
    """An output image's key, also its WebDataset key; copy 0 is the original."""
    return f"{image_id}_{copy:04d}"


def suffix(path: str) -> str:
    """The extension that an original has in its shard, for readers that match names letter by letter.

    It is the photo's own, in lower case and one for each format; `.jpg` where it has none that readers know.
    """
    own = PurePosixPath(path).suffix.lower()
    own = _ALIASES.get(own, own)
    return own if own in SUFFIXES else JPEG


def shuffled(task_ids: Iterable[str]) -> np.ndarray:
    """uint64 (tasks,): what tasks are sorted by within a shard, so that a photo's copies lie far apart.

    A plain sequential reader meets mixed batches, and a task's place depends on no other task.
    """
    return np.fromiter(map(rendezvous, task_ids), np.uint64)


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
