from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balance.solver.problem import Problem, mean_target, parse
from balance.solver.shares import largest_remainder
from manifests.core import params
from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.sections.plan import Plan

CELLS = Cells.of({"age": [20, 60], "gender": ["male", "female"], "ethnicity": ["caucasian", "asian", "afroamerican"]})
AVAILABLE = np.array([9, 3, 0, 6, 1, 1, 30, 8, 2, 20, 5, 5, 4, 0, 0, 6, 0, 0])
COPIES = "a whole number of 0 or more, or a map of default and axis -> value -> such a number"
FLOORS = "a whole number of 0 or more, or a map from value to such a number"
SHARES = "uniform, natural, an exponent from 0 to 1, or a map from value to share"
TOTALS = "a whole number from 1 to 1000000000, a multiple of the originals such as 3x, or auto"
BASE = "plan:\n  total: 120\n"


def stated(**section: object) -> Problem:
    plan = Plan.model_validate_json(json.dumps({"total": 120, **section}))
    with located("params.yaml: plan"):
        return parse(plan, CELLS, AVAILABLE, {})


def wanted(**section: object) -> dict[str, int]:
    return {each.key: each.wanted for each in stated(**section).targets}


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=9).filter(any), st.integers(1, 10**6))
@settings(deadline=None, max_examples=60)
def test_rounded_shares_add_up_and_are_off_by_less_than_one(weights, total):
    shares = [Fraction(w, sum(weights)) for w in weights]
    counts = largest_remainder(shares, total)
    assert sum(counts) == total
    assert all(abs(count - share * total) < 1 for count, share in zip(counts, shares, strict=True))


def test_of_equal_remainders_the_first_gains():
    assert largest_remainder([Fraction(1, 3)] * 3, 10) == [4, 3, 3]
    assert largest_remainder([Fraction(1, 4)] * 4, 10) == [3, 3, 2, 2]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        ("uniform", [40, 40, 40]),
        (0.0, [40, 40, 40]),
        ("natural", [90, 20, 10]),  # of 75, 17 and 8 photos
        (1.0, [90, 20, 10]),
        ({"asian": 0.5, "rest": "uniform"}, [30, 60, 30]),
        ({"asian": 0.5, "rest": "natural"}, [54, 60, 6]),
        ({"asian": 0.5, "rest": 0.5}, [54, 60, 6]),
        ({"caucasian": 0.1, "asian": 0.2, "afroamerican": 0.7}, [12, 24, 84]),
        ({"caucasian": 0.333, "asian": 0.333, "afroamerican": 0.333}, [40, 40, 40]),
        ({"caucasian": 1.0, "rest": "uniform"}, [120, 0, 0]),
    ],
)
def test_shares_become_counts(share, expected):
    assert list(wanted(shares={"ethnicity": share}).values()) == expected


def test_an_exponent_lies_between_uniform_and_natural():
    root = wanted(shares={"ethnicity": 0.5})
    photos = np.sqrt([75, 17, 8])
    assert np.abs(np.array(list(root.values())) - 120 * photos / photos.sum()).max() < 1


def test_the_emphasis_multiplies_the_shares_and_they_add_up_again():
    plan = Plan.model_validate_json('{"total": 120, "shares": {"gender": "uniform"}}')
    emphasised = parse(plan, CELLS, AVAILABLE, {"gender": {"male": 0.5, "female": 1.5}})
    assert [each.wanted for each in emphasised.targets] == [30, 90]


def test_patterns_and_axis_values_name_the_same_cells():
    by_pattern = stated(floors={"60+|*|*": 3}, ceilings={"*|*|asian": 9}, joint={"60+|male|*": 4})
    nested = stated(floors={"age": {"60+": 3}}, ceilings={"ethnicity": {"asian": 9}})
    assert [m.members.tolist() for m in by_pattern.constraints] == [m.members.tolist() for m in nested.constraints]
    assert [each.members.tolist() for each in by_pattern.targets] == [[12, 13, 14]]


def test_the_least_cap_of_a_cell_counts_and_the_default_where_none_is_named():
    found = stated(max_copies={"default": 5, "age": {"60+": 9}, "gender": {"male": 7}}).caps
    caps = found.copies.reshape(CELLS.shape)
    assert (caps[2, 0] == 7).all()  # 60+ and male: 9 and 7
    assert (caps[2, 1] == 9).all()  # 60+ and female
    assert (caps[0, 1] == 5).all()  # neither


def test_a_cap_above_the_total_is_reduced_to_what_fills_the_cell_with_it():
    caps = stated(max_copies=20_000).with_useful_copies().caps.copies
    assert (AVAILABLE * (1 + caps) >= 120)[AVAILABLE > 0].all() and caps.max() == 120
    assert (stated(max_copies=119).with_useful_copies().caps.copies == 119).all()


def test_each_cells_share_of_originals_is_rounded_up():
    assert stated(keep=0.1).keep.tolist() == [1, 1, 0, 1, 1, 1, 3, 1, 1, 2, 1, 1, 1, 0, 0, 1, 0, 0]
    assert stated(keep="all").keep.tolist() == AVAILABLE.tolist()
    assert not stated(keep=0.0).keep.any()


def test_weights_become_whole_without_losing_their_ratio():
    p = stated(shares={"age": "uniform", "gender": "uniform"}, weights={"age": 0.25, "gender": 1.5})
    assert {each.weight for each in p.targets} == {1, 6}
    assert p.scale == 4


def test_the_mean_target_is_rounded_half_to_even():
    plan = Plan.model_validate_json('{"total": 5}')
    three = parse(plan, CELLS, np.where(AVAILABLE > 8, AVAILABLE, 0), {})
    means = [mean_target(three.with_total(n)) for n in (4, 6, 10)]
    assert means == [round(n / 3) for n in (4, 6, 10)]
    two = parse(plan, CELLS, np.array([1, 1] + [0] * 16), {})
    assert [mean_target(two.with_total(n)) for n in (1, 3, 5)] == [0, 2, 2]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("  max_copies: -1\n", f"max_copies: expected {COPIES}. Received -1"),
        ("  max_copies: 2.5\n", f"max_copies: expected {COPIES}. Received 2.5"),
        ("  keep: 1.5\n", "keep: expected all, or a share from 0 to 1. Received 1.5"),
        ("  floors: {'60+|*|*': -2}\n", f"floors.60+|*|*: expected {FLOORS}. Received -2"),
        ("  shares: {gender: even}\n", f"shares.gender: expected {SHARES}. Received 'even'"),
        ("  price: {copies: [1, -1]}\n", "price.copies.1: expected greater than or equal to 0. Received -1"),
        (
            "  total: 0\n",
            f"total: expected {TOTALS}. Received 0",
        ),
    ],
)
def test_a_value_of_the_wrong_form_is_named(tmp_path, lines, message):
    path = tmp_path / "params.yaml"
    path.write_text((BASE if "total" not in lines else "plan:\n") + lines)
    with pytest.raises(UserError) as error:
        params.section(path, Plan)
    assert str(error.value) == f"{path}: plan.{message}. Correct the value."


@pytest.mark.parametrize(
    ("lines", "key", "received"),
    [
        ("  max_copy: 5\n", "max_copy", "'max_copy' (did you mean max_copies?)"),
        ("  emphasis: {dumping: 1}\n", "emphasis.dumping", "'dumping' (did you mean damping?)"),
        ("  wish: 3\n", "wish", "'wish'"),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_one(tmp_path, lines, key, received):
    path = tmp_path / "params.yaml"
    path.write_text(BASE + lines)
    with pytest.raises(UserError) as error:
        params.section(path, Plan)
    message = f"{path}: plan.{key}: expected a key that exists. Received {received}. Correct or remove the key."
    assert str(error.value) == message


@pytest.mark.parametrize(("total", "images"), [("3x", 30), ("1x", 10), ("2.55x", 25), ("0.01x", 1), (7, 7)])
def test_the_total_may_be_a_multiple_of_the_originals(total, images):
    made = parse(Plan(total=total), Cells.of({"gender": ["male", "female"]}), np.array([8, 2]), {})
    assert made.total == images


@pytest.mark.parametrize(
    ("share", "rule"),
    [
        ("{asian: 0.7, caucasian: 0.7}", "shares of 1 in sum, not 1.4"),
        ("{asian: 0.2, caucasian: 0.7}", "shares of 1 in sum, not 0.9 (or rest: natural)"),
        ("{asian: natural, rest: 0.7}", "a number as the share of asian (only rest may be a word)"),
    ],
)
def test_shares_that_are_not_one_in_sum_are_named(tmp_path, share, rule):
    path = tmp_path / "params.yaml"
    path.write_text(f"{BASE}  shares: {{ethnicity: {share}}}\n")
    with pytest.raises(UserError) as error:
        params.section(path, Plan)
    assert error.value.rule == rule
    assert error.value.where == f"{path}: plan.shares.ethnicity"


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (
            {"shares": {"hair": "uniform"}},
            "params.yaml: plan.shares.hair: expected an axis (age, gender, ethnicity). Received 'hair'. "
            "Correct the key.",
        ),
        (
            {"shares": {"gender": {"mail": 0.5, "rest": "uniform"}}},
            "params.yaml: plan.shares.gender.mail: expected one of male, female or rest. Received 'mail' "
            "(did you mean male?). Correct the label.",
        ),
        (
            {"floors": {"60+|*": 3}},
            "params.yaml: plan.floors.60+|*: expected a pattern of 3 parts (age|gender|ethnicity). Received '60+|*'. "
            "Write * for an axis that does not matter.",
        ),
        (
            {"ceilings": {"ethnicity": {"martian": 3}}},
            "params.yaml: plan.ceilings.ethnicity.martian: expected one of caucasian, asian, afroamerican. "
            "Received 'martian' (did you mean asian?). Correct the label.",
        ),
        (
            {"max_copies": {"hair": {"red": 3}}},
            "params.yaml: plan.max_copies.hair: expected an axis (age, gender, ethnicity). Received 'hair'. "
            "Correct the key.",
        ),
        (
            {"max_copies": {"gender": 3}},
            "params.yaml: plan.max_copies.gender: expected a map from the values of gender to numbers. Received 3. "
            "Name its values, or write one number for all axes.",
        ),
        (
            {"floors": {"gendr": {"male": 3}}},
            "params.yaml: plan.floors.gendr: expected an axis (age, gender, ethnicity). Received 'gendr' "
            "(did you mean gender?). Correct the key.",
        ),
        (
            {"floors": {"60+|femal|*": 3}},
            "params.yaml: plan.floors.60+|femal|*: expected a value of gender (male, female). Received 'femal' "
            "(did you mean female?). Correct the label.",
        ),
        (
            {"shares": {"gender": {"Male": 0.5, "male": 0.2, "female": 0.3}}},
            "params.yaml: plan.shares.gender.male: expected each value once. Received male twice. Remove the double.",
        ),
        (
            {"weights": {"hair": 1}},
            "params.yaml: plan.weights.hair: expected an axis (age, gender, ethnicity). Received 'hair'. "
            "Correct the key.",
        ),
        (
            {"shares": {"gender": {"male": 0.5, "female": 0.5, "rest": "natural"}}},
            "params.yaml: plan.shares.gender.rest: expected a value left that is not named. Received none. "
            "Remove rest.",
        ),
    ],
)
def test_a_section_that_does_not_fit_the_cells_is_named(section, message):
    with pytest.raises(UserError) as error:
        stated(**section)
    assert str(error.value) == message
