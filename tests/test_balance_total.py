"""`total: auto` against every other total."""

from __future__ import annotations

import json

import numpy as np
import pytest

from balance.solver.planner import make
from balance.solver.problem import parse
from balance.solver.solve import solve
from balance.solver.total import least_total
from manifests.core.cells import Cells
from manifests.sections.plan import Plan
from tests.support.plan_stage import CELLS, LOPSIDED, UNIFORM


def test_auto_is_the_least_total_that_reaches_the_shares():
    section = Plan.model_validate_json(json.dumps({"total": "auto", "shares": UNIFORM, "max_copies": 60}))
    made = make(section, CELLS, LOPSIDED, {})
    assert made.shares_reached
    assert made.solution.levels[0].value == 0
    total = made.problem.total
    for fewer in range(int(LOPSIDED.sum()), total):
        assert solve(made.problem.with_total(fewer), (0,)).levels[0].value > 0


def test_auto_comes_closest_where_no_total_reaches_the_shares():
    section = Plan.model_validate_json(json.dumps({"total": "auto", "shares": UNIFORM, "max_copies": 1}))

    problem = parse(section, CELLS, LOPSIDED, {})

    def off(total: int) -> float:
        return solve(problem.with_total(total), (0,)).levels[0].value / total

    total, reached = least_total(problem)
    assert not reached
    assert off(total) <= min(off(n) for n in range(124, 249)) + 0.02


@pytest.mark.parametrize(
    ("photos", "asked", "expected"),
    [
        ([0, 2, 2, 1], {"shares": {"size": "natural", "hue": {"a": 0.23, "rest": "uniform"}}, "max_copies": 2}, 7),
        ([0, 5, 1, 5], {"shares": {"size": "uniform", "hue": "uniform"}, "keep": 0, "max_copies": 2}, 2),
        ([2, 3, 2, 5], {"shares": {"hue": {"a": 0.03, "rest": "natural"}}, "keep": 0}, 17),
        ([2, 3, 2, 5], {"shares": {"hue": "uniform"}, "keep": 0, "ceilings": {"hue": {"a": 0}}}, None),
    ],
    ids=[
        "reached by rounding alone",
        "an image of each value",
        "an image of a rare value",
        "a value that may have none",
    ],
)
def test_auto_in_small(photos, asked, expected):
    """Every total up to the answer, by exhaustive search."""
    cells, available = Cells.of({"size": ["a", "b"], "hue": ["a", "b"]}), np.array(photos)
    section = Plan.model_validate_json(json.dumps({"total": "auto", **asked}))
    problem, least = parse(section, cells, available, {}), None
    total, reached = least_total(problem)
    grid = np.stack(np.meshgrid(*map(np.arange, problem.keep, problem.most + 1), indexing="ij")).reshape(4, -1)
    for number in range(1, 60):
        stated = problem.with_total(number)
        good = grid.sum(axis=0) == number
        for each in stated.targets:
            sums = grid[each.members].sum(axis=0)
            good &= (sums == each.wanted) & ((sums > 0) | (available[each.members].sum() == 0))
        for each in stated.constraints:
            good &= each.most is None or grid[each.members].sum(axis=0) <= each.most
        if good.any():
            least = number
            break
    assert least == expected
    assert reached == (least is not None)
    assert least in (None, total)
