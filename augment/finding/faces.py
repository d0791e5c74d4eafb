"""Find the face in photos: its points, how sure they are, how the head is held, spectacles, the person's outline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa

from augment.finding.spectacles import spectacles
from augment.rendering.photo import Photo, PhotoFailed
from manifests.core import face_mesh, tfjs
from manifests.tables.landmarks import PERSON

_MESH, _PERSON = 192, 256  # pixels to a side of what the two models take
_POINTS, _FLAG, _OUTLINE = "Identity_2", "Identity_1", "activation_10"  # nodes of the graphs


@dataclass(frozen=True)
class Models:
    """Where the graphs lie, absolute; `person` may be None."""

    mesh: Path
    person: Path | None


def find(
    models: Models | None,
    root: Path,
    photos: Sequence[tuple[str, str]],
    max_bytes: int,
    drawn: Mapping[str, np.ndarray],
) -> pa.RecordBatch:
    """Look at photos, given as (image_id, path), one by one: so no result depends on which others are asked for.

    Args:
        models: the graphs; None for drawn faces.
        root: the source root.
        photos: which; one that can't be read is left out, as the render stage will say why.
        max_bytes: largest file that is read.
        drawn: path -> points, of faces whose drawer knows where everything is.
    Returns:
        columns as in `manifests.tables.landmarks`.
    """
    cv2.setNumThreads(0)
    rows = []
    for image_id, path in photos:
        try:
            image = Photo(root, path, image_id, max_bytes).image[..., :3]
        except PhotoFailed:
            continue
        points, score = mesh(models.mesh, image) if models else (drawn[path], 1.0)
        rows.append(row(image_id, image, points, score, outline(models.person if models else None, image)))
    return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)


def row(image_id: str, image: np.ndarray, points: np.ndarray, score: float, person: bytes) -> dict[str, object]:
    """What the table says of one photo."""
    sides = np.array([image.shape[1], image.shape[0], image.shape[1]], np.float64)
    yaw, pitch, roll = face_mesh.angles(points * sides)
    return {
        "image_id": image_id,
        "points": points.astype(np.float16).ravel(),
        "score": score,
        "yaw": round(yaw, 2),
        "pitch": round(pitch, 2),
        "roll": round(roll, 2),
        "spectacles": spectacles(image, points),
        "person": person,
    }


def mesh(model: Path, image: np.ndarray) -> tuple[np.ndarray, float]:
    """The points, float32 (468, 3) as shares of the sides, and the face score of uint8 (height, width, 3) RGB."""
    values = tfjs.run(graph(model), _seen(image, _MESH))
    return values[_POINTS].reshape(face_mesh.POINTS, 3) / _MESH, round(float(values[_FLAG].item()), 4)


def outline(model: Path | None, image: np.ndarray) -> bytes:
    """The person's mask, as the table has it."""
    if model is None:
        return b""
    mask = tfjs.run(graph(model), _seen(image, _PERSON))[_OUTLINE][0, ..., 0]
    return np.rint(cv2.resize(mask, (PERSON, PERSON), interpolation=cv2.INTER_AREA) * 255).astype(np.uint8).tobytes()


@lru_cache(maxsize=2)
def graph(path: Path) -> tfjs.Graph:
    """A model, read once per worker."""
    return tfjs.read(path)


def _seen(image: np.ndarray, side: int) -> np.ndarray:
    small = cv2.resize(np.ascontiguousarray(image), (side, side), interpolation=cv2.INTER_AREA)
    return small[None].astype(np.float32) / 255


SCHEMA = pa.schema(
    [
        ("image_id", pa.string()),
        ("points", pa.list_(pa.float16(), face_mesh.POINTS * 3)),
        ("score", pa.float32()),
        ("yaw", pa.float32()),
        ("pitch", pa.float32()),
        ("roll", pa.float32()),
        ("spectacles", pa.bool_()),
        ("person", pa.binary()),
    ]
)
