import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from manifests.core.cells import Cells
from tests.support.scoring import CELLS, draw_cells
from train.scoring.metrics import bias, group_means, groupings, weighted_group_means
from train.scoring.published import KIT, ROWS


@pytest.fixture
def photos() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    cell = draw_cells(rng, 700)
    return cell, np.abs(rng.normal(0, 5, 700)) + CELLS.grid()[cell, 0]


def test_group_errors_and_biases_agree_with_pandas_and_itertools(photos: tuple[np.ndarray, np.ndarray]) -> None:
    cell, error = photos
    frame = pd.DataFrame([CELLS.labels(int(c)) for c in cell], columns=list(CELLS.names)).assign(error=error)
    for axis in groupings(CELLS, cell):
        expected = frame.groupby(axis.axis)["error"].mean()
        means = group_means(axis.member, error)
        assert dict(zip(axis.groups, means, strict=True)) == pytest.approx(expected.to_dict())
        pairs = [abs(a - b) for a, b in itertools.combinations(expected, 2)]
        assert bias(means) == pytest.approx(sum(pairs) / len(pairs))


@pytest.mark.parametrize("same", [0.1, 1 / 3, 7.0])
def test_the_same_error_everywhere_is_exactly_no_bias(same: float, photos: tuple[np.ndarray, np.ndarray]) -> None:
    error = np.full(700, same)
    for axis in groupings(CELLS, photos[0]):
        assert (group_means(axis.member, error) == same).all()
        assert bias(group_means(axis.member, error)) == 0


def test_one_group_has_no_pair_and_no_bias() -> None:
    assert bias(np.array([4.0])) == 0
    assert bias(np.array([[4.0], [5.0]])).tolist() == [0, 0]


def test_a_bias_does_not_depend_on_the_order_of_groups() -> None:
    means = np.array([1.0, 4.0, 2.5, 9.0])
    for order in itertools.permutations(range(4)):
        assert bias(means[list(order)]) == pytest.approx(bias(means))


def test_groups_without_photos_are_left_out_and_named() -> None:
    cells = Cells.of({"age": [20, 40], "gender": ["male", "female"]})
    age, gender = groupings(cells, np.array([0, 1, 0]))  # all below 20
    assert (age.groups, age.empty) == (("<20",), ("20-40", "40+"))
    assert (gender.groups, gender.empty) == (("male", "female"), ())
    assert gender.counts.tolist() == [2, 1]


def test_weights_of_one_give_the_plain_means(photos: tuple[np.ndarray, np.ndarray]) -> None:
    cell, error = photos
    for axis in groupings(CELLS, cell):
        once = weighted_group_means(axis.member, error, np.ones((2, 700)))
        np.testing.assert_allclose(once, np.tile(group_means(axis.member, error), (2, 1)), atol=1e-12)


def test_weights_count_photos_again(photos: tuple[np.ndarray, np.ndarray]) -> None:
    cell, error = photos
    weight = np.random.default_rng(2).integers(0, 4, (3, 700)).astype(float)
    for axis in groupings(CELLS, cell):
        for row, means in zip(weight, weighted_group_means(axis.member, error, weight), strict=True):
            repeated = np.repeat(np.arange(700), row.astype(int))
            expected = [error[repeated][axis.member[repeated, g] > 0].mean() for g in range(len(axis.groups))]
            np.testing.assert_allclose(means, expected)


def test_a_group_that_a_replicate_missed_keeps_its_mean() -> None:
    member = np.array([[1.0, 0], [1, 0], [0, 1]])
    means = weighted_group_means(member, np.array([1.0, 3, 8]), np.array([[2.0, 0, 0]]))
    assert means.tolist() == [[1, 8]]


def test_the_starting_kits_rows_rank_as_published() -> None:
    columns = np.array([[*row.bias.values(), row.mae] for row in KIT])
    assert rankdata(columns, axis=0).mean(axis=1).tolist() == pytest.approx([1.2, 1.8])


def test_published_averages_are_the_means_of_the_printed_biases() -> None:
    printed = {"D-0": 0.9256, "D-T1, extreme": 1.0042, "D-T1, split mean": 1.2170, "D-1a": 0.7800, "D-1b": 0.9507}
    printed |= {"D-2b": 0.6178, "D-3": 0.9377, "D-E2, first": 0.8587, "D-E2, second": 1.1806, "D-E3": 1.9362}
    printed |= {"D-E4": 0.983}
    found = {row.name: row.average_bias for row in ROWS if row.name in printed}
    assert found == pytest.approx(printed, abs=0.0011)
