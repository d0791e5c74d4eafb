"""Write whole, then publish: a reader sees the old file or the new one, never a part."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from manifests.errors import UserError


@contextmanager
def publish(path: Path) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; fsync and rename it there on success.

    On any exception, a KeyboardInterrupt included, the temporary file is removed and `path`
    stays as it was.

    Args:
        path: where the finished file is to be.
    Yields:
        the path to write to.
    Raises:
        UserError: the folder can't be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise UserError(
            str(path),
            "a folder that can be written",
            error.strerror,
            "Check its permissions, or choose another output path",
        ) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _sync(temporary)
        temporary.chmod(0o644)  # mkstemp's 0600 would hide the file from the user's group
        temporary.replace(path)
        _sync(path.parent)
    except IsADirectoryError as error:
        raise UserError(str(path), "a file's path", "a directory", "Remove it or choose another path") from error
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_bytes(path: Path, content: bytes) -> None:
    """Publish `content` as the file `path`."""
    with publish(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Publish `text`, in UTF-8, as the file `path`."""
    write_bytes(path, text.encode())
