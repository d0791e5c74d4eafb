"""From shards to batches: each photo is decoded by a thread into the batch's own memory.

The order of an epoch follows from (seed, epoch) alone, so that a resumed run sees the batches
it would have seen.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from math import prod
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import pyarrow as pa
import simplejpeg

from manifests.core import codec, command, seeds
from manifests.core.errors import UserError
from manifests.core.shards import Shards
from train.data.views import PLAIN, VIEWS

AHEAD = 3  # batches that are decoded in advance; more would only hold more memory, which the caches must turn over


class Inputs(Protocol):
    """What a model reads, by row: photos from shards, or features."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __len__(self) -> int: ...

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The given rows, (rows, *shape); called by several threads at once."""


class Images:
    """The photos of index rows, decoded on demand.

    Args:
        folder: where the shards lie.
        table: rows of the index.
        views: the view's name of each row; none: all plain.
        size: width and height to deliver, in pixels.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, folder: Path, table: pa.Table, views: list[str] | None, size: int) -> None:
        self.shape: tuple[int, ...] = (size, size, 3)
        self.views = views or [PLAIN] * len(table)
        named = table["shard"].cast(pa.string()).combine_chunks().dictionary_encode()
        self._names, self._shard = named.dictionary.to_pylist(), named.indices.to_numpy()
        self._offset, self._size = table["offset"].to_numpy(), table["size"].to_numpy()
        self._shards, self._memory = Shards(folder), Memory()

    def __len__(self) -> int:
        return len(self._offset)

    def place(self, row: int) -> tuple[str, int, int]:
        """Where a row's photo lies: the shard, and the offset and the size in bytes."""
        return self._names[self._shard[row]], int(self._offset[row]), int(self._size[row])

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Decode the rows: uint8 (rows, size, size, 3), in memory that is used again once nothing refers to it."""
        out = self._memory.array((len(rows), *self.shape), self.dtype)
        self.fill(rows, out)
        return out

    def fill(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Decode the rows into uint8 (rows, size, size, 3).

        Raises:
            UserError: a shard is missing or damaged.
        """
        places = (column[rows].tolist() for column in (self._shard, self._offset, self._size))
        scratch = _scratch(self.shape)
        for target, row, number, offset, length in zip(out, rows.tolist(), *places, strict=True):
            shard, view = self._names[number], self.views[row]
            content = self._shards.view(shard, offset, length)
            try:
                if view == PLAIN and _decode_into(content, scratch, target):
                    continue
                image = codec.decode(bytes(content))
            except codec.Undecodable as error:
                place = f"{self._shards.folder / shard} at byte {offset}"
                raise UserError(place, "a photo", error, "Run `python -m augment.render` again") from error
            target[...] = VIEWS[view](fit(image, self.shape[0]))


def fit(image: np.ndarray, size: int) -> np.ndarray:
    """Resize uint8 (height, width, 3) to (size, size, 3), by area where it shrinks."""
    height, width = image.shape[:2]
    if (height, width) == (size, size):
        return image
    shrinks = height >= size and width >= size
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))


def _decode_into(content: memoryview, scratch: np.ndarray, target: np.ndarray) -> bool:
    """Decode by way of the scratch memory where neither resizing nor turning is needed; return False where it is."""
    beginning = bytes(content[:4096])
    if not beginning.startswith(b"\xff\xd8\xff") or b"Exif\x00" in beginning:
        return False
    try:
        image = simplejpeg.decode_jpeg(content, colorspace="RGB", strict=True, buffer=scratch)
    except ValueError:  # damaged, or too large for the memory: `codec` decides
        return False
    if image.shape != target.shape:
        return False
    target[...] = image
    return True


def _scratch(shape: tuple[int, ...]) -> np.ndarray:
    """Memory for one photo, on purpose not at a multiple of 32 bytes.

    There libjpeg-turbo writes past the caches, which takes 8% longer than to decode here and to copy.
    """
    length = prod(shape)
    return _block(length + 16)[16 : 16 + length].reshape(shape)


class ArrayRows:
    """Rows of an array in memory, such as features; `held` is the array as a tensor, once one is made."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.dtype = array, array.dtype
        self.held: Any = None
        self.shape: tuple[int, ...] = array.shape[1:]

    def __len__(self) -> int:
        return len(self.array)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """A copy of the rows."""
        return self.array[rows]


def order(rows: int, seed: int, epoch: int) -> np.ndarray:
    """The shuffled order of an epoch: int64 (rows,), a function of its arguments alone."""
    return seeds.generator(seeds.derive(seed, "order", epoch, 0)).permutation(rows)


def ready(inputs: Inputs, rows: np.ndarray, batch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Deliver batches in the order of `rows`, the next ones decoded by threads meanwhile.

    Args:
        inputs: what to read.
        rows: int64, the rows in order.
        batch: rows per batch; the last may be smaller.
    Yields:
        the batch's rows, and their content (batch, *shape).
    """
    cuts = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    with ThreadPoolExecutor(command.jobs()) as pool:
        waiting: deque[Future[np.ndarray]] = deque()
        try:
            for position, cut in enumerate(cuts):
                while len(waiting) < AHEAD and position + len(waiting) < len(cuts):
                    waiting.append(pool.submit(inputs.take, cuts[position + len(waiting)]))
                yield cut, waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


ALIGNMENT = 64  # bytes; TensorFlow takes aligned memory as it is and copies any other


class Memory:
    """Blocks of memory that are used again; safe to share among threads."""

    def __init__(self) -> None:
        self._free: deque[np.ndarray] = deque()

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        """An uninitialised array that starts at a multiple of `ALIGNMENT` bytes.

        Its block is used again as soon as neither Python nor TensorFlow refers to it or to a view of it.
        """
        length = prod(shape) * dtype.itemsize
        try:
            block = self._free.pop()
        except IndexError:
            block = _block(length)
        if len(block) < length:
            block = _block(length)
        return np.asarray(_Loan(block, self._free))[:length].view(dtype).reshape(shape)


class _Loan:
    """The owner of an array's memory: views keep it alive, and when it is deleted the block is free again."""

    def __init__(self, block: np.ndarray, free: deque[np.ndarray]) -> None:
        self._block, self._free = block, free
        self.__array_interface__ = block.__array_interface__

    def __del__(self) -> None:
        self._free.append(self._block)


def _block(length: int) -> np.ndarray:
    memory = np.empty(length + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + length]
