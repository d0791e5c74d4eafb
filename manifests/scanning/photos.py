"""Check a photo's file: that it is in the root, is a regular file of an accepted size, and can be decoded."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

from manifests.core import codec, command, pool
from manifests.core.places import is_remote
from manifests.core.plain import NotReadable, read_plain
from manifests.sources.rows import Quarantined, Unusable

CHUNK = 64  # photos per call of a worker
MANY = 4_000  # photos from which processes are worth their start
SIDE = 64  # of the grey photos that near duplicates are found by
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"BM", b"II*\0", b"MM\0*")  # of codec.FORMATS


@dataclass(frozen=True)
class CheckedPhoto:
    """A photo that can be used.

    Attributes:
        path: relative to the root.
        image_id: the first 16 hex digits of the SHA-256 of the file's bytes.
        width, height: in pixels, upright.
        grey: uint8 (SIDE, SIDE), the whole photo reduced to that size.
    """

    path: str
    image_id: str
    width: int
    height: int
    grey: np.ndarray


@dataclass(frozen=True)
class SizeLimits:
    """The largest file, in bytes, and the largest photo, in pixels."""

    max_bytes: int
    max_pixels: int


def check_all(root: Path, paths: Sequence[str], limits: SizeLimits, jobs: int) -> list[CheckedPhoto | Quarantined]:
    """Check photos in parallel; the result is in the order of `paths` at any number of jobs.

    Processes, as two threads are slower than one here: they wait for the interpreter's lock between the short calls
    that release it. Few photos do not pay for their start, and those at an address wait for the network anyway.
    Threads are joined on Ctrl-C as well: one that decodes while the interpreter ends would abort it.
    """
    root = root if is_remote(root) else root.resolve()
    calls = ((at, root, paths[at : at + CHUNK], limits) for at in range(0, len(paths), CHUNK))
    threads = jobs == 1 or len(paths) < MANY or is_remote(root)
    found: dict[int, list[CheckedPhoto | Quarantined]] = {}
    with (
        command.progress(len(paths), "scan") as bar,
        closing(pool.each(jobs, _check_chunk, calls, "scan", (root,), threads)) as parts,
    ):
        for at, part in parts:
            found[at] = part
            bar.update(len(part))
    return [one for _, part in sorted(found.items()) for one in part]


def _check_chunk(
    at: int, root: Path, paths: Sequence[str], limits: SizeLimits
) -> tuple[int, list[CheckedPhoto | Quarantined]]:
    cv2.setNumThreads(0)
    return at, [check(root, path, limits) for path in paths]


def check(root: Path, path: str, limits: SizeLimits) -> CheckedPhoto | Quarantined:
    """Check one photo.

    Args:
        root: the source root, resolved.
        path: as its label names it; not trusted.
        limits: the largest file and photo that are accepted.
    """
    try:
        content = _read(_locate(root, path), limits.max_bytes)
        image = _decode(content, limits.max_pixels)
    except Unusable as error:
        return Quarantined(path, *error.args)
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return CheckedPhoto(path, sha256(content).hexdigest()[:16], image.shape[1], image.shape[0], grey)


def _locate(root: Path, path: str) -> str | Path:
    """The real path of a file below `root`, links followed; or its address."""
    if not path or any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in path):
        raise Unusable("malformed_name", "an empty name, a control character, or bytes that are no UTF-8")
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise Unusable("outside_root", "an absolute path, or one with ..")
    if is_remote(root):
        return root / path
    try:
        place = os.path.realpath(root / path, strict=True)
    except OSError as error:
        raise _unusable(error) from error
    if not Path(place).is_relative_to(root):
        raise Unusable("outside_root", "a link that leads out of the root")
    return place


def _read(place: str | Path, max_bytes: int) -> bytes:
    try:
        return read_plain(place, max_bytes)
    except NotReadable as error:
        limit = f", source.max_bytes is {max_bytes}" if error.reason == "too_large" else ""
        raise Unusable(error.reason, error.detail + limit) from error
    except OSError as error:
        raise _unusable(error) from error


def _unusable(error: OSError) -> Unusable:
    reasons = {errno.ENOENT: "missing_file", errno.ENOTDIR: "missing_file", errno.ENAMETOOLONG: "malformed_name"}
    missing = "missing_file" if isinstance(error, FileNotFoundError) else "unreadable"
    return Unusable(reasons.get(error.errno or 0, missing), (error.strerror or type(error).__name__).lower())


def _decode(content: bytes, max_pixels: int) -> np.ndarray:
    try:
        header = codec.header(content)
    except codec.TooManyPixels as error:
        raise Unusable("too_many_pixels", str(error)) from error
    except codec.Undecodable as error:
        if content.startswith(_MAGIC):
            raise Unusable("undecodable", "its header is cut or damaged") from error
        raise Unusable("unknown_format", f"no header of {', '.join(codec.FORMATS)}") from error
    if header.width * header.height > max_pixels:
        size = f"{header.width} x {header.height}"
        raise Unusable("too_many_pixels", f"{size}, source.max_pixels is {max_pixels}")
    try:
        return codec.decode(content)
    except codec.Undecodable as error:
        raise Unusable("undecodable", f"{header.format}: {error}") from error
