"""Read a plain file whole, here or at an address: never a pipe, which would wait for ever, nor more than is wanted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from manifests.core import places


class NotReadable(Exception):
    """A file that is not read.

    Args:
        reason: `not_a_file`, `too_large` or `empty_file`.
        detail: what it is instead.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def read_plain(path: str | Path, max_bytes: int) -> bytes:
    """Read a plain file whole, or one at an address; a pipe would wait for ever, and a large file fill the memory.

    Raises:
        NotReadable: it is no plain file, is empty, or holds more than `max_bytes`.
        OSError: it can't be opened or read.
    """
    if isinstance(path, Path | str):
        return _read_local(path, max_bytes)
    try:
        _check_size(places.size(path), max_bytes)
    except IsADirectoryError as error:
        raise NotReadable("not_a_file", "a directory") from error
    return places.read(path)


def _read_local(path: str | Path, max_bytes: int) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        _check_regular(status)
        _check_size(status.st_size, max_bytes)
        return os.read(descriptor, status.st_size)  # not `max_bytes`: so much memory would be asked for
    finally:
        os.close(descriptor)


def _check_size(size: int, max_bytes: int) -> None:
    if size == 0:
        raise NotReadable("empty_file", "0 bytes")
    if size > max_bytes:
        raise NotReadable("too_large", f"{size} bytes")


def check_plain(path: Path) -> None:
    """Check before another library opens a file that it is a plain one.

    Raises:
        NotReadable: it is a folder, a pipe or another thing.
        OSError: there is none.
    """
    _check_regular(path.stat())


def _check_regular(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        folder = stat.S_ISDIR(status.st_mode)
        raise NotReadable("not_a_file", "a directory" if folder else "a device, pipe or socket")
