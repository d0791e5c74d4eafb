"""Faces for tests: the mean face in the middle of a photo, and tables of landmarks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from augment.kernels.mesh import Face
from manifests.core.cells import Cells
from manifests.core.face_mesh import POINTS, mean_face
from manifests.tables import landmarks


def points(wide: float = 0.6, x: float = 0.5, y: float = 0.5) -> np.ndarray:
    """float32 (468, 3): the mean face, `wide` across, its ears' middle at (x, y)."""
    return mean_face() * np.float32(wide) + np.array([x, y, 0], np.float32)


def face(wide: float = 0.6, x: float = 0.5, y: float = 0.5) -> Face:
    """The same as the kernels take it, the person an ellipse."""
    row, column = np.mgrid[0 : landmarks.PERSON, 0 : landmarks.PERSON] / landmarks.PERSON
    inside = ((column - x) / (0.7 * wide)) ** 2 + ((row - y) / (0.9 * wide)) ** 2 < 1
    return Face(points(wide, x, y), (inside * 255).astype(np.uint8))


def table(ids: Sequence[str], score: float = 1.0) -> pa.Table:
    """A row for each photo, of slightly different faces."""
    ids = sorted(ids)
    values = [points(0.6 + 0.01 * (at % 5), y=0.48 + 0.01 * (at % 3)) for at in range(len(ids))]
    flat = pa.array(np.array(values, np.float16).reshape(len(ids) * POINTS * 3))
    zeros = pa.array(np.zeros(len(ids), np.float32))
    person = (face().person if face().person is not None else np.zeros(0)).tobytes()
    columns = {
        "image_id": ids,
        "points": pa.FixedSizeListArray.from_arrays(flat, POINTS * 3),
        "score": pa.array(np.full(len(ids), score, np.float32)),
        **dict.fromkeys(("yaw", "pitch", "roll"), zeros),
        "spectacles": [False] * len(ids),
        "person": pa.array([person] * len(ids), pa.binary()),
    }
    return pa.table(columns, schema=landmarks.schema(Cells.of({"gender": ["a"]})))
