import numpy as np
import pytest
from scipy.stats import kstest, norm

from train.scoring.calibration import calibration, quantile, transform

EDGES = np.arange(101) + 0.5


@pytest.fixture
def forecasts() -> tuple[np.ndarray, np.ndarray]:
    """Means, and labels drawn around them with a deviation of 6 years."""
    rng = np.random.default_rng(0)
    mean = rng.uniform(35, 65, 4000)
    return mean, rng.normal(mean, 6)


def predicted(mean: np.ndarray, deviation: float) -> np.ndarray:
    return norm.cdf((EDGES - mean[:, None]) / deviation)


def test_an_honest_distribution_is_calibrated(forecasts: tuple[np.ndarray, np.ndarray]) -> None:
    mean, age = forecasts
    honest = predicted(mean, 6)
    assert kstest(transform(honest, age), "uniform").pvalue > 0.01
    found = calibration(honest, age)
    assert found.coverage == pytest.approx({"0.5": 0.5, "0.8": 0.8, "0.9": 0.9, "0.95": 0.95}, abs=0.02)
    assert found.error < 0.015
    assert found.width == pytest.approx(2 * norm.ppf(0.95) * 6, abs=0.05)
    assert found.pit == pytest.approx([0.1] * 10, abs=0.02)


@pytest.mark.parametrize(("deviation", "covered"), [(3, "less"), (12, "more")])
def test_too_sure_and_too_shy(forecasts: tuple[np.ndarray, np.ndarray], deviation: float, covered: str) -> None:
    mean, age = forecasts
    found = calibration(predicted(mean, deviation), age)
    assert (found.coverage["0.9"] < 0.7) if covered == "less" else (found.coverage["0.9"] > 0.98)
    assert found.error > 0.08
    tails = found.pit[0] + found.pit[-1]
    assert (tails > 0.4) if covered == "less" else (tails < 0.05)


def test_quantile_undoes_transform(forecasts: tuple[np.ndarray, np.ndarray]) -> None:
    honest = predicted(forecasts[0], 6)
    for level in (0.05, 0.5, 0.95):
        np.testing.assert_allclose(transform(honest, quantile(honest, level)), level, atol=1e-9)


def test_a_certain_year_spreads_over_that_year() -> None:
    sure = (np.arange(101) >= 30).astype(float)[None]
    assert transform(sure, np.array([29.5])) == [0]
    assert transform(sure, np.array([30.0])) == [0.5]
    assert transform(sure, np.array([30.5])) == [1]
    assert quantile(sure, 0.5) == [30]


@pytest.mark.parametrize(("age", "expected"), [(-3.0, 0.0), (130.0, 1.0)])
def test_labels_beyond_the_years_fall_at_the_ends(age: float, expected: float) -> None:
    assert transform(predicted(np.array([50.0]), 6), np.array([age])) == [expected]
