"""What chance alone would show: biases of groups of the same sizes, drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manifests.core.seeds import generator
from train.scoring.metrics import Grouping, bias, group_means

TIE = 1e-9  # years; sums in another order differ by less, and count as equal


def chance_biases(error: np.ndarray, axes: Sequence[Grouping], permutations: int, seed: int) -> np.ndarray:
    """Give the errors to the photos anew, keeping every group's size, and take the biases.

    Permuting the errors permutes the labels of all axes at once, which is the null hypothesis
    of each axis and of their average: no label says anything about the error.

    Args:
        error: float64 (photos,), absolute errors in years.
        axes: the groupings whose biases are wanted.
        permutations: how many.
        seed: 64-bit seed.
    Returns:
        float64 (permutations, axes).
    """
    shuffled = generator(seed).permuted(np.broadcast_to(error, (permutations, len(error))), axis=1)
    return np.stack([bias(group_means(axis.member, shuffled)) for axis in axes], axis=1)


def p_value(observed: float, chance: np.ndarray) -> float:
    """Share of draws at least as large as what was observed, itself counted as one of them.

    Counting it keeps the test valid at any number of draws (Phipson and Smyth 2010,
    "Permutation p-values should never be zero").
    """
    return float((1 + np.count_nonzero(chance >= observed - TIE)) / (1 + len(chance)))
