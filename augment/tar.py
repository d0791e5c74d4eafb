"""Write one shard: a tar of WebDataset samples whose headers depend on nothing but names and sizes."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from augment import packs
from manifests.errors import UserError
from manifests.files import publish

_BLOCK = 512
_END = bytes(2 * _BLOCK)
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
_encode = json.JSONEncoder(separators=(",", ":"), sort_keys=True, check_circular=False).encode


PLACE = ("path", "pack", "offset", "size", "sha256")
_UNUSED = frozenset({*PLACE, "kept", "shard", "split", "donor_path"})


def suffix(path: str) -> str:
    """The original's own extension; `.jpg` where it has none that readers know."""
    own = PurePosixPath(path).suffix
    return own if own.lower() in _SUFFIXES else ".jpg"


def write(shard: Path, rows: pa.Table, root: Path, store: Path) -> tuple[str, np.ndarray]:
    """Publish a shard.

    Args:
        shard: the tar to write.
        rows: one an image, in order: `task_id`; `path` of the source photo; `pack`, `offset`, `size` and
            `sha256` of its bytes in the store, pack "" being the source photo itself; and labels.
        root: the source root, of the originals.
        store: the store, of the copies.
    Returns:
        the shard's name, and int64 (images,), the offset of each image's bytes in it.
    Raises:
        UserError: a file changed while the stage ran.
    """
    offsets, at = [], 0
    labels = rows.select([name for name in rows.column_names if name not in _UNUSED]).to_pylist()
    places = rows.select(PLACE).to_pylist()
    with publish(shard) as temporary, temporary.open("wb") as file:
        for label, place in zip(labels, places, strict=True):
            content = _content(place, root, store)
            end = ".jpg" if place["pack"] else suffix(place["path"])
            image = _member(label["task_id"] + end, content)
            beside = _member(label["task_id"] + ".json", _encode(label | {"donor": label["donor"] or ""}).encode())
            file.write(image)
            file.write(beside)
            offsets.append(at + _BLOCK)
            at += len(image) + len(beside)
        file.write(_END)
    return shard.name, np.array(offsets, np.int64)


def _content(place: dict[str, Any], root: Path, store: Path) -> bytes:
    """The image's bytes; those of a pack were checked by the worker that made or found them."""
    if place["pack"]:
        where = store / place["pack"]
        content = packs.read(store, place["pack"], place["offset"], place["size"])
        intact = len(content) == place["size"]
    else:
        where = root / place["path"]
        content = where.read_bytes()
        intact = sha256(content).digest() == place["sha256"]
    if not intact:
        raise UserError(str(where), "a file that stays as it is", "other bytes than before", "Run the stage again")
    return content


def _member(name: str, content: bytes) -> bytes:
    """A file's ustar header (POSIX.1-1988), its bytes, and zeros to the next block."""
    header = b"%s%s0000644\x000000000\x000000000\x00%011o\x0000000000000\x00%s0%s" % (
        name.encode(),
        bytes(100 - len(name)),
        len(content),
        b" " * 8,
        _TAIL,
    )
    checksum = b"%06o\x00 " % sum(header)
    return b"".join((header[:148], checksum, header[156:], content, bytes(-len(content) % _BLOCK)))


_TAIL = bytes(100) + b"ustar\x0000" + bytes(32 + 32 + 8 + 8 + 155 + 12)
