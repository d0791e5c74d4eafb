"""Write whole, then publish: a reader sees the old file or the new one, never a part."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from manifests.core import places
from manifests.core.errors import UserError


@contextmanager
def publish(path: Path, ending: str = "", replace: bool = True) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; fsync and rename it there on success.

    On any exception, a KeyboardInterrupt included, the temporary file is removed and `path`
    stays as it was. What a killed writer of the same file left is removed, too.

    Args:
        path: where the finished file is to be.
        ending: what the temporary name must end in for a library that looks at it.
        replace: whether a file with other bytes at the address is replaced; one on this machine always is.
    Yields:
        the path to write to.
    Raises:
        UserError: the folder can't be made or written.
    """
    if places.is_remote(path):
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder) / f"{path.name}{ending}"
            _put(Path(folder) / f"{path.name}{ending}", path, replace)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in path.parent.glob(f".{path.name}.*.part{ending}"):
            if not _in_use(leftover):
                leftover.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=f".part{ending}", dir=path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    temporary = Path(name)
    try:
        with contextlib.suppress(OSError):  # a network file system that can't lock a file
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
        os.close(handle)
        temporary.unlink(missing_ok=True)


def _put(local: Path, path: Path, replace: bool) -> None:
    try:
        places.put(local, path, replace)
    except FileExistsError as error:
        remedy = "Another command wrote it meanwhile. Let one command at a time write there, and run this one again"
        raise UserError(str(path), "no file, or the same one", "one with other bytes", remedy) from error
    except OSError as error:
        raise unwritable(path, error) from error


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


MARKER = ".stage"  # names the stage that made a folder, so that no other folder is ever replaced


@contextmanager
def publish_folder(path: Path, stage: str) -> Iterator[Path]:
    """Give an empty folder beside `path`; sync it and put it in the place of `path` on success.

    What an interrupted run left there is removed first, so that a page folder, which holds every
    image once more, never lies about twice. Each writer has a folder of its own: of two at once the
    last one's result stays, whole.

    Args:
        path: where the finished folder is to be, here or at an address; an older one that the same stage made is
            replaced.
        stage: the name of the command.
    Yields:
        the folder to fill.
    Raises:
        UserError: `path` is a file or a folder of the user's, or its folder can't be made.
    """
    check_replaceable(path, stage)
    if places.is_remote(path):
        with tempfile.TemporaryDirectory() as folder:
            yield Path(folder)
            _put_folder(Path(folder), path, stage)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for leftover in path.parent.glob(f".{path.name}.*.part"):
            if not _in_use(leftover):
                shutil.rmtree(leftover, ignore_errors=True)
        building = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    except OSError as error:
        raise unwritable(path, error) from error
    old = building.with_name(building.name.replace(".part", ".old.part"))
    try:
        with locked(building):
            yield building
            (building / MARKER).write_text(f"{stage}\n")
            for file in sorted(building.rglob("*")):
                sync(file)
            building.chmod(0o755)  # mkdtemp's 0700 would hide the folder from the user's group
            check_replaceable(path, stage)
            if path.exists():
                path.rename(old)
            building.rename(path)
            sync(path.parent)
    finally:
        shutil.rmtree(building, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _put_folder(local: Path, path: Path, stage: str) -> None:
    (local / MARKER).write_text(f"{stage}\n")
    try:
        places.put_folder(local, path, MARKER)
    except OSError as error:
        raise unwritable(path, error) from error


def check_replaceable(path: Path, stage: str) -> None:
    """Refuse to replace what the stage did not make.

    Raises:
        UserError: `path` is a file, or a folder that holds something and not the MARKER of this stage.
    """
    if path.exists() and not path.is_dir():
        raise UserError(str(path), "a folder's path", "a file", "Remove it or choose another path")
    held = sorted(each.name for each in path.iterdir() if not _ours(each.name)) if path.is_dir() else []
    marker = path / MARKER
    if held and not (marker.is_file() and marker.read_text(encoding="utf-8", errors="replace").strip() == stage):
        raise UserError(
            str(path),
            f"an empty folder, or one that {stage} made",
            f"a folder that holds {held[0]}" + (f" and {len(held) - 1} more" if held[1:] else ""),
            "Choose another path, or remove the folder if nothing in it is needed",
        )


def _ours(name: str) -> bool:
    """Whether it is the marker of a folder, or what another command writes as one at this moment."""
    return name == MARKER or (name.startswith(f".{MARKER}.") and name.endswith(".part"))


@contextmanager
def locked(folder: Path, shared: bool = False) -> Iterator[None]:
    """Hold a folder that one command at a time may write to, or several that share it.

    Raises:
        UserError: another command holds it.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                str(folder), "a folder that no other command uses", "one in use", "Wait until that command ends"
            ) from error
        except OSError:  # a network file system that can't lock a folder
            pass
        yield
    finally:
        os.close(descriptor)


def _in_use(folder: Path) -> bool:
    try:
        with locked(folder):
            return False
    except (UserError, OSError):
        return True


def unwritable(path: Path, error: OSError) -> UserError:
    """The error for a folder that can't be made or written."""
    remedy = "Check its permissions, or choose another output path"
    return UserError(str(path), "a folder that can be written", error.strerror or error, remedy)
