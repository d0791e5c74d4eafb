"""Places of photos, shards, pages and weights: on this machine, or at an address such as s3://bucket/folder, by fsspec.

A place at an address is a `UPath` (universal_pathlib), which has the methods of `Path` that this project calls. Only
what follows from a parameter or an option goes through here; all other paths are local.
"""

from __future__ import annotations

import inspect
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TypeVar, cast

from manifests.core.errors import UserError

T = TypeVar("T")
_BUCKETS = {
    "s3",
    "s3a",
    "gs",
    "gcs",
    "az",
    "abfs",
    "abfss",
    "oci",
    "oss",
}  # they have no folders, and nobody makes a bucket


def is_address(text: str) -> bool:
    """Whether a path is an address such as s3://bucket/folder."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", text) is not None


def place(text: str) -> Path:
    """The place that a parameter or an option names.

    Raises:
        UserError: an address of a kind that nobody here can read.
    """
    if not is_address(text):
        return Path(text)
    from upath import UPath  # a tenth of a second, for the few who need it

    kind = text.partition(":")[0]
    try:
        made = UPath(text)
        made.fs  # noqa: B018 - loads the kind's package
    except ImportError as error:  # fsspec's message names the package
        raise UserError(text, f"an installed package for {kind}://", error, "Install it beside the others") from error
    except ValueError as error:
        raise UserError(text, "an address that fsspec knows, such as s3://bucket/folder", kind, "Correct it") from error
    except Exception as error:  # such as a host that refuses: each file system of fsspec has errors of its own
        raise _silent(text, error) from error
    return cast(Path, made)


def reached(text: str) -> Path:
    """The same, once its file system has answered.

    Raises:
        UserError: as `place` does; or it does not answer, or not to us.
    """
    made = place(text)
    if is_remote(made):
        try:
            _asked(made.exists)
        except OSError as error:
            raise _silent(text, error) from error
    return made


def _silent(text: str, error: Exception) -> UserError:
    received = " ".join(str(error).split()) or type(error).__name__
    return UserError(text, "a place that answers", received, "Check the address and your credentials")


def is_remote(path: Path | str) -> bool:
    """Whether a place is an address; a string, as local code passes paths to be quick, is none."""
    return not isinstance(path, Path | str)


def below(root: Path, path: str) -> str | Path:
    """A path below a place; a string where it is local, as making a `Path` would take longer than opening it."""
    return root / path if is_remote(root) else f"{root}/{path}"


def size(path: Path) -> int:
    """The bytes of a file at an address.

    Raises:
        FileNotFoundError: there is none.
        OSError: whatever else its file system says.
    """
    found = _asked(lambda: path.fs.info(path.path))  # type: ignore[attr-defined]
    if found["type"] != "file":
        raise IsADirectoryError(21, "a directory", str(path))
    return int(found["size"] or 0)


def read(path: Path, start: int | None = None, end: int | None = None) -> bytes:
    """A file at an address, or the bytes from `start` to before `end`. Raises as `size` does."""
    return bytes(_asked(lambda: path.fs.cat_file(path.path, start=start, end=end)))  # type: ignore[attr-defined]


def ranges(folder: Path, wanted: Sequence[tuple[str, int, int]]) -> list[bytes]:
    """Parts of files below an address, each (name, start, end), asked for together. Raises as `size` does."""
    names = [(folder / name).path for name, _, _ in wanted]  # type: ignore[attr-defined]
    starts, ends = [start for _, start, _ in wanted], [end for _, _, end in wanted]
    found = _asked(lambda: folder.fs.cat_ranges(names, starts, ends, on_error="raise"))  # type: ignore[attr-defined]
    return [bytes(each) for each in found]


@contextmanager
def filled(folder: Path) -> Iterator[Path]:
    """Give a local folder for files of `folder`: itself, or one whose files are put to its address at the end."""
    if not is_remote(folder):
        yield folder
        return
    with tempfile.TemporaryDirectory() as temporary:
        yield Path(temporary)
        for path in sorted(Path(temporary).iterdir()):
            put(path, folder / path.name)


def local(text: str) -> Path:
    """The file that a parameter names: its path, or what was fetched from its address.

    Raises:
        UserError: an address that does not answer, or at which no file is.
    """
    made = place(text)
    if not is_remote(made):
        return made
    try:
        found = fetched(made)
    except OSError as error:
        raise _silent(text, error) from error
    if found is None:
        raise UserError(text, "a file", "none at this address", "Correct the address, or put the file there")
    return found


def fetched(path: Path) -> Path | None:
    """A file as one on this machine, fetched once by this process where it is at an address; None if there is none."""
    return _fetched(path) if is_remote(path) else path if path.exists() else None


@lru_cache(maxsize=64)
def _fetched(path: Path) -> Path | None:
    try:
        content = read(path)
    except FileNotFoundError:
        return None
    made = Path(_folder().name) / f"{sha256(str(path).encode()).hexdigest()[:16]}-{path.name}"
    made.write_bytes(content)
    return made


@lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory:
    """Of this process, and removed at its end."""
    return tempfile.TemporaryDirectory(prefix="fetched-")


def make(folder: Path) -> None:
    """Make a folder at an address, where its file system has folders. Raises as `size` does."""
    if folder.protocol not in _BUCKETS:  # type: ignore[attr-defined]
        _asked(lambda: folder.mkdir(parents=True, exist_ok=True))


def put(local: Path, path: Path, replace: bool = True) -> None:
    """Write a local file to an address: one object, there whole or not at all.

    An object that has these bytes already is left alone. Where the file system knows exclusive writes (S3 by
    `If-None-Match`), of two that write one object at once the second one finds the first one's.

    Args:
        local, path: from where, and to where.
        replace: whether an object with other bytes is replaced.
    Raises:
        FileExistsError: there is one with other bytes, and `replace` is false.
        OSError: as `size` does.
    """
    make(path.parent)
    if not _asked(path.exists) and _created(local, path):
        return
    if _same(local, path):
        return
    if not replace:
        raise FileExistsError(17, "an object with other bytes", str(path))
    _asked(lambda: path.fs.put_file(str(local), path.path))  # type: ignore[attr-defined]


def _created(local: Path, path: Path) -> bool:
    """Whether the object was written; false where another was quicker."""
    call = path.fs.put_file  # type: ignore[attr-defined]
    only = {"mode": "create"} if "mode" in inspect.signature(call).parameters else {}
    try:
        _asked(lambda: call(str(local), path.path, **only))  # type: ignore[attr-defined]
    except FileExistsError:
        return False
    return True


def _same(local: Path, path: Path) -> bool:
    try:
        return size(path) == local.stat().st_size and read(path) == local.read_bytes()
    except FileNotFoundError:  # removed since
        return False


def put_folder(local: Path, folder: Path, marker: str) -> None:
    """Write the files of a local folder to an address, in the place of those that lie there.

    What a reader opens first, `index.*`, is removed first and written last: nobody sees a page of which a part is
    missing. Raises as `size` does.

    Args:
        local, folder: from where, and to where.
        marker: the name of the file that says who made the folder: written before all others.
    """
    names = [each.relative_to(local).as_posix() for each in sorted(local.rglob("*")) if each.is_file()]
    names.sort(key=lambda name: (name != marker, name.startswith("index.")))
    old = _asked(lambda: [each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()])
    for name in old:
        if name.startswith("index.") or name not in names:
            _asked((folder / name).unlink)
    for name in names:
        put(local / name, folder / name)


def remove(folder: Path) -> None:
    """Remove a folder at an address, if it is there. Raises as `size` does."""
    if _asked(folder.exists):
        _asked(lambda: folder.fs.rm(folder.path, recursive=True))  # type: ignore[attr-defined]


def _asked(call: Callable[[], T]) -> T:
    """Call, with the errors of whatever library is asked as OSError."""
    try:
        return call()
    except OSError:
        raise
    except Exception as error:  # each file system of fsspec has errors of its own
        raise OSError(f"{type(error).__name__}: {' '.join(str(error).split())}") from error
