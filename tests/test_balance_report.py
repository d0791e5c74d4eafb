"""What the report says of a plan holds when it is tried."""

from __future__ import annotations

import numpy as np
import pytest

from balance.report.acquisition import acquisition
from balance.report.explain import binding, outcomes
from balance.report.tradeoff import tradeoff
from balance.solver import check
from balance.solver.formulation import DEVIATION
from balance.solver.solve import solve
from manifests.core.errors import UserError, located
from tests.support.plan_stage import CELLS, LOPSIDED, UNIFORM
from tests.support.published_counts import solved


def test_new_photos_bring_the_plan_as_close_as_the_list_says():
    made, _ = solved(CELLS, LOPSIDED, total=240, shares=UNIFORM, max_copies=2)
    bought = acquisition(made)
    assert bought
    more, names = LOPSIDED.copy(), [CELLS.name(i) for i in range(len(CELLS))]
    for each in bought:
        more[names.index(each.cell)] += each.photos
    richer, _ = solved(CELLS, more, total=240, shares=UNIFORM, max_copies=2)
    assert richer.solution.levels[0].value == bought[-1].left < made.solution.levels[0].value
    effect = [p.saves / p.photos for p in bought]
    assert effect == sorted(effect, reverse=True)


def test_a_binding_constraint_that_is_loosened_saves_deviation():
    made, _ = solved(CELLS, LOPSIDED, total=240, shares=UNIFORM, max_copies=2, ceilings={"<20|*|*": 60})
    assert {each.constraint for each in binding(made)} >= {"plan.max_copies"}
    looser, _ = solved(CELLS, LOPSIDED, total=240, shares=UNIFORM, max_copies=3, ceilings={"<20|*|*": 60})
    assert looser.solution.levels[0].value < made.solution.levels[0].value
    assert {o.reason for o in outcomes(made).values() if o.reached == o.wanted} == {""}


def test_each_point_of_the_tradeoff_is_the_best_that_its_cap_and_total_allow():
    """Caps between two of equal deviation are not solved again; the points are as if they were."""
    made, _ = solved(CELLS, LOPSIDED, total=240, shares=UNIFORM, max_copies=2, price={"copies": [8, 0, 1, 3, 24]})
    points = tradeoff(made)
    assert [point.max_copies for point in points[::10]] == [8, 0, 1, 3, 24] and len(points) == 50
    reached = 0
    for point in points:
        if point.deviation is not None:
            problem = made.problem.with_total(point.total).with_copies(point.max_copies)
            assert point.deviation == solve(problem, (DEVIATION,)).levels[0].value / problem.scale
            reached += 1
    assert reached > 25


def test_numbers_too_large_for_the_third_level_are_refused():
    with pytest.raises(UserError) as error, located("params.yaml: plan"):
        solved(CELLS, np.full(12, 1), total=10**9, max_copies=10**9, shares={"age": "uniform"})
    assert error.value.where == "params.yaml: plan.total"


def test_a_wrong_plan_is_caught():
    made, _ = solved(CELLS, LOPSIDED, total=240, shares=UNIFORM)
    claimed = tuple(level.value for level in made.solution.levels)
    keep, augment = made.keep.copy(), made.augment.copy()
    cell = int(np.argmax(augment))
    for k, g in ((keep, augment + np.eye(12, dtype=int)[cell]), (keep - np.eye(12, dtype=int)[0], augment)):
        with pytest.raises(check.WrongPlan):
            check.check(made.problem, k, g, claimed)
    with pytest.raises(check.WrongPlan):
        check.check(made.problem, keep, augment, (claimed[0] - 1, *claimed[1:]))
