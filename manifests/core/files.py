"""Write whole, then publish: a reader sees the old file or the new one, never a part."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from manifests.core.errors import UserError


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
        raise _unwritable(path, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        sync(temporary)
        temporary.chmod(0o644)  # mkstemp's 0600 would hide the file from the user's group
        temporary.replace(path)
        sync(path.parent)
    except IsADirectoryError as error:
        raise UserError(str(path), "a file's path", "a directory", "Remove it or choose another path") from error
    except OSError as error:
        if error.filename is None:  # a full disk: say whose bytes did not fit
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk, so that a power cut can't take it back."""
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


@contextmanager
def publish_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside `path`; sync it and put it in the place of `path` on success.

    What an interrupted run left there is removed first, so that a page folder, which holds every
    image once more, never lies about twice.

    Args:
        path: where the finished folder is to be; an older one is replaced.
    Yields:
        the folder to fill.
    Raises:
        UserError: `path` is a file, or its folder can't be made.
    """
    if path.exists() and not path.is_dir():
        raise UserError(str(path), "a folder's path", "a file", "Remove it or choose another path")
    building, old = path.with_name(f".{path.name}.part"), path.with_name(f".{path.name}.old.part")
    for leftover in (building, old):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        building.mkdir(parents=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        yield building
        for file in sorted(building.rglob("*")):
            sync(file)
        if path.exists():
            path.rename(old)
        building.rename(path)
        sync(path.parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _unwritable(path: Path, error: OSError) -> UserError:
    remedy = "Check its permissions, or choose another output path"
    return UserError(str(path), "a folder that can be written", error.strerror, remedy)
