"""`datasets/runs/<run>/predictions.parquet`: one row per valid or test photo, in order of split and path."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from manifests.core.cells import Cells
from manifests.tables import base

STEPS = "steps"  # in the file's metadata


def schema(cells: Cells) -> pa.Schema:
    """Columns; `age` and `age_pred` in years, `age` null where the split has no labels.

    `age_pred` is the mean over the run's seeds; `age_preds` holds each seed's, and `age_q`,
    for a recipe whose output is a distribution, its cumulative probabilities at 0 to 100 years.
    """
    return pa.schema(
        [
            ("image_id", pa.string()),
            ("path", pa.string()),
            ("split", pa.dictionary(pa.int16(), pa.string())),
            ("age", pa.float32()),
            *base.axis_fields(cells),
            ("age_pred", pa.float32()),
            ("age_preds", pa.list_(pa.float32())),
            ("age_q", pa.list_(pa.float32())),
        ]
    )


def write(table: pa.Table, path: Path, cells: Cells, steps: int | None = None) -> None:
    """Publish the table with the gradient steps that the run took, where they are known; see `base.write`."""
    base.write(table, path, cells, schema, {} if steps is None else {STEPS: str(steps)})


def read(path: Path) -> tuple[pa.Table, Cells]:
    """Read and check the table; see `base.read`."""
    return base.read(path, schema, "train.fit")


def steps(table: pa.Table) -> int | None:
    """The gradient steps of the run whose table `read` returned: over all stages, the mean over its seeds."""
    found = (table.schema.metadata or {}).get(STEPS.encode())
    return None if found is None or not found.isdigit() else int(found)
