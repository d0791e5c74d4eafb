"""A source photo on its way through a worker: read and checked once, decoded once, if at all."""

from __future__ import annotations

from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from augment.kernels import ops, people
from augment.kernels.gates import Print
from manifests.core import codec, places, plain


class PhotoFailed(Exception):
    """A photo can't be rendered.

    Args:
        path: of the photo, or of the donor that it needs; relative to the root.
        reason: why.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason


class Photo:
    """A photo whose bytes are those that the scan saw.

    Args:
        root: the source root.
        path: relative to it.
        image_id: the first 16 hex digits of the SHA-256 of its bytes.
        max_bytes: largest file that is read, in bytes.
    Raises:
        PhotoFailed: it is gone, can't be read, or has changed since the scan.
    """

    def __init__(self, root: Path, path: str, image_id: str, max_bytes: int) -> None:
        self.path, self.image_id = path, image_id
        if path.startswith("/") or ".." in path.split("/"):
            raise PhotoFailed(path, "the path leaves the source root")
        try:
            self.content = plain.read_plain(places.below(root, path), max_bytes)
        except plain.NotReadable as error:
            raise PhotoFailed(path, f"{error.detail}; it has changed since the scan") from error
        except OSError as error:
            raise PhotoFailed(path, (error.strerror or str(error)).lower()) from error
        self.sha256 = sha256(self.content).digest()
        if not self.sha256.hex().startswith(image_id):
            raise PhotoFailed(path, "its bytes have changed since the scan")

    @cached_property
    def image(self) -> np.ndarray:
        """uint8 (height, width, 4), RGBX.

        Raises:
            PhotoFailed: it can't be decoded.
        """
        return self._decoded(0)

    def lent(self, drawn: dict[str, Any]) -> np.ndarray:
        """What a copy of another photo takes from this one: as `image`, or smaller where that is enough."""
        return self.image if "tone" in drawn else people.reduced(self._decoded(ops.LENT))

    def _decoded(self, least: int) -> np.ndarray:
        try:
            return codec.decode(self.content, "RGBX", least)
        except (codec.Undecodable, cv2.error, MemoryError) as error:
            raise PhotoFailed(self.path, f"can't be decoded: {error}") from error

    @cached_property
    def print_(self) -> Print:
        """Its print, of the decoded pixels."""
        return Print.of(self.image)


@lru_cache(maxsize=1024)
def verified(_run: str, root: Path, path: str, image_id: str, max_bytes: int) -> None:
    """Check a photo that others take from, once in a run; arguments and errors as for `lent`."""
    Photo(root, path, image_id, max_bytes)


@lru_cache(maxsize=256)  # a dozen kilobytes each
def lent(_run: str, root: Path, path: str, image_id: str, max_bytes: int) -> np.ndarray:
    """What copies that need no tone take from a photo, kept until a few hundred others were asked for.

    Args:
        _run: names this run alone: the next one checks the photo again.
        root, path, image_id, max_bytes: as for `Photo`.
    Returns:
        uint8 (height, width, 4), RGBX, about people.COARSE to a side; not to be changed.
    Raises:
        PhotoFailed: as `Photo`, and where it can't be decoded.
    """
    return Photo(root, path, image_id, max_bytes).lent({})
