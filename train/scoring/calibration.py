"""Whether a predicted distribution over ages is calibrated.

If it is, the label falls in each part of the predicted distribution as often as that part
predicts: the probability integral transform (PIT) of the labels is uniform (Dawid 1984), and the
central 90% interval holds 90% of them (Gneiting, Balabdaoui and Raftery 2007, "Probabilistic
forecasts, calibration and sharpness").
"""

from __future__ import annotations

import numpy as np

from manifests.tables.scorecard import Calibration

LEVELS = (0.5, 0.8, 0.9, 0.95)
_EDGES = np.arange(102) - 0.5  # the mass of year k lies evenly over k - .5 to k + .5


def transform(cumulative: np.ndarray, age: np.ndarray) -> np.ndarray:
    """The predicted probability of an age below each label.

    Args:
        cumulative: float64 (photos, 101), probability of an age of 0 to 100 years or less.
        age: float64 (photos,), labels in years.
    Returns:
        float64 (photos,), 0 to 1.
    """
    place = np.clip(age - _EDGES[0], 0, len(_EDGES) - 1)
    year = np.minimum(place.astype(np.int64), len(_EDGES) - 2)
    knots = _knots(cumulative)
    rows = np.arange(len(age))
    low, high = knots[rows, year], knots[rows, year + 1]
    return low + (high - low) * (place - year)


def quantile(cumulative: np.ndarray, level: float) -> np.ndarray:
    """The age, in years, at which each photo's cumulative probability reaches `level`: float64 (photos,)."""
    knots = _knots(cumulative)
    above = np.clip((knots < level).sum(axis=1), 1, len(_EDGES) - 1)
    rows = np.arange(len(knots))
    low, high = knots[rows, above - 1], knots[rows, above]
    share = np.where(high > low, (level - low) / np.where(high > low, high - low, 1), 0.0)
    return _EDGES[above - 1] + np.clip(share, 0, 1)


def calibration(cumulative: np.ndarray, age: np.ndarray) -> Calibration:
    """Coverage of the central intervals, calibration error, sharpness and the PIT's histogram.

    The calibration error is the mean over 5%, 10%, ..., 95% of |share of labels below that
    quantile - the quantile| (Kuleshov, Fenner and Ermon 2018).
    """
    pit = transform(cumulative, age)
    grid = np.arange(1, 20) / 20
    observed = (pit[:, None] <= grid).mean(axis=0)
    tenths = np.bincount(np.minimum((pit * 10).astype(np.int64), 9), minlength=10) / len(pit)
    return Calibration(
        coverage={str(level): float((np.abs(pit - 0.5) <= level / 2).mean()) for level in LEVELS},
        error=float(np.abs(observed - grid).mean()),
        width=float((quantile(cumulative, 0.95) - quantile(cumulative, 0.05)).mean()),
        pit=[float(share) for share in tenths],
    )


def _knots(cumulative: np.ndarray) -> np.ndarray:
    """float64 (photos, 102): the cumulative probability at each edge, from exactly 0 to exactly 1."""
    inner = np.clip(np.maximum.accumulate(cumulative[:, :-1], axis=1), 0, 1)
    return np.concatenate([np.zeros((len(inner), 1)), inner, np.ones((len(inner), 1))], axis=1)
