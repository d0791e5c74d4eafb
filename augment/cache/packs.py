"""What was rendered once: packs of images, found by a key of all that an image depends on.

A worker writes one pack a task: the images' bytes, then one entry an image, then a footer. A pack
is published whole, so that a killed run leaves whole packs; each image carries its SHA-256 and
is checked when it is read, so that damage means rendering anew, never a wrong image. Where packs
lie and what they are called does not matter to the result.
"""

from __future__ import annotations

import mmap
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b, sha256
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import numpy as np

from augment.kernels.gates import PRINT
from manifests.core import places

KEY = 16  # bytes
ENTRY = np.dtype([("key", f"V{KEY}"), ("offset", "<u8"), ("size", "<u4"), ("sha256", "V32"), ("print", f"V{PRINT}")])
_FOOTER = np.dtype([("magic", "S8"), ("count", "<u8"), ("offset", "<u8"), ("digest", "V16")])
_BUFFER = 1 << 20
_MAGIC = b"AUGPACK1"
NO_PRINT = bytes(PRINT)


class Found(NamedTuple):
    """An image in the store: where its bytes lie, their SHA-256, and its print (NO_PRINT if gates were off)."""

    pack: str
    offset: int
    size: int
    sha256: bytes
    print_: bytes


class Pack:
    """Gather one task's images in a file that exists whole or not at all.

    Args:
        folder: the store.
    """

    def __init__(self, folder: Path) -> None:
        token = secrets.token_hex(12)
        self.name = f"{token[:2]}/{token}.pack"
        self._path = folder / self.name
        self._remote = places.is_remote(folder)
        self._part = self._path.with_name(f".{self._path.name}.part")
        if self._remote:
            self._part = Path(tempfile.gettempdir()) / self._part.name
        self._file: BinaryIO | None = None
        self._entries: list[tuple[bytes, int, int, bytes, bytes]] = []
        self._size = 0

    def add(self, key: bytes, image: bytes, digest: bytes, print_: bytes) -> Found:
        """Append an image; b"" for one that the gates turned down, of which only the print is kept."""
        if self._file is None:
            if not self._remote:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb", buffering=_BUFFER)
        self._file.write(image)
        found = Found(self.name, self._size, len(image), digest, print_)
        self._entries.append((key, *found[1:]))
        self._size += len(image)
        return found

    def publish(self) -> None:
        """Write the entries and the footer, and rename; nothing happens for an empty pack.

        It is not synced, which would keep the worker waiting: the stage does that meanwhile, and
        what a power cut tears apart is seen by its digests.
        """
        if self._file is None:
            return
        entries = np.array(self._entries, ENTRY).tobytes()
        footer = np.array((_MAGIC, len(self._entries), self._size, _digest(entries)), _FOOTER)
        with self._file as file:
            file.write(entries)
            file.write(footer.tobytes())
        if self._remote:
            places.put(self._part, self._path)
            self._part.unlink()
        else:
            self._part.rename(self._path)

    def discard(self) -> None:
        """Remove what `publish` has not made whole."""
        if self._file is not None:
            try:
                self._file.close()
            finally:  # a full disk refuses what was still to be written
                self._part.unlink(missing_ok=True)


def listed(folder: Path) -> list[Path]:
    """The packs of a store, in order of their names; a folder or a pipe of such a name is none."""
    found = folder.glob("??/*.pack")
    return sorted(found, key=str) if places.is_remote(folder) else sorted(path for path in found if path.is_file())


def entries(path: Path) -> np.ndarray:
    """Read a pack's entries.

    Returns:
        ENTRY (images,).
    Raises:
        ValueError: it is no whole pack.
    """
    with _opened(path) as (size, read):
        footer = np.frombuffer(read(max(0, size - _FOOTER.itemsize), _FOOTER.itemsize), np.uint8)
        if len(footer) < _FOOTER.itemsize:
            raise ValueError("shorter than a footer")
        end = footer.view(_FOOTER)[0]
        length = int(end["count"]) * ENTRY.itemsize
        if end["magic"] != _MAGIC or int(end["offset"]) + length + _FOOTER.itemsize != size:
            raise ValueError("no whole pack")
        content = read(int(end["offset"]), length)
    if _digest(content) != end["digest"].tobytes():
        raise ValueError("damaged entries")
    return np.frombuffer(content, ENTRY)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[int, Callable[[int, int], bytes]]]:
    """The size of a pack, and a function that reads bytes of it, by start and length."""
    if places.is_remote(path):
        yield places.size(path), lambda start, length: places.read(path, start, start + length)
        return
    with path.open("rb") as file:
        yield os.fstat(file.fileno()).st_size, lambda start, length: os.pread(file.fileno(), length, start)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def catalogue(folder: Path, scratch: Path) -> int:
    """Gather the entries of all packs into sorted arrays that workers map into memory.

    Packs that are not whole (a power cut) are removed.

    Args:
        folder: the store.
        scratch: where the arrays are written.
    Returns:
        how many images there are.
    """
    names, found = [], [np.zeros(0, ENTRY)]
    for path in listed(folder):
        try:
            found.append(entries(path))
        except ValueError:
            path.unlink()
            continue
        names.append(f"{path.parent.name}/{path.name}")
    number = np.repeat(np.arange(len(names), dtype=np.uint32), [len(part) for part in found[1:]])
    together = np.concatenate(found)
    words = np.frombuffer(together["key"].tobytes(), "<u8")[::2]
    order = np.argsort(words, kind="stable")
    if not places.is_remote(scratch):
        scratch.mkdir(parents=True, exist_ok=True)
    with places.filled(scratch) as local:
        np.save(local / "words.npy", words[order])
        np.save(local / "entries.npy", together[order].view(np.uint8).reshape(-1, ENTRY.itemsize))
        np.save(local / "numbers.npy", number[order])
        (local / "names.txt").write_text("\n".join(names))
    return len(together)


class Store:
    """Find and read images.

    Args:
        folder: the store.
        scratch: what `catalogue` wrote.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._folder, self._remote = folder, places.is_remote(folder)
        self._names = _there(scratch / "names.txt").read_text().split()
        mapped: Literal["r"] | None = "r" if self._names else None
        self._words, self._numbers, stored = (
            np.load(_there(scratch / f"{name}.npy"), mmap_mode=mapped, allow_pickle=False)
            for name in ("words", "numbers", "entries")
        )
        self._entries = stored.view(ENTRY)[:, 0] if len(stored) else np.zeros(0, ENTRY)

    def find(self, key: bytes) -> Iterator[Found]:
        """Every image stored under a key; its bytes are not checked yet."""
        if not len(self._words):
            return
        word = np.frombuffer(key, "<u8", 1)[0]
        at = int(np.searchsorted(self._words, word))
        while at < len(self._words) and self._words[at] == word:
            entry = self._entries[at]
            if entry["key"].tobytes() == key:
                yield Found(
                    self._names[self._numbers[at]],
                    int(entry["offset"]),
                    int(entry["size"]),
                    entry["sha256"].tobytes(),
                    entry["print"].tobytes(),
                )
            at += 1

    def read(self, found: Found) -> bytes | None:
        """The image's bytes, or None where they are not what was stored."""
        try:
            if self._remote:
                content = places.read(self._folder / found.pack, found.offset, found.offset + found.size)
                return content if sha256(content).digest() == found.sha256 else None
            with open(f"{self._folder}/{found.pack}", "rb", buffering=0) as file:  # noqa: PTH123 - faster
                content = os.pread(file.fileno(), found.size, found.offset)
        except OSError:
            return None
        return content if sha256(content).digest() == found.sha256 else None


def _there(path: Path) -> Path:
    found = places.fetched(path)
    if found is None:
        raise FileNotFoundError(2, "no catalogue of the store", str(path))
    return found


def mapped(path: Path) -> mmap.mmap:
    """A pack's bytes, unchecked."""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
