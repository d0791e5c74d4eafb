"""Memory that is lent out as arrays and used again, which spares the faults of fresh pages.

A batch of photos takes 10 MB. Asked for anew each time, its pages cost a quarter of the decoding.
"""

from __future__ import annotations

from collections import deque
from math import prod
from typing import Any

import numpy as np

ALIGNMENT = 64  # bytes; TensorFlow takes aligned memory as it is and copies any other


class Memory:
    """Blocks of memory; safe to share among threads. There are as many as were ever held at once."""

    def __init__(self) -> None:
        self._free: deque[np.ndarray] = deque()

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        """An uninitialised array that starts at a multiple of `ALIGNMENT` bytes.

        Its block is lent again as soon as neither it nor a view of it is held, by Python or by TensorFlow.
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
    """What an array of a block rests on: views of it keep it alive, and it gives the block back at its end."""

    def __init__(self, block: np.ndarray, free: deque[np.ndarray]) -> None:
        self._block, self._free = block, free
        self.__array_interface__ = block.__array_interface__

    def __del__(self) -> None:
        self._free.append(self._block)


def _block(length: int) -> np.ndarray:
    memory = np.empty(length + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + length]
