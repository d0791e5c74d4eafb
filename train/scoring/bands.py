"""Error against age, in bands that hold enough photos to say something."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from manifests.tables.scorecard import Band
from train.scoring.intervals import of_mean
from train.scoring.metrics import group_means, weighted_group_means
from train.scoring.predictions import LabelledPhotos

WIDTH = 5  # years
FEWEST = 10  # photos of a band: the error of one photo is no curve


def edges(age: np.ndarray) -> np.ndarray:
    """Where bands begin and end: WIDTH years each, more where they would hold fewer than FEWEST photos.

    Bands are filled from the youngest on; a rest of too few photos joins the band before it.

    Args:
        age: float64 (photos,), years, at least one.
    Returns:
        float64 (bands + 1,), rising.
    """
    steps = np.arange(age.min() // WIDTH, age.max() // WIDTH + 2) * WIDTH
    counts = np.histogram(age, steps)[0] if len(steps) > 1 else np.zeros(0)
    chosen, held = [float(steps[0])], 0
    for end, count in zip(steps[1:], counts, strict=True):
        held += int(count)
        if held >= FEWEST:
            chosen.append(float(end))
            held = 0
    if held and len(chosen) > 1:
        chosen[-1] = float(steps[-1])
    return np.array(chosen if len(chosen) > 1 else [chosen[0], float(steps[-1])])


def bands(photos: LabelledPhotos, weight: np.ndarray) -> list[Band]:
    """Summarise the photos whose age is known, band by band.

    Args:
        photos: of one split.
        weight: float64 (replicates, photos), the bootstrap's.
    """
    known = ~np.isnan(photos.age)
    if not known.any():
        return []
    limits = edges(photos.age[known])
    place = np.searchsorted(limits, photos.age[known], side="right") - 1
    member = (place[:, None] == np.arange(len(limits) - 1)).astype(np.float64)
    weight = weight[:, known]
    signed = photos.target.signed(photos.pred, photos.age)
    errors = _summarised(member, photos.error[known], weight)
    unsigned: list[tuple[float | None, float | None, float | None]] = [(None, None, None)] * len(errors)
    signs = unsigned if signed is None else _summarised(member, signed[known], weight)
    return [
        Band(
            age=float(start + end) / 2,
            start=float(start),
            end=float(end),
            n=int(n),
            error=error,
            low=low,
            high=high,
            signed=mean,
            signed_low=below,
            signed_high=above,
        )
        for (start, end), n, (error, low, high), (mean, below, above) in zip(
            pairwise(limits), member.sum(axis=0), errors, signs, strict=True
        )
    ]


def _summarised(member: np.ndarray, values: np.ndarray, weight: np.ndarray) -> list[tuple[float, float, float]]:
    """Each band's mean with the ends of its interval."""
    means = group_means(member, values)
    low, high = of_mean(weighted_group_means(member, values, weight))
    return list(zip(means.tolist(), low.tolist(), high.tolist(), strict=True))
