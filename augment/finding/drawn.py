"""The points of drawn faces, which their drawer has written beside them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from manifests.core.errors import UserError
from manifests.core.face_mesh import POINTS

Known = Mapping[str, np.ndarray]


def read(root: Path) -> Known:
    """Path -> float32 (468, 3), as `python -m manifests.draw` wrote them.

    Raises:
        UserError: the drawer has written none, or not one for each face.
    """
    path = root / "landmarks.npy"
    try:
        with (root / "labels.csv").open(encoding="utf-8", newline="") as file:
            names = [row["path"] for row in csv.DictReader(file)]
        points = np.load(path, allow_pickle=False)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(str(path), "the drawn faces' points", error, "Run `python -m manifests.draw` again") from error
    if points.shape != (len(names), POINTS, 3):
        raise UserError(
            str(path), f"points of {len(names)} faces", points.shape, "Run `python -m manifests.draw` again"
        )
    return dict(zip(names, points.astype(np.float32), strict=True))
