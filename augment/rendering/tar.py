"""Write one shard: a tar of WebDataset samples whose headers depend on nothing but names and sizes."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from augment.cache import packs
from augment.rendering.messages import Setup
from manifests.core import places, plain
from manifests.core.errors import UserError
from manifests.tables.tasks import JPEG, suffix

_BLOCK = 512
_END = bytes(2 * _BLOCK)
_BUFFER = 1 << 20

PLACE = ("path", "pack", "offset", "size", "sha256")
_UNUSED = frozenset({*PLACE, "kept", "shard", "split", "donor_path"})


def write(path: Path, rows: pa.Table, setup: Setup) -> np.ndarray:
    """Write a shard's samples; the caller publishes the file.

    Syncing keeps a worker waiting, so it is not done here.

    Args:
        path: the file to write.
        rows: one per image, in order: `task_id`; `path` of the source photo; `pack`, `offset`, `size` and
            `sha256` of its bytes in the store, pack "" being the source photo itself; and labels.
        setup: the source root, of the originals, and the store, of the copies.
    Returns:
        int64 (images,), the offset of each image's bytes in the file.
    Raises:
        UserError: a file changed while the stage ran.
    """
    offsets, at = [], 0
    contents = _contents(rows, setup)
    with path.open("wb", buffering=_BUFFER) as file:
        for label, (suffix, content) in zip(_labels(rows), contents, strict=True):
            image = _member(label["task_id"] + suffix, content)
            beside = _member(label["task_id"] + ".json", orjson.dumps(label, option=orjson.OPT_SORT_KEYS))
            file.write(image)
            file.write(beside)
            offsets.append(at + _BLOCK)
            at += len(image) + len(beside)
        file.write(_END)
    return np.array(offsets, np.int64)


def _labels(rows: pa.Table) -> Iterator[dict[str, Any]]:
    """What stands in the `.json` of each sample, in types that readers guess right from the first ones.

    A label that nobody knows is left out, never null, and the seed, which may exceed 2**63, is a string.
    """
    names = [name for name in rows.column_names if name not in _UNUSED]
    for values in zip(*(rows[name].to_pylist() for name in names), strict=True):
        label = dict(zip(names, values, strict=True))
        label["donor"], label["seed"] = label["donor"] or "", str(label["seed"])
        yield {name: value for name, value in label.items() if value is not None}


def _contents(rows: pa.Table, setup: Setup) -> Iterator[tuple[str, bytes]]:
    """The extension and the bytes of each image; those of a pack were checked by who made or found them."""
    opened: dict[str, mmap.mmap] = {}  # mapped once: a shard is in shuffled order
    places_of = list(zip(*(rows[one].to_pylist() for one in PLACE), strict=True))
    fetched = _fetched(setup.store, places_of)
    for path, pack, offset, size, digest in places_of:
        if pack and fetched is not None:
            content = next(fetched)
            intact = len(content) == size
        elif pack:
            if pack not in opened:
                opened[pack] = packs.mapped(setup.store / pack)
            content = opened[pack][offset : offset + size]
            intact = len(content) == size
        else:
            content = _original(setup, path)
            intact = sha256(content).digest() == digest
        if not intact:
            where = str(setup.store / pack if pack else setup.root / path)
            raise UserError(where, "a file that stays as it is", "other bytes than before", "Run the stage again")
        yield (JPEG if pack else suffix(path)), content


def _fetched(store: Path, found: Sequence[tuple[str, str, int, int, bytes]]) -> Iterator[bytes] | None:
    """The copies' bytes, in order, out of a store at an address: all of a shard are asked for at once."""
    if not places.is_remote(store):
        return None
    return iter(places.ranges(store, [(pack, at, at + size) for _, pack, at, size, _ in found if pack]))


def _original(setup: Setup, path: str) -> bytes:
    try:
        return plain.read_plain(places.below(setup.root, path), setup.max_bytes)
    except plain.NotReadable as error:
        raise UserError(
            str(setup.root / path), "a file that stays as it is", error.detail, "Run `python -m manifests.scan` again"
        ) from error


def _member(name: str, content: bytes) -> bytes:
    """A file's ustar header (POSIX.1-1988), its bytes, and zeros to the next block."""
    key, size = name.encode(), b"%011o" % len(content)
    checksum = b"%06o\x00 " % (sum(key) + sum(size) + _SUM)
    padding = bytes(100 - len(key)), bytes(-len(content) % _BLOCK)
    return b"".join((key, padding[0], _OWNER, size, _MTIME, checksum, _TAIL, content, padding[1]))


_OWNER = b"0000644\x000000000\x000000000\x00"
_MTIME = b"\x0000000000000\x00"  # and the end of the size before it
_TAIL = b"0" + bytes(100) + b"ustar\x0000" + bytes(32 + 32 + 8 + 8 + 155 + 12)
_SUM = sum(_OWNER) + sum(_MTIME) + sum(_TAIL) + 8 * ord(" ")  # of all but name and size
