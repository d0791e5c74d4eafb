"""Do the intervals cover and are the p-values uniform, in simulations where the truth is known."""

import numpy as np
import pytest
from scipy.stats import kstest

from tests.support.scoring import CELLS, draw_cells
from train.scoring.intervals import of_bias, of_mean, widening
from train.scoring.metrics import bias, group_means, groupings, weighted_group_means
from train.scoring.paired import pair, resampled
from train.scoring.resampling import chance_biases, p_value, strata, weights

EFFECTS = (np.array([0, 0, 0.15, 0.5]), np.array([0, 0.05]), np.array([0, 0.1, 0.25]), np.array([0, 0.05, 0.05, 0.15]))


def scale_of(cell: np.ndarray, effect: float) -> np.ndarray:
    """Each photo's size of error, in years: groups differ where `effect` is above 0."""
    grid = CELLS.grid()[cell]
    return 5 * np.exp(effect * sum(EFFECTS[a][grid[:, a]] for a in range(4)))


def two_errors(rng: np.random.Generator, scale: np.ndarray) -> np.ndarray:
    """Float64 (2, photos): the errors of two runs of equal skill that find the same photos hard."""
    hard, own = rng.standard_normal(len(scale)), rng.standard_normal((2, len(scale)))
    return np.abs(0.7**0.5 * hard + 0.3**0.5 * own) * scale


def two_runs(rng: np.random.Generator, n: int, effect: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells, and the errors of two such runs on photos of them."""
    cell = draw_cells(rng, n)
    first, second = two_errors(rng, scale_of(cell, effect))
    return cell, first, second


def coverage_of_equal_skill(simulations: int, n: int, effect: float, each: int = 20) -> dict[str, float]:
    """How often the paired interval of each difference holds 0, with photos drawn anew after `each` simulations."""
    rng = np.random.default_rng(11)
    held: dict[str, int] = {}
    for seed in range(simulations // each):
        cell = draw_cells(rng, n)
        axes = [axis for axis in groupings(CELLS, cell) if len(axis.groups) > 1]
        weight, scale = weights(strata(cell), 600, seed), scale_of(cell, effect)
        for _ in range(each):
            first, second = two_errors(rng, scale)
            found = pair(resampled("a", first, axes, weight), resampled("b", second, axes, weight))
            for name, d in {"mae": found.error, "average": found.average_bias, **found.bias}.items():
                held[name] = held.get(name, 0) + (d.low <= 0 <= d.high)
    return {name: count / simulations for name, count in held.items()}


def test_paired_intervals_of_equal_runs_cover_zero() -> None:
    for covered in coverage_of_equal_skill(80, 300, 0).values():
        assert 0.88 <= covered <= 1  # 80 simulations tell .95 from .85, not from .93


@pytest.mark.slow
@pytest.mark.parametrize("n", [1482, 1978])
@pytest.mark.parametrize("effect", [0, 0.5, 1, 2])
def test_paired_intervals_of_equal_runs_cover_zero_in_95_of_100(effect: float, n: int) -> None:
    covered = coverage_of_equal_skill(1000, n, effect)
    print(effect, n, covered)
    for name, share in covered.items():
        assert (0.93 if effect == 0 else 0.92) <= share <= 0.97, name  # a simulation's own noise is .007


def test_few_photos_widen_an_interval_as_students_t_does() -> None:
    normal = np.random.default_rng(0).normal(0, 1, (400, 300))
    freedom = np.mean([3 * (u**2).sum() ** 2 / (u**4).sum() for u in normal])
    assert freedom == pytest.approx(300, rel=0.03)
    assert widening(np.array([1.0, -1.0, 0, 0])) == pytest.approx(2.4469 / 1.96, rel=1e-3)  # t at 6 degrees
    assert widening(np.r_[np.ones(5000), -np.ones(5000)]) == pytest.approx(1, abs=1e-3)
    assert widening(np.zeros(4)) == 1
    assert widening(np.r_[np.ones(50), np.zeros(9950)]) == widening(np.ones(50))


def test_the_interval_leaves_zero_out_just_where_p_is_below_5_percent() -> None:
    rng = np.random.default_rng(5)
    seen = set()
    for seed in range(60):
        cell, first, second = two_runs(rng, 200, 0)
        axes = groupings(CELLS, cell)
        weight = weights(strata(cell), 399, seed)
        found = pair(resampled("a", first * (1 + seed / 200), axes, weight), resampled("b", second, axes, weight))
        for d in (found.error, found.average_bias, *found.bias.values()):
            if abs(d.p - 0.05) > 0.005:
                assert (d.low > 0 or d.high < 0) == (d.p < 0.05)
                seen.add(d.p < 0.05)
    assert seen == {True, False}


def test_a_run_against_itself_differs_by_nothing() -> None:
    cell, error, _ = two_runs(np.random.default_rng(0), 200, 1)
    run = resampled("a", error, groupings(CELLS, cell), weights(strata(cell), 200, 0))
    found = pair(run, run)
    for d in (found.error, found.average_bias, *found.bias.values()):
        assert (d.value, d.low, d.high, d.p) == (0, 0, 0, 1)


def test_the_other_way_round_only_the_sign_changes() -> None:
    cell, first, second = two_runs(np.random.default_rng(0), 200, 1)
    axes, weight = groupings(CELLS, cell), weights(strata(cell), 200, 0)
    a, b = resampled("a", first, axes, weight), resampled("b", second, axes, weight)
    there, back = pair(a, b), pair(b, a)
    for x, y in [(there.error, back.error), *((there.bias[k], back.bias[k]) for k in there.bias)]:
        assert (x.value, x.low, x.high, x.p) == pytest.approx((-y.value, -y.high, -y.low, y.p))


def test_a_real_difference_is_found_though_the_photos_differ_widely() -> None:
    rng = np.random.default_rng(4)
    cell = draw_cells(rng, 1000)
    hard = np.abs(rng.normal(0, 10, 1000))
    axes, weight = groupings(CELLS, cell), weights(strata(cell), 500, 1)
    worse = resampled("a", hard + 0.3 + rng.normal(0, 1, 1000), axes, weight)
    found = pair(worse, resampled("b", hard, axes, weight))
    assert found.error.low > 0.1
    assert found.error.p < 0.01


def single_run_coverage(simulations: int, n: int, effect: float) -> np.ndarray:
    """How often the interval of each bias, of their mean, and of the MAE holds the truth."""
    rng = np.random.default_rng(3)
    every = draw_cells(rng, 200_000)
    axes = groupings(CELLS, every)
    mean_error = scale_of(every, effect) * (2 / np.pi) ** 0.5
    truth = [float(bias(group_means(axis.member, mean_error))) for axis in axes]
    truth = np.array([*truth, np.mean(truth), mean_error.mean()])
    held = np.zeros(6)
    for seed in range(simulations):
        cell, error, _ = two_runs(rng, n, effect)
        axes = groupings(CELLS, cell)
        weight = weights(strata(cell), 400, seed)
        values = np.array([bias(group_means(axis.member, error)) for axis in axes])
        drawn = np.stack([bias(weighted_group_means(axis.member, error, weight)) for axis in axes], axis=1)
        chance = chance_biases(error, axes, 400, seed)
        columns = [(values[i], drawn[:, i], chance[:, i]) for i in range(4)]
        columns.append((values.mean(), drawn.mean(axis=1), chance.mean(axis=1)))
        bounds = [of_bias(float(v), d, p_value(float(v), c)) for v, d, c in columns]
        bounds.append(of_mean(weight @ error / weight.sum(axis=1)))
        held += [low - 1e-9 <= t <= high for (low, high), t in zip(bounds, truth, strict=True)]
    return held / simulations


@pytest.mark.parametrize("effect", [0, 1])
def test_intervals_of_one_run_hold_the_truth(effect: float) -> None:
    assert (single_run_coverage(40, 500, effect) >= 0.87).all()


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0, 0.5, 1])
def test_intervals_of_one_run_hold_the_truth_in_93_of_100_or_more(effect: float) -> None:
    assert (single_run_coverage(600, 1482, effect) >= 0.93).all()


def p_values_of_random_groups(simulations: int) -> np.ndarray:
    rng = np.random.default_rng(21)
    found = []
    for seed in range(simulations):
        cell, error, _ = two_runs(rng, 250, 1)
        axes = [axis for axis in groupings(CELLS, rng.permutation(cell)) if len(axis.groups) > 1]
        chance = chance_biases(error, axes, 199, seed)
        values = [float(bias(group_means(axis.member, error))) for axis in axes]
        found.append([p_value(v, chance[:, i]) for i, v in enumerate(values)][:2])
        found[-1].append(p_value(float(np.mean(values)), chance.mean(axis=1)))
    return np.array(found)


def test_permutation_p_values_of_random_groups_are_uniform() -> None:
    for column in p_values_of_random_groups(300).T:
        assert kstest(column, "uniform").pvalue > 0.005


@pytest.mark.slow
def test_permutation_p_values_of_random_groups_are_uniform_to_the_tail() -> None:
    p = p_values_of_random_groups(3000)
    for column in p.T:
        assert kstest(column, "uniform").pvalue > 0.005
        assert (column <= 0.05).mean() == pytest.approx(0.05, abs=0.012)


def test_chance_is_the_mean_bias_of_relabelled_photos() -> None:
    rng = np.random.default_rng(6)
    cell, error, _ = two_runs(rng, 300, 1)
    axes = groupings(CELLS, cell)
    chance = chance_biases(error, axes, 3000, 1).mean(axis=0)
    for axis, found in zip(axes, chance, strict=True):
        again = [float(bias(group_means(axis.member[rng.permutation(300)], error))) for _ in range(3000)]
        assert found == pytest.approx(np.mean(again), rel=0.05)


def test_strata_hold_two_photos_or_more_and_split_no_cell() -> None:
    cell = draw_cells(np.random.default_rng(2), 500)
    stratum = strata(cell)
    assert np.bincount(stratum).min() >= 2
    assert all(len(set(stratum[cell == c])) == 1 for c in np.unique(cell))
    assert strata(np.array([3, 9])).tolist() == [0, 0]
    assert strata(np.array([1, 1, 5, 5, 7])).tolist() == [0, 0, 1, 1, 1]
    assert strata(np.array([4])).tolist() == [0]


def test_weights_keep_every_stratum_and_have_the_sampling_variance() -> None:
    stratum = np.array([0] * 2 + [1] * 5 + [2] * 40)[np.random.default_rng(0).permutation(47)]
    drawn = weights(stratum, 20_000, 3)
    for number, size in ((0, 2), (1, 5), (2, 40)):
        inside = drawn[:, stratum == number]
        np.testing.assert_allclose(inside.sum(axis=1), size)
        values = np.arange(size) ** 1.5
        spread = (inside @ values / size).var()
        assert spread == pytest.approx(values.var(ddof=1) / size, rel=0.05)


def test_weights_are_the_seeds_alone() -> None:
    stratum = strata(draw_cells(np.random.default_rng(2), 100))
    assert (weights(stratum, 50, 1) == weights(stratum, 50, 1)).all()
    assert (weights(stratum, 50, 1) != weights(stratum, 50, 2)).any()
