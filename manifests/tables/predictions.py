"""`datasets/runs/<run>/predictions.parquet`: one row per valid or test photo, in order of split and path."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from manifests.core.cells import Cells
from manifests.tables import base


@dataclass(frozen=True)
class Training:
    """What a run took, kept in the file's metadata; None where nobody knows.

    Attributes:
        steps: gradient steps over all stages, the mean over its seeds.
        parameters: numbers in one of its networks, backbone and head.
    """

    steps: int | None = None
    parameters: int | None = None


UNKNOWN = Training()


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


def write(table: pa.Table, path: Path, cells: Cells, training: Training = UNKNOWN) -> None:
    """Publish the table with what the run took; see `base.write`."""
    known = {name: str(number) for name, number in asdict(training).items() if number is not None}
    base.write(table, path, cells, schema, known)


def read(path: Path) -> tuple[pa.Table, Cells]:
    """Read and check the table; see `base.read`."""
    return base.read(path, schema, "train.fit")


def training(table: pa.Table) -> Training:
    """What the run took whose table `read` returned."""
    found = {name: (table.schema.metadata or {}).get(name.encode(), b"") for name in ("steps", "parameters")}
    return Training(**{name: int(text) for name, text in found.items() if text.isdigit()})
