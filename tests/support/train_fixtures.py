"""Small shards for the training tests: discs whose radius and hue show the age."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core import params
from manifests.core.cells import Cells
from manifests.core.codec import encode
from manifests.core.errors import located
from manifests.sections.train import Train
from manifests.tables import base, index

if TYPE_CHECKING:
    from train.fitting.context import RunContext

CELLS = Cells.of(
    {
        "age": [20, 40, 60],
        "gender": ["male", "female"],
        "ethnicity": ["caucasian", "asian", "afroamerican"],
        "expression": ["neutral", "slightly happy", "happy", "other"],
    }
)


def run_context(shards: Path | None, cache: Path, run: str, text: str) -> RunContext:
    """A run of the parameter file `text`, which is written to `cache`; no shards: for its recipe alone."""
    from train.fitting.context import context_of
    from train.model import runtime
    from train.recipes import chain_of

    cache.mkdir(parents=True, exist_ok=True)
    path = cache / "params.yaml"
    path.write_text(text)
    with located(f"{path}: train"):
        train = params.section(path, Train)
        chain = chain_of(train, run)
    table, cells = index.read(shards / "index.parquet") if shards else (pa.table({}), CELLS)
    return context_of(train, chain, 7, table, cells, shards or cache, cache, runtime.prepare(7))


def photo(age: float, rng: np.random.Generator, size: int) -> np.ndarray:
    """uint8 (size, size, 3): a disc that grows and reddens with the age, on noise."""
    image = rng.integers(0, 60, (size, size, 3), np.uint8)
    colour = (80 + 1.5 * age, 200 - 1.5 * age, 120 + float(rng.uniform(-20, 20)))
    cv2.circle(image, (size // 2, size // 2), int(size * (0.15 + age / 300)), colour, -1)
    return image


def write_shards(
    folder: Path,
    counts: dict[str, int],
    copies: int = 1,
    size: int = 32,
    unlabelled: str = "",
    seed: int = 0,
    contents: list[bytes] | None = None,
) -> Path:
    """Write tars and their index.

    Args:
        folder: where to.
        counts: split -> photos.
        copies: copies of each fourth train photo, mirrored; every fifth original is dropped.
        size: width and height.
        unlabelled: a split without labels.
        seed: of the drawing.
        contents: JPEGs to take in place of drawn ones.
    Returns:
        the index's path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng, rows = np.random.default_rng(seed), []
    for split, count in counts.items():
        for number in range(count):
            age = float(np.clip(rng.gamma(4, 9), 1, 95))
            image = photo(age, rng, size)
            labels = [CELLS["age"].bin(age), *(int(rng.integers(n)) for n in CELLS.shape[1:])]
            cell = -1 if split == unlabelled else int(np.ravel_multi_index(labels, CELLS.shape))
            common = {"split": split, "path": f"{split}/{number:06d}.jpg", "cell": cell}
            common["age"] = None if split == unlabelled else age
            parent = contents[number] if contents else encode(image, 95)
            image_id = hashlib.sha256(parent).hexdigest()[:16]
            dropped = split == "train" and number % 5 == 4
            rows.append({**common, "image_id": image_id, "copy": 0, "kept": not dropped, "content": parent})
            for copy in range(1, copies + 1 if split == "train" and number % 4 == 0 else 1):
                content = encode(np.ascontiguousarray(image[:, ::-1]), 90 + copy)
                rows.append({**common, "image_id": image_id, "copy": copy, "kept": True, "content": content})
    for row in rows:
        row["shard"] = f"{row['split'] if row['kept'] else 'dropped'}-00000.tar"
    rows.sort(key=lambda row: (row["shard"], row["image_id"], row["copy"]))
    _write_tars(folder, rows)
    index.write(_table(rows), folder / "index.parquet", CELLS)
    return folder / "index.parquet"


def _write_tars(folder: Path, rows: list[dict]) -> None:
    for shard in sorted({row["shard"] for row in rows}):
        with tarfile.open(folder / shard, "w", format=tarfile.USTAR_FORMAT) as tar:
            for row in (r for r in rows if r["shard"] == shard):
                key = f"{row['image_id']}_{row['copy']:04d}"
                for suffix, content in (("jpg", row["content"]), ("json", json.dumps({"age": row["age"]}).encode())):
                    entry = tarfile.TarInfo(f"{key}.{suffix}")
                    entry.size = len(content)
                    if suffix == "jpg":
                        row["offset"] = tar.offset + 512
                    tar.addfile(entry, io.BytesIO(content))


def _table(rows: list[dict]) -> pa.Table:
    cells = pa.array([row["cell"] for row in rows], pa.int32())
    known = np.maximum(cells.to_numpy(), 0)
    labels = base.axis_columns(CELLS, pa.array(known, pa.int32()))[:-1]
    mask = pa.array(cells.to_numpy() < 0)
    labels = [pc.if_else(mask, pa.nulls(len(rows), label.type), label) for label in labels]
    made = {
        "task_id": [f"{row['image_id']}_{row['copy']:04d}" for row in rows],
        **{name: [row[name] for row in rows] for name in ("image_id", "copy", "path", "split", "kept", "shard")},
        "offset": [row["offset"] for row in rows],
        "size": [len(row["content"]) for row in rows],
        "sha256": [hashlib.sha256(row["content"]).hexdigest() for row in rows],
        "age": [row["age"] for row in rows],
        "age_std": [4.0 if row["age"] else None for row in rows],
        **dict(zip(CELLS.columns, labels, strict=True)),
        "cell": cells,
        "policy": ["original" if row["copy"] == 0 else "flip" for row in rows],
        "severity": [0.5] * len(rows),
        "seed": list(range(len(rows))),
        "attempt": [0] * len(rows),
        "donor": [None] * len(rows),
        "replay": ["{}"] * len(rows),
    }
    schema = index.schema(CELLS)
    arrays = [
        value
        if isinstance(value, (pa.Array, pa.ChunkedArray))
        else pa.array(value, type=_plain(schema.field(name).type))
        for name, value in made.items()
    ]
    return pa.table([a.cast(schema.field(n).type) for n, a in zip(made, arrays, strict=True)], names=list(made))


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
