"""Where the photos have their faces, for workers: two files in the scratch folder that each maps into its memory."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from augment.kernels.mesh import Face
from manifests.core.errors import UserError
from manifests.core.face_mesh import POINTS
from manifests.core.places import fetched
from manifests.tables import landmarks
from manifests.tables.landmarks import FACE, PERSON

_BATCH = 4096  # rows read at once
_ENTRY = np.dtype([("points", np.float16, (POINTS, 3)), ("known", np.uint8), ("person", np.uint8, (PERSON, PERSON))])


def prepare(table: Path, scratch: Path) -> None:
    """Lay out the table of landmarks so that a row is found without reading the rest.

    Raises:
        UserError: it is not what `augment.landmarks` writes.
    """
    poses = landmarks.poses(table)
    ids = np.array(poses["image_id"].to_pylist(), "S16")
    there = poses["score"].to_numpy() >= FACE
    if (ids[1:] <= ids[:-1]).any():
        raise UserError(str(table), "rows in order of image_id", "another order", "Run `python -m augment.landmarks`")
    np.save(scratch / "faces_ids.npy", ids[there])
    entries = np.lib.format.open_memmap(scratch / "faces.npy", "w+", _ENTRY, (int(there.sum()),))
    try:
        _fill(entries, table, there)
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        rule = "points and masks in each row"
        raise UserError(str(table), rule, str(error)[:200], "Run `python -m augment.landmarks` again") from error
    entries.flush()


def _fill(entries: np.ndarray, table: Path, there: np.ndarray) -> None:
    """Write an entry for each row that is `there`, batch by batch."""
    row = done = 0
    with pq.ParquetFile(table) as file:
        for batch in file.iter_batches(_BATCH, columns=["points", "person"]):
            points = batch["points"].flatten().to_numpy().reshape(batch.num_rows, POINTS, 3)
            for at in np.flatnonzero(there[row : row + batch.num_rows]).tolist():
                person = batch["person"][at].as_py()
                known = len(person) == PERSON * PERSON
                mask = np.frombuffer(person, np.uint8).reshape(PERSON, PERSON) if known else 0
                entries[done] = (points[at], known, mask)
                done += 1
            row += batch.num_rows


class Faces:
    """Look faces up.

    Args:
        scratch: where `prepare` wrote them; without its files nobody has a face.
    """

    def __init__(self, scratch: Path) -> None:
        path, entries = (fetched(scratch / name) for name in ("faces_ids.npy", "faces.npy"))
        self._there = path is not None and entries is not None
        if path is not None and entries is not None:
            self._ids = np.load(path, mmap_mode="r", allow_pickle=False)
            self._entries = np.load(entries, mmap_mode="r", allow_pickle=False) if len(self._ids) else None
        self.of = lru_cache(maxsize=256)(self._of)

    def _of(self, image_id: str) -> tuple[Face | None, str]:
        """A photo's face, and a hash of it that an image's key holds; None where there is none."""
        if not self._there or self._entries is None:
            return None, ""
        name = np.bytes_(image_id.encode())
        at = int(np.searchsorted(self._ids, name))
        if at == len(self._ids) or self._ids[at] != name:
            return None, ""
        entry = self._entries[at]
        person = np.array(entry["person"]) if entry["known"] else None
        digest = blake2b(entry.tobytes(), digest_size=8).hexdigest()
        return Face(entry["points"].astype(np.float32), person), digest
