"""A small project to render: photos of our own, a source table, tasks and params, in a folder of its own."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from unittest import mock

import cv2
import joblib
import numpy as np
import pyarrow as pa

from augment import render as command
from manifests.core import codec
from manifests.core.cells import Cells
from manifests.core.seeds import derive
from manifests.sections.policies import needs_donor
from manifests.tables import base, index, landmarks, source, tasks
from tests.support import faces

CELLS = Cells.of({"age": [30], "gender": ["male", "female"]})
PARAMS = """
seed: 7
source: {layout: drawn, root: raw}
policies:
  pose: {weight: 1, severity: 0.6}
  light: {weight: 1, severity: 0.6}
  tone: {weight: 1, severity: 0.6}
  mixed: {weight: 1, severity: 1}
  noise: {weight: 1, severity: 0.5}
  morph: {weight: 1}
  turn: {weight: 1, severity: 1}
  background: {weight: 1}
render: {quality: 90}
"""
POLICIES = ("pose", "light", "tone", "mixed", "noise", "morph", "turn", "background")


def picture(number: int, size: int = 64) -> np.ndarray:
    """uint8 (size, size, 3): blobs and a gradient, unlike those of any other number."""
    rng = np.random.default_rng(number)
    image = np.full((size, size, 3), rng.integers(60, 190, 3), np.uint8)
    for _ in range(8):
        centre, colour = rng.integers(0, size, 2).tolist(), rng.integers(20, 235, 3).tolist()
        cv2.circle(image, centre, int(rng.integers(size // 10, size // 4)), colour, -1, cv2.LINE_AA)
    return cv2.GaussianBlur(image, (0, 0), 1.2)


@dataclass(frozen=True)
class Project:
    """The folder, laid out as a checkout is."""

    folder: Path

    @property
    def shards(self) -> Path:
        return self.folder / "datasets/shards"

    def table(self) -> pa.Table:
        return index.read(self.shards / "index.parquet")[0]

    def hashes(self) -> dict[str, str]:
        """SHA-256 of every output file."""
        files = [*sorted(self.shards.iterdir()), self.folder / "manifests/built/render.json"]
        return {file.name: sha256(file.read_bytes()).hexdigest() for file in files}

    def write_tasks(self, copies: int = 3, shard: int = 25, order: np.ndarray | None = None, skip: int = 0) -> None:
        """Plan every original and `copies` copies of each train photo but the first `skip`."""
        photos, _ = source.read(self.folder / "manifests/built/source.parquet")
        table = plan(photos, copies, shard, skip)
        table = table if order is None else table.take(pa.array(order))
        tasks.write(table, self.folder / "manifests/built/tasks.parquet", CELLS)

    def params(self, text: str) -> None:
        """Replace the line of `render` by `text`."""
        (self.folder / "params.yaml").write_text(PARAMS.replace("render: {quality: 90}", text))

    def render(self, jobs: int = 1, backend: str | None = None) -> str:
        """Run the stage in this process; returns what it prints."""
        printed = io.StringIO()
        parallel = joblib.parallel_config(backend) if backend else contextlib.nullcontext()
        with _inside(self.folder, jobs), parallel, contextlib.redirect_stdout(printed):
            command.main()
        return printed.getvalue()


@contextlib.contextmanager
def _inside(folder: Path, jobs: int) -> Iterator[None]:
    environment = mock.patch.dict(os.environ, {"N_JOBS": str(jobs)})
    with contextlib.chdir(folder), environment, mock.patch.object(sys, "argv", ["render"]):
        yield


def project(folder: Path, train: int = 20, scored: int = 6, **options: int) -> Project:
    """Make photos, the source table, tasks and params.yaml."""
    made = Project(folder)
    rows = []
    for number in range(train + scored):
        split = "train" if number < train else ("valid", "test")[number % 2]
        content, path = codec.encode(picture(number), 92), f"{split}/{number:04d}.jpg"
        (folder / "raw" / split).mkdir(parents=True, exist_ok=True)
        (folder / "raw" / path).write_bytes(content)
        rows.append((sha256(content).hexdigest()[:16], path, split, number % 2 * 40.0 + 10, number % 4))
    rows.sort(key=lambda row: (source.SPLITS.index(row[2]), row[1]))
    ids, paths, splits, ages, cells = (list(column) for column in zip(*rows, strict=True))
    count = len(rows)
    table = pa.table(
        {
            "image_id": ids,
            "path": paths,
            "split": pa.array(splits).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string())),
            "age": pa.array(ages, pa.float32()),
            "age_std": pa.nulls(count, pa.float32()),
            "age_width": pa.nulls(count, pa.float32()),
            "subject": pa.nulls(count, pa.string()),
            **dict(
                zip([f.name for f in base.axis_fields(CELLS)], base.axis_columns(CELLS, pa.array(cells)), strict=True)
            ),
            "width": pa.array([64] * count, pa.int32()),
            "height": pa.array([64] * count, pa.int32()),
            "near_of": pa.nulls(count, pa.string()),
        }
    )
    source.write(table, folder / "manifests/built/source.parquet", CELLS)
    seen = faces.table([image for image, split in zip(ids, splits, strict=True) if split == "train"])
    landmarks.write(seen, folder / "manifests/built/landmarks.parquet", CELLS)
    (folder / "params.yaml").write_text(PARAMS)
    made.write_tasks(**options)
    return made


def plan(photos: pa.Table, copies: int, shard: int, skip: int) -> pa.Table:
    """Tasks in the planner's order; the last train photo's original is dropped."""
    rows, train = [], [row for row in photos.to_pylist() if row["split"] == "train"]
    for row in photos.to_pylist():
        dropped = row["image_id"] == train[-1]["image_id"]
        rows.append((row, 0, "dropped" if dropped else row["split"], "original", None))
    for at, row in enumerate(train[skip:], start=skip):
        for copy in range(1, copies + 1):
            policy = POLICIES[(at + copy) % len(POLICIES)]
            donor = train[(at + 4) % len(train)]["image_id"] if needs_donor(policy) else None
            rows.append((row, copy, "train", policy, donor))
    rows.sort(key=lambda one: (one[2], one[0]["image_id"], one[1]))
    seen: dict[tuple[str, int], int] = {}
    shards = []
    for row, copy, group, _, _ in rows:
        kind = 0 if copy else tasks.SUFFIXES.index(tasks.suffix(row["path"]))
        seen[group, kind] = seen.get((group, kind), -1) + 1
        shards.append(f"{group}-{1000 * kind + seen[group, kind] // shard:05d}.tar")
    cells = pa.array([row["cell"] for row, *_ in rows], pa.int32())
    words = pa.dictionary(pa.int16(), pa.string())
    return pa.table(
        {
            "task_id": [tasks.task_id(row["image_id"], copy) for row, copy, *_ in rows],
            "image_id": [row["image_id"] for row, *_ in rows],
            "copy": pa.array([copy for _, copy, *_ in rows], pa.int32()),
            "split": pa.array([row["split"] for row, *_ in rows]).dictionary_encode().cast(words),
            "kept": [group != "dropped" for _, _, group, *_ in rows],
            "policy": pa.array([policy for *_, policy, _ in rows]).dictionary_encode().cast(words),
            "seed": pa.array([derive(7, row["image_id"], copy, 0) for row, copy, *_ in rows], pa.uint64()),
            "donor": pa.array([donor for *_, donor in rows], pa.string()),
            "shard": pa.array(shards).dictionary_encode(),
            "age": pa.array([row["age"] for row, *_ in rows], pa.float32()),
            "age_std": pa.array([row["age_std"] for row, *_ in rows], pa.float32()),
            **dict(zip([f.name for f in base.axis_fields(CELLS)], base.axis_columns(CELLS, cells), strict=True)),
        }
    )


def empty(made: Project) -> None:
    """Remove every pack of the store."""
    for pack in made.folder.glob(".cache/render/??/*.pack"):
        pack.unlink()


def images(printed: str) -> int:
    """How many images a run says that it rendered."""
    return int(printed.partition("(")[2].partition(" images")[0].replace(",", ""))
