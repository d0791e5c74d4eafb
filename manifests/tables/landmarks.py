"""`manifests/built/landmarks.parquet`: one row per train photo that was looked at, in order of image_id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import Cells
from manifests.core.face_mesh import OVAL, POINTS
from manifests.tables import base

FACE = 0.9  # from this score on the points are those of a face
_SHOWN = [*OVAL, *range(0, POINTS, 4)]
PERSON = 64  # pixels to a side of the mask of the person


def schema(_: Cells) -> pa.Schema:
    """Columns; points are (468, 3), x and y as shares of the sides, z away from the camera as a share of the width."""
    return pa.schema(
        [
            ("image_id", pa.string()),
            ("points", pa.list_(pa.float16(), POINTS * 3)),
            ("score", pa.float32()),  # 0 to 1, that there is a face
            ("yaw", pa.float32()),  # degrees, to the picture's right
            ("pitch", pa.float32()),  # down
            ("roll", pa.float32()),  # clockwise
            ("spectacles", pa.bool_()),
            ("person", pa.binary()),  # uint8 (PERSON, PERSON), 255 where the person is; empty: not looked for
        ]
    )


def points(table: pa.Table) -> np.ndarray:
    """float16 (rows, 468, 3)."""
    return table["points"].combine_chunks().flatten().to_numpy().reshape(-1, POINTS, 3)


def write(table: pa.Table, path: Path, cells: Cells) -> None:
    """Publish the table; see `base.write`."""
    base.write(table, path, cells, schema)


def read(path: Path) -> tuple[pa.Table, Cells]:
    """Read and check the table; see `base.read`."""
    return base.read(path, schema, "augment.landmarks")


def poses(path: Path) -> pa.Table:
    """All columns but the points and the masks, which are large, checked in the same way."""
    return base.read(path, schema, "augment.landmarks", ("image_id", "score", "yaw", "pitch", "roll", "spectacles"))[0]


def outlines(path: Path) -> dict[str, list[list[int]]]:
    """image_id -> some points (x, y) of each face that was found, in thousandths of the sides: enough to be seen."""
    table = base.read(path, schema, "augment.landmarks", ("image_id", "score", "points"))[0]
    table = table.filter(pc.greater_equal(table["score"], FACE))
    shown = np.rint(points(table)[:, _SHOWN, :2].astype(np.float32) * 1000).astype(int).tolist()
    return dict(zip(table["image_id"].to_pylist(), shown, strict=True))
