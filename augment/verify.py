"""Render images again from their index rows alone, and report every one that comes out otherwise.

python -m augment.verify
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from augment.cache import keys
from augment.kernels import ops
from augment.kernels.ops import FACED
from augment.rendering import faces
from augment.rendering.faces import Faces
from augment.rendering.photo import Photo, PhotoFailed
from augment.rendering.task_rows import CALL, cut
from manifests.core import command, params, pool
from manifests.core.errors import UserError
from manifests.core.places import reached
from manifests.core.shards import Shards
from manifests.sections.source import Source
from manifests.tables import index
from manifests.tables.tasks import JPEG, suffix

COLUMNS = ["task_id", "image_id", "copy", "path", "shard", "offset", "size", "sha256", "donor", "donor_path", "replay"]


@dataclass(frozen=True)
class Folders:
    """Where photos, shards and faces lie, absolute: a worker may run in another folder; and the largest photo file."""

    root: Path
    shards: Path
    faces: Path
    max_bytes: int


def main() -> None:
    """Verify a sample, or with `--sample 0` every row; exit 1 where one does not match."""
    parser = command.parser(
        __doc__, remote=("index",), index="datasets/shards/index.parquet", landmarks="manifests/built/landmarks.parquet"
    )
    parser.add_argument("--sample", type=int, default=1000, help="rows, evenly spread; 0 for all (default: 1000)")
    options = parser.parse_args()
    if options.sample < 0:
        raise UserError("--sample", "a number of rows, or 0 for all", options.sample, "Correct the value")
    photos, _ = index.read(options.index, columns=("image_id", "path", "policy"))
    source = params.section(options.params, Source)
    for line in warnings(photos):
        print(line, file=sys.stderr)
    chosen, wrong = spread(photos.num_rows, options.sample), []
    with tempfile.TemporaryDirectory() as scratch, command.progress(len(chosen), "verify") as bar:
        if not FACED.isdisjoint(pc.unique(photos["policy"].take(pa.array(chosen)).cast("string")).to_pylist()):
            faces.prepare(options.landmarks, Path(scratch))
        shards = options.index.parent.absolute()
        folders = Folders(reached(source.root).absolute(), shards, Path(scratch), source.max_bytes)
        quality = int(photos.schema.metadata[b"quality"])
        for rows in picked(index.groups(options.index), chosen):
            wrong += verify(with_donors(rows, photos), quality, folders, command.jobs(), bar.update)
    print("\n".join([*wrong, f"{len(chosen):,} of {photos.num_rows:,} images verified, {len(wrong):,} mismatches"]))
    if wrong:
        sys.exit(1)


def warnings(table: pa.Table) -> list[str]:
    """Lines that say which libraries are not those that the images were rendered with."""
    made, here = json.loads(table.schema.metadata[b"versions"]), json.loads(keys.versions())
    return [
        f"rendered with {name} {made.get(name)}, here {here[name]}: bytes may differ"
        for name in here
        if made.get(name) != here[name]
    ]


def spread(number: int, count: int) -> np.ndarray:
    """int64 (count,): `count` of so many rows, spread evenly; all for 0."""
    if count == 0 or count >= number:
        return np.arange(number)
    return np.linspace(0, number - 1, count).astype(np.int64)


def picked(tables: Iterable[pa.Table], chosen: np.ndarray) -> Iterator[pa.Table]:
    """The chosen rows, int64 and ascending, of a table that comes in parts: at most one table for each part."""
    start = 0
    for table in tables:
        first, last = np.searchsorted(chosen, (start, start + table.num_rows))
        if first < last:
            yield table.take(pa.array(chosen[first:last] - start))
        start += table.num_rows


def with_donors(rows: pa.Table, photos: pa.Table) -> pa.Table:
    """The rows with the paths of their donors, which `photos` has by `image_id`; null where it does not."""
    donor = pc.index_in(rows["donor"], value_set=photos["image_id"].combine_chunks())
    return rows.append_column("donor_path", photos["path"].take(donor.combine_chunks()))


def verify(rows: pa.Table, quality: int, folders: Folders, jobs: int, done: Callable[[int], object]) -> list[str]:
    """Say what does not match, one line an image, in the order of the rows.

    Args:
        rows: of the index, `with_donors`.
        quality: the encoder's.
        folders: where to read.
        jobs: how many workers.
        done: called with the number of rows that were verified.
    """
    rows = rows.append_column("row", pa.array(np.arange(rows.num_rows)))
    found = rows.select(["row", *COLUMNS]).sort_by([("image_id", "ascending"), ("row", "ascending")]).to_pylist()
    wrong: list[tuple[int, str]] = []
    calls = ((part, folders, quality) for part in cut(found, 8 * CALL))
    with closing(pool.each(jobs, _check, calls, "verify", (folders.root, folders.shards))) as parts:
        for count, lines in parts:
            done(count)
            wrong += lines
    return [line for _, line in sorted(wrong)]


def _check(rows: list[dict[str, Any]], folders: Folders, quality: int) -> tuple[int, list[tuple[int, str]]]:
    cv2.setNumThreads(0)
    wrong: list[tuple[int, str]] = []
    photo: Photo | None = None
    known = Faces(folders.faces)
    with Shards(folders.shards) as shards:
        for row in rows:
            try:
                if photo is None or photo.image_id != row["image_id"]:
                    photo = Photo(folders.root, row["path"], row["image_id"], folders.max_bytes)
                reasons = _differences(row, photo, folders, shards, quality, known)
            except PhotoFailed as error:
                reasons = [f"{error.path}: {error.reason}"]
            except UserError as error:
                reasons = [str(error)]
            wrong += [(row["row"], f"{row['task_id']}: {reason}") for reason in reasons]
    return len(rows), wrong


def _differences(
    row: dict[str, Any], photo: Photo, folders: Folders, shards: Shards, quality: int, known: Faces
) -> list[str]:
    stored = shards.read(row["shard"], row["offset"], row["size"])
    drawn = json.loads(row["replay"])
    again = photo.content
    if drawn or (row["copy"] and suffix(row["path"]) != JPEG):
        if row["donor"] and row["donor_path"] is None:
            return [f"its donor {row['donor']} is not in the index"]
        donor = Photo(folders.root, row["donor_path"], row["donor"], folders.max_bytes) if row["donor"] else None
        face, other = (known.of(one.image_id)[0] if one else None for one in (photo, donor))
        try:
            _, again = ops.develop(photo.image, drawn, donor.lent(drawn) if donor else None, quality, face, other)
        except ValueError as error:
            return [str(error)]
    reasons = []
    if sha256(stored).hexdigest() != row["sha256"]:
        reasons.append(f"the bytes in {row['shard']} are not those of the index")
    if sha256(again).hexdigest() != row["sha256"]:
        reasons.append("rendered again, it comes out otherwise")
    return reasons


if __name__ == "__main__":
    command.run(main)
