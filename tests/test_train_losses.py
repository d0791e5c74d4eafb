"""Losses: known answers."""

from __future__ import annotations

import numpy as np
import pytest

from train.model.losses import LOSSES
from train.targets import AGES, YEARS


def normal(mean: float, spread: float) -> np.ndarray:
    shares = np.exp(-0.5 * ((np.arange(AGES) - mean) / spread) ** 2)
    return (shares / shares.sum())[None].astype(np.float32)


def value(name: str, y: list[list[float]], output: np.ndarray) -> np.ndarray:
    return np.array(LOSSES[name](np.array(y, np.float32), output.astype(np.float32)))


def test_errors_are_shares_of_a_hundred_years() -> None:
    y, output = [[40.0, 3.0], [50.0, 3.0]], np.array([[0.5], [0.5]])
    np.testing.assert_allclose(value("mae", y, output), [0.1, 0], atol=1e-6)
    np.testing.assert_allclose(value("mse", y, output), [0.01, 0], atol=1e-6)


def test_soft_labels_are_a_normals_cross_entropy() -> None:
    wanted, given = normal(40, 3), normal(45, 4)
    expected = -(wanted * np.log(given + 1e-8)).sum()
    np.testing.assert_allclose(value("soft_labels", [[40, 3]], given), [expected], rtol=1e-4)
    assert value("soft_labels", [[40, 3]], wanted)[0] < expected


def test_soft_labels_follow_the_raters_spread() -> None:
    wide, narrow = normal(40, 8), normal(40, 2)
    assert value("soft_labels", [[40, 8]], wide)[0] < value("soft_labels", [[40, 8]], narrow)[0]
    assert value("soft_labels", [[40, 2]], narrow)[0] < value("soft_labels", [[40, 2]], wide)[0]


def test_mean_variance_adds_both_terms() -> None:
    output = normal(45, 4)
    mean = float(output[0] @ np.arange(AGES))
    variance = float(output[0] @ (np.arange(AGES) - mean) ** 2)
    expected = value("soft_labels", [[40, 3]], output)[0] + 0.1 * (mean - 40) ** 2 + 0.05 * variance
    assert value("mean_variance", [[40, 3]], output)[0] == pytest.approx(expected, rel=1e-4)


def test_ages_are_the_expectation_or_the_share() -> None:
    np.testing.assert_allclose(YEARS.decode(np.array([[0.25], [0.5]])), [25, 50])
    np.testing.assert_allclose(YEARS.decode(normal(37, 3)), [37], atol=1e-3)
