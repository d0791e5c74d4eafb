"""Weights schemes: the studies' numbers on the real labels, and what holds for any table."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.sections.methods import Scheme
from tests.support.train_fixtures import CELLS
from train.sample_weights import SCHEMES, effective_size, named, normalised, weigh

LABELS = Path(__file__).parents[1].parent / "shared/data/appa_real/labels_metadata_train.csv"


def cell_of(row: tuple[float, str, str, str]) -> int:
    labels = [CELLS[name].index(label) or 0 for name, label in zip(CELLS.names[1:], row[1:], strict=True)]
    return int(np.ravel_multi_index((CELLS["age"].bin(row[0]), *labels), CELLS.shape))


def table_of(rows: list[tuple[float, str, str, str]]) -> pa.Table:
    ages = [row[0] for row in rows]
    return pa.table(
        {
            "age": pa.array(ages, pa.float32()),
            "age_bin": [CELLS["age"].values[CELLS["age"].bin(age)] for age in ages],
            "gender": [row[1] for row in rows],
            "ethnicity": [row[2] for row in rows],
            "cell": [cell_of(row) for row in rows],
            "expression": [CELLS["expression"].values[CELLS["expression"].index(row[3]) or 0] for row in rows],
        }
    )


def drawn(count: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    values = [CELLS[name].values for name in ("gender", "ethnicity", "expression")]
    return table_of([(float(rng.gamma(4, 9)), *(str(rng.choice(v)) for v in values)) for _ in range(count)])


@pytest.fixture(scope="module")
def real() -> pa.Table:
    if not LABELS.exists():
        pytest.skip("the real labels are not at ../shared/data/appa_real")
    with LABELS.open() as file:
        rows = [(float(r["age"]), r["gender"], r["ethnicity"], r["emotion"]) for r in csv.DictReader(file)]
    assert len(rows) == 4065
    return table_of(rows)


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        ("gender", {"male": 0.983, "female": 1.018}),
        ("expression", {"happy": 1.427, "slightly happy": 0.570, "neutral": 0.724, "other": 6.120}),
        ("ethnicity", {"caucasian": 0.385, "afroamerican": 11.243, "asian": 3.187}),
        ("age", {"<20": 1.276, "20-40": 0.426, "40-60": 1.388, "60+": 6.817}),
    ],
)
def test_row_1b_on_the_real_labels(real: pa.Table, axis: str, expected: dict[str, float]) -> None:
    weights = weigh(Scheme(axes=(axis,)), real, CELLS)
    labels = np.array(real[CELLS[axis].column].to_pylist())
    assert {label: round(float(weights[labels == label][0]), 3) for label in expected} == expected


def test_product_is_the_product_of_the_axes() -> None:
    table = drawn(500)
    apart = [weigh(Scheme(axes=(name,)), table, CELLS) for name in CELLS.names]
    np.testing.assert_allclose(weigh(SCHEMES["product"], table, CELLS), np.prod(apart, axis=0))


def test_joint_cell_weights_by_hand() -> None:
    table = table_of([(30, "male", "asian", "happy")] * 3 + [(70, "female", "asian", "other")])
    expected = [9 / (5 + 96 * 3)] * 3 + [9 / (5 + 96 * 1)]
    np.testing.assert_allclose(weigh(SCHEMES["cell"], table, CELLS), expected)


def test_years_are_rounded_and_count_as_one_hundred_values() -> None:
    table = table_of(
        [(29.6, "male", "asian", "happy"), (30.4, "male", "asian", "happy"), (100, "male", "asian", "other")]
    )
    weights = weigh(Scheme(axes=("age",), edges="years"), table, CELLS)
    np.testing.assert_allclose(weights, [8 / 205, 8 / 205, 8 / 105])


def test_ten_groups_are_nine_below_sixty_and_one_above() -> None:
    table = drawn(4000)
    weights = weigh(SCHEMES["ten_groups"], table, CELLS)
    old = table["age"].to_numpy() >= 60
    np.testing.assert_allclose(weights[old], len(table) / (10 * old.sum()))
    assert weights.sum() == pytest.approx(len(table))  # each of ten groups weighs n / 10


def test_age_groups_weigh_alike() -> None:
    table = drawn(900)
    weights, labels = weigh(SCHEMES["age_group"], table, CELLS), np.array(table["age_bin"].to_pylist())
    for label in set(labels):
        assert weights[labels == label].sum() == pytest.approx(900 / 4)


def test_plan_weights_are_what_the_plan_wants_over_what_there_is() -> None:
    table = table_of([(30, "male", "asian", "happy")] * 3 + [(70, "female", "asian", "other")])
    target, (young, old) = np.zeros(len(CELLS), np.int64), table["cell"].to_numpy()[[0, 3]]
    target[[young, old]] = 6, 5
    np.testing.assert_allclose(weigh(SCHEMES["plan"], table, CELLS, target), [2, 2, 2, 5])
    target[young] = 0
    np.testing.assert_allclose(weigh(SCHEMES["plan"], table, CELLS, target), [0, 0, 0, 5])


def test_hand_set_weights_multiply() -> None:
    table = table_of([(65, "female", "afroamerican", "other"), (30, "male", "caucasian", "neutral")])
    np.testing.assert_allclose(weigh(SCHEMES["by_hand"], table, CELLS), [0.5 * 7 * 15 * 10, 0.35 * 1 * 0.4 * 0.3])


def test_hand_set_weights_name_a_value_they_lack() -> None:
    cells = Cells.of({"gender": ["male", "female", "unknown"]})
    table = pa.table({"age": [30.0], "gender": ["male"]})
    scheme = Scheme(rule="table", table={"gender": {"male": 1.0, "female": 2.0}})
    with pytest.raises(UserError) as caught, located("params.yaml: train.runs.a.weights"):
        weigh(scheme, table, cells)
    assert str(caught.value) == (
        "params.yaml: train.runs.a.weights: gender: expected a weight for each of male, female, unknown. "
        "Received none for unknown. Write a table of your own under `weights`, or choose another scheme."
    )


@pytest.mark.parametrize("name", SCHEMES)
def test_every_scheme_is_pure_and_has_mean_one(name: str) -> None:
    table, order = drawn(600), np.random.default_rng(1).permutation(600)
    target = np.arange(1, len(CELLS) + 1)
    weights = normalised(SCHEMES[name], weigh(SCHEMES[name], table, CELLS, target))
    turned = normalised(SCHEMES[name], weigh(SCHEMES[name], table.take(pa.array(order)), CELLS, target))
    np.testing.assert_allclose(turned, weights[order])
    assert weights.mean() == pytest.approx(1)
    assert (weights > 0).all()


def test_exponent_tempers_and_zero_removes() -> None:
    table = drawn(600)
    sizes = []
    for exponent in (1.0, 0.5, 0.0):
        scheme = Scheme(joint=True, exponent=exponent)
        sizes.append(effective_size(normalised(scheme, weigh(scheme, table, CELLS))))
    assert sizes[0] < sizes[1] < sizes[2] == pytest.approx(600)


def test_effective_size_counts_equal_weights() -> None:
    assert effective_size(np.array([2.0, 2.0, 0.0, 0.0])) == 2
    assert effective_size(np.zeros(0)) == 0


def test_axes_that_the_layout_lacks_are_left_out() -> None:
    table, fewer = drawn(200), CELLS.only(["age", "gender"])
    np.testing.assert_allclose(
        weigh(SCHEMES["product"], table, fewer), weigh(Scheme(axes=("age", "gender")), table, CELLS)
    )
    with pytest.raises(UserError, match="expected one of the axes age, gender"):
        weigh(Scheme(axes=("expression",)), table, fewer)


def test_unknown_scheme_lists_the_known() -> None:
    with pytest.raises(UserError, match=r"expected one of none, age_group, .*Received 'cel'"):
        named("cel")
