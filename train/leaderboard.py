"""The challenge's leaderboard: rank the systems in each column, then average the ranks."""

from __future__ import annotations

import numpy as np


def ranks(columns: np.ndarray) -> np.ndarray:
    """Rank each column, lower is better and first; systems that tie share the mean of their ranks.

    Args:
        columns: float64 (systems, columns): for the challenge its four biases and the MAE.
    Returns:
        float64 (systems, columns), ranks from 1.
    """
    below = (columns[None] < columns[:, None]).sum(axis=1)
    equal = (columns[None] == columns[:, None]).sum(axis=1)
    return below + (equal + 1) / 2


def average_ranks(columns: np.ndarray) -> np.ndarray:
    """The mean of each system's ranks: float64 (systems,); the lowest leads."""
    return ranks(columns).mean(axis=1)
