"""Independent axes: the class can't be read off the group."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balance.solver.check import check
from balance.solver.problem import Problem, parse
from balance.solver.shares import crossed, largest_remainder
from balance.solver.solve import solve
from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.sections.plan import Plan
from tests.support.plan_stage import CELLS as STAGE_CELLS
from tests.support.plan_stage import PlanStage, photo_table

CELLS = Cells.of({"age": [4, 7], "gender": ["male", "female"], "ethnicity": ["caucasian", "asian"]})
# Of the youngest, more girls than boys; of the others, more men.
AVAILABLE = np.array([9, 9, 12, 12, 20, 10, 10, 5, 40, 20, 20, 10])


def stated(**section: object) -> Problem:
    plan = Plan.model_validate_json(json.dumps({"total": 400, "max_copies": 20, **section}))
    with located("params.yaml: plan"):
        return parse(plan, CELLS, AVAILABLE, {})


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=5).filter(any),
    st.lists(st.integers(0, 50), min_size=1, max_size=5).filter(any),
    st.integers(1, 10**5),
)
@settings(deadline=None, max_examples=100)
def test_crossed_counts_add_up_to_the_rows_and_lie_near_the_product(rows, columns, total):
    one, other = ([Fraction(n, sum(numbers)) for n in numbers] for numbers in (rows, columns))
    counts = crossed(one, other, total)
    assert [sum(row) for row in counts] == largest_remainder(one, total)
    near = [abs(n - a * b * total) for row, a in zip(counts, one, strict=True) for n, b in zip(row, other, strict=True)]
    assert max(near) < 3
    assert all(n >= 0 for row in counts for n in row)


def test_each_pair_of_values_gets_the_product_of_their_shares():
    problem = stated(shares={"gender": "uniform", "age": {"<4": 0.25, "4-7": 0.25, "7+": 0.5}}, independent=["gender"])
    wanted = {each.key: each.wanted for each in problem.targets}
    assert wanted["independent.<4|female|*"] == wanted["independent.<4|male|*"] == 50
    assert wanted["independent.7+|male|*"] == 100
    natural = AVAILABLE.reshape(3, 2, 2).sum(axis=(0, 1)) / AVAILABLE.sum()
    assert wanted["independent.*|male|asian"] == pytest.approx(200 * natural[1], abs=1)
    assert not any("<4|*|" in key for key in wanted)  # the other axes may go together as they like


def test_the_plan_reaches_it_exactly_and_is_proven():
    problem = stated(shares={"gender": "uniform"}, independent=["gender"]).with_useful_copies()
    solution = solve(problem)
    keep = np.minimum(problem.available, solution.target)
    assert solution.levels[0].value == 0 and all(level.proven for level in solution.levels)
    check(problem, keep, solution.target - keep, tuple(level.value for level in solution.levels[:4]))
    table = solution.target.reshape(3, 2, 2).sum(axis=2)
    assert (np.abs(table[:, 0] - table[:, 1]) <= 1).all()
    original = AVAILABLE.reshape(3, 2, 2).sum(axis=2)
    assert (np.abs(original[:, 0] - original[:, 1]) > 5).all()


def test_two_independent_axes_are_paired_once():
    keys = [each.key for each in stated(independent=["gender", "age"]).targets]
    assert len(keys) == len(set(keys)) == 3 * 2 + 3 * 2 + 2 * 2


def test_weight_of_independence_is_its_own():
    problem = stated(shares={"gender": "uniform"}, independent=["gender"], weights={"independent": 0.5})
    assert {each.key.partition(".")[0]: each.weight for each in problem.targets} == {"shares": 2, "independent": 1}


def test_another_total_keeps_the_proportions():
    problem = stated(shares={"gender": "uniform", "age": "uniform"}, independent=["gender"]).with_total(600)
    assert {each.wanted for each in problem.targets if "|*" in each.key and each.key[12] != "*"} == {100}


def test_an_unknown_axis_is_named():
    with pytest.raises(UserError) as error:
        stated(independent=["hair"])
    assert str(error.value) == (
        "params.yaml: plan.independent.hair: expected an axis (age, gender, ethnicity). Received 'hair'. "
        "Correct the key."
    )


def test_the_report_explains_a_pair_that_is_missed(tmp_path):
    available = np.array([40, 0, 0, 0, 30, 10, 20, 10, 30, 10, 20, 10])  # no girls below 20
    run = PlanStage(tmp_path, STAGE_CELLS, photo_table(STAGE_CELLS, available))
    printed = run.run({"total": 300, "shares": {"gender": "uniform"}, "independent": ["gender"], "max_copies": 3})
    report = json.loads((tmp_path / "summary.json").read_text())
    found = {each["pattern"]: each for each in report["joint"]}
    assert found["<20|female|*"]["reached"] == 0 and found["<20|female|*"]["reason"] == "no photos"
    assert "joint <20|female|*" in printed
