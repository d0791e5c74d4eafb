"""How the copies fall on the photos: the most of one photo in each cell, and how many photos get each number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Spread:
    """How the copies fall on the photos.

    Attributes:
        most: int64 (cells,), the most copies of one photo.
        photos: int64 (most copies + 1,), photos that get 0 copies, 1 copy, and so on.
    """

    most: np.ndarray
    photos: np.ndarray

    @classmethod
    def of_photos(cls, cell: np.ndarray, copies: np.ndarray, cells: int) -> Spread:
        """From the copies of each photo.

        Args:
            cell, copies: int64 (photos,).
            cells: how many there are.
        """
        most = np.zeros(cells, np.int64)
        np.maximum.at(most, cell, copies)
        return cls(most, np.bincount(copies))

    @classmethod
    def of_counts(cls, available: np.ndarray, augment: np.ndarray) -> Spread:
        """Without photos: each cell's copies differ by one at most.

        Args:
            available, augment: int64 (cells,), photos and images to synthesise.
        """
        filled = available > 0
        each, over = np.divmod(augment[filled], available[filled])
        photos = np.bincount(each, weights=available[filled] - over, minlength=int(each.max()) + 2)
        photos += np.bincount(each + 1, weights=over, minlength=len(photos))[: len(photos)]
        return cls(-(-augment // np.maximum(1, available)), photos.astype(np.int64))
