"""Small drawn shards, an index and a plan for the tests of the pages: ellipses on noise, from a seed."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from augment.kernels import ops
from manifests.core import codec, seeds
from manifests.core.cells import Cells
from manifests.tables import base, index, plan
from manifests.tables.tasks import task_id

CELLS = Cells.of(
    {
        "age": [20, 40, 60],
        "gender": ["male", "female"],
        "ethnicity": ["caucasian", "asian", "afroamerican"],
        "expression": ["neutral", "slightly happy", "happy", "other"],
    }
)
POLICIES = ("flip", "light", "pose", "tone")
SCRIPT = "<script>alert(1)</script>"
IMG = '"><img src=x>.jpg'


@dataclass(frozen=True)
class Sample:
    """Where the samples lie: what `augment.gallery` reads."""

    index: Path
    plan: Path
    rejects: Path


def face(rng: np.random.Generator, size: int = 96) -> np.ndarray:
    """A head on a ground. uint8 (size, size, 3)."""
    image = np.full((size, size, 3), rng.integers(40, 220, 3), np.uint8)
    cv2.ellipse(
        image, (size // 2, size // 2), (size // 3, size * 2 // 5), 0, 0, 360, rng.integers(60, 240, 3).tolist(), -1
    )
    for x in (0.38, 0.62):
        cv2.circle(image, (int(size * x), int(size * 0.44)), max(2, size // 24), (30, 30, 40), -1)
    cv2.ellipse(image, (size // 2, int(size * 0.64)), (size // 8, size // 16), 0, 0, 180, (120, 40, 50), 2)
    return image


def make(
    folder: Path,
    images: int = 120,
    cells: Cells = CELLS,
    distinct: int = 40,
    size: int = 96,
    moved: Mapping[str, Any] | None = None,
) -> Sample:
    """Write shards of `images` images, their index, a plan and an empty list of rejects.

    The first cell has a photo without copies; the second has none at all; the last two photos
    have no labels. A photo of the third has a file name that would break a page.

    Args:
        distinct: how many different pictures are drawn; further images show them again.
        moved: geometry that every copy is really made by; None: copies are other pictures.
    """
    rng = np.random.default_rng(5)
    pictures = [codec.encode(face(rng, size), 90) for _ in range(distinct)]
    folder.mkdir(parents=True, exist_ok=True)
    rows = _rows(images, cells)
    written = _shards(folder / "shards", rows, pictures if moved is None else _copied(rows, pictures, moved))
    table = _table(rows, written, cells, moved)
    index.write(table, folder / "shards" / "index.parquet", cells)
    _plan(folder / "plan.parquet", table, cells)
    (folder / "rejects.csv").write_text("task_id,reason\n")
    return Sample(folder / "shards" / "index.parquet", folder / "plan.parquet", folder / "rejects.csv")


def _rows(images: int, cells: Cells) -> list[dict]:
    """Photos and copies in turn, until there are enough; cell 1 stays empty."""
    rows: list[dict] = []
    photo = 0
    while len(rows) < images - 2:
        image_id = hashlib.sha256(str(photo).encode()).hexdigest()[:16]
        cell = (2 * photo) % len(cells) if photo % 3 else photo % len(cells)
        cell = cell + 1 if cell == 1 else cell
        split = ("valid", "test")[photo % 2] if photo % 10 == 9 else "train"
        kept = photo % 17 != 16
        path = IMG if photo == 2 else f"train/{photo:06d}.jpg"
        copies = 0 if split != "train" or cell == 0 or not kept else photo % 7
        for copy in range(min(copies + 1, images - 2 - len(rows))):
            rows.append({"image_id": image_id, "path": path, "copy": copy, "cell": cell, "split": split, "kept": kept})
        photo += 1
    for i in range(2):
        image_id = hashlib.sha256(f"unlabelled {i}".encode()).hexdigest()[:16]
        rows.append(
            {"image_id": image_id, "path": f"test/{i}.jpg", "copy": 0, "cell": None, "split": "test", "kept": True}
        )
    return rows


def _copied(rows: list[dict], pictures: list[bytes], moved: Mapping[str, Any]) -> list[bytes]:
    """Each row's image: a picture of its photo's own, or that picture moved."""
    contents: list[bytes] = []
    for row in rows:
        if row["copy"]:
            pixels = codec.decode(contents[-row["copy"]], "RGBX")
            contents.append(ops.develop(pixels, moved, None, 95)[1])
        else:
            contents.append(pictures[len(contents) % len(pictures)])
    return contents


def _shards(folder: Path, rows: list[dict], pictures: list[bytes]) -> list[tuple[str, int, bytes]]:
    """(shard, offset, content) of each row's image."""
    folder.mkdir(exist_ok=True)
    written = []
    for start in range(0, len(rows), 500):
        name = f"train-{start // 500:05d}.tar"
        with tarfile.open(folder / name, "w", format=tarfile.USTAR_FORMAT) as tar:
            for i, row in enumerate(rows[start : start + 500], start=start):
                content = pictures[i % len(pictures)]
                member = tarfile.TarInfo(f"{task_id(row['image_id'], row['copy'])}.jpg")
                member.size = len(content)
                written.append((name, tar.offset + 512, content))
                tar.addfile(member, io.BytesIO(content))
    return written


def _table(
    rows: list[dict], written: list[tuple[str, int, bytes]], cells: Cells, moved: Mapping[str, Any] | None
) -> pa.Table:
    copy = [row["copy"] for row in rows]
    cell = pa.array([row["cell"] for row in rows], pa.int32())
    policy = [POLICIES[(c + len(row["path"])) % 4] if c else "original" for c, row in zip(copy, rows, strict=True)]
    drawn = [
        json.dumps(moved or {"angle": round(c * 1.7, 2), "shift": [0.01 * c, 0.02], "gamma": 1 + c / 50}) if c else "{}"
        for c in copy
    ]
    known = base.axis_columns(cells, cell.fill_null(0))[:-1]
    columns = {
        "task_id": [task_id(row["image_id"], row["copy"]) for row in rows],
        "image_id": [row["image_id"] for row in rows],
        "copy": pa.array(copy, pa.int32()),
        "path": [row["path"] for row in rows],
        "split": _words([row["split"] for row in rows], pa.int16()),
        "kept": [row["kept"] for row in rows],
        "shard": _words([name for name, _, _ in written], pa.int32()),
        "offset": pa.array([offset for _, offset, _ in written], pa.int64()),
        "size": pa.array([len(content) for _, _, content in written], pa.int64()),
        "sha256": [hashlib.sha256(content).hexdigest() for _, _, content in written],
        "age": pa.array([None if row["cell"] is None else 20.0 + row["cell"] % 60 for row in rows], pa.float32()),
        "age_std": pa.array([None] * len(rows), pa.float32()),
        **{
            name: pa.DictionaryArray.from_arrays(
                pa.array(column.indices.to_pylist(), pa.int16(), mask=np.array([row["cell"] is None for row in rows])),
                column.dictionary,
            )
            for name, column in zip(cells.columns, known, strict=True)
        },
        "cell": cell.fill_null(-1),
        "policy": _words(policy, pa.int16()),
        "severity": pa.array([0.1 * (c % 10) for c in copy], pa.float32()),
        "seed": pa.array([seeds.derive(7, row["image_id"], row["copy"], 0) for row in rows], pa.uint64()),
        "attempt": pa.array([0] * len(rows), pa.int32()),
        "donor": pa.array([rows[0]["image_id"] if p == "tone" else None for p in policy], pa.string()),
        "replay": drawn,
    }
    return pa.table(columns)


def _words(words: list[str], kind: pa.DataType) -> pa.DictionaryArray:
    return pa.array(words).dictionary_encode().cast(pa.dictionary(kind, pa.string()))


def _plan(path: Path, table: pa.Table, cells: Cells) -> None:
    train = np.array(table["split"].to_pylist()) == "train"
    cell, copy, kept = (table[name].to_numpy() for name in ("cell", "copy", "kept"))

    def tally(mask: np.ndarray) -> np.ndarray:
        return np.bincount(cell[mask & train], minlength=len(cells)).astype(np.int64)

    keep, augment = tally((copy == 0) & kept), tally(copy > 0)
    counts = {"available": tally(copy == 0), "keep": keep, "augment": augment, "target": keep + augment}
    columns = dict(
        zip([*cells.columns, "cell"], base.axis_columns(cells, pa.array(range(len(cells)), pa.int32())), strict=True)
    )
    plan.write(pa.table({**columns, **counts, "max_copies": np.full(len(cells), 6)}), path, cells)
