"""`datasets/runs/<run>/predictions.parquet`: one row per valid or test photo, in order of split and path."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa

from manifests.core.cells import AGE, Cells
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


def schema(cells: Cells, target: str = AGE) -> pa.Schema:
    """Columns; `age` in years, null where nobody knows it; and the predictions, which the target gives its name to.

    Of the age: `age_pred` in years, the mean over the run's seeds; `age_preds`, each seed's; and `age_q`, for a recipe
    whose output is a distribution, its cumulative probabilities at 0 to 100 years. Of an axis such as `gender`:
    `gender_pred`, one of its values; `gender_preds`, each seed's probabilities of all values, seed after seed; and
    `gender_q`, the mean of these.
    """
    return pa.schema(
        [
            ("image_id", pa.string()),
            ("path", pa.string()),
            ("split", pa.dictionary(pa.int16(), pa.string())),
            ("age", pa.float32()),
            *base.axis_fields(cells),
            (f"{target}_pred", pa.float32() if target == AGE else base.LABEL),
            (f"{target}_preds", pa.list_(pa.float32())),
            (f"{target}_q", pa.list_(pa.float32())),
        ]
    )


def write(table: pa.Table, path: Path, cells: Cells, training: Training = UNKNOWN) -> None:
    """Publish the table with what the run took; see `base.write`."""
    known = {name: str(number) for name, number in asdict(training).items() if number is not None}
    base.write(table, path, cells, partial(schema, target=target(table, cells)), known)


def read(path: Path) -> tuple[pa.Table, Cells]:
    """Read and check the table; see `base.read`."""
    table, cells = base.unchecked(path, "train.fit")
    return base.checked(table, cells, schema(cells, target(table, cells)), path, "train.fit"), cells


def target(table: pa.Table, cells: Cells) -> str:
    """What the table predicts: `age`, or the column of an axis."""
    return next((name for name in cells.columns if f"{name}_pred" in table.column_names), AGE)


def training(table: pa.Table) -> Training:
    """What the run took whose table `read` returned."""
    found = {name: (table.schema.metadata or {}).get(name.encode(), b"") for name in ("steps", "parameters")}
    return Training(**{name: int(text) for name, text in found.items() if text.isdigit()})
