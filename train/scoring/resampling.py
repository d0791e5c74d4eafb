"""Draw weights for the bootstrap over photos, stratified by joint cell.

Photos are drawn anew within each joint cell, so that every replicate keeps the composition of
the split. Many cells hold a few photos, and the plain bootstrap shrinks the variance of a cell
of n photos to (n - 1) / n of what it should be, by half in a cell of two. Hence the rescaling
of Rao and Wu (1988, "Resampling inference with complex survey data", JASA 83): draw n - 1
photos out of n and weigh each draw n / (n - 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from manifests.core.seeds import generator
from train.scoring.metrics import Grouping, bias, group_means


def strata(cell: np.ndarray) -> np.ndarray:
    """Join each cell of one photo with the next cell, so that every stratum can vary.

    Neighbours in cell order differ in the last axis first, and so share most of their groups.

    Args:
        cell: int (photos,), joint cells.
    Returns:
        int64 (photos,), stratum numbers from 0; each holds two photos or more if there are two.
    """
    numbers, counts = np.unique(cell, return_counts=True)
    stratum, held, of = 0, 0, []
    for count in counts:
        if held >= 2:
            stratum, held = stratum + 1, 0
        of.append(stratum)
        held += int(count)
    if held < 2 and stratum:  # the last one is left alone: it joins the one before
        of = [min(s, stratum - 1) for s in of]
    return np.asarray(of, np.int64)[np.searchsorted(numbers, cell)]


def weights(stratum: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """How much each photo weighs in each replicate.

    Args:
        stratum: int64 (photos,), from `strata`.
        resamples: how many replicates.
        seed: 64-bit seed; the same one gives the same weights for every run on these photos,
            which is what makes differences between runs paired.
    Returns:
        float64 (resamples, photos); the weights of a stratum of n photos sum to n.
    """
    order = np.argsort(stratum, kind="stable")
    counts = np.bincount(stratum)
    start = np.concatenate([[0], np.cumsum(counts)[:-1]])
    draws = np.maximum(counts - 1, 1)
    first, size = np.repeat(start, draws), np.repeat(counts, draws)
    drawn = (generator(seed).random((resamples, len(size))) * size).astype(np.int64) + first
    drawn += np.arange(resamples)[:, None] * len(stratum)
    count = np.bincount(drawn.ravel(), minlength=resamples * len(stratum)).reshape(resamples, -1)
    scaled = count * np.repeat(counts / draws, counts)
    placed = np.empty_like(scaled)
    placed[:, order] = scaled
    return placed


TIE = 1e-9  # sums in another order differ by less, and count as equal


def chance_biases(error: np.ndarray, axes: Sequence[Grouping], permutations: int, seed: int) -> np.ndarray:
    """Give the errors to the photos anew, keeping every group's size, and take the biases.

    Permuting the errors permutes the labels of all axes at once, which is the null hypothesis
    of each axis and of their average: no label says anything about the error.

    Args:
        error: float64 (photos,), errors.
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
