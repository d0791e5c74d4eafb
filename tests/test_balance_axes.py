from __future__ import annotations

import json

from balance.axes import lost, only_present
from manifests.core.cells import Cells
from manifests.sections.plan import Plan

DECLARED = Cells.of({"age": [20], "gender": ["male", "female"], "expression": ["happy", "other"]})
PRESENT = DECLARED.only(["age", "gender"])


def plan(**section: object) -> Plan:
    return Plan.model_validate_json(json.dumps({"total": 10, **section}))


def test_targets_and_constraints_about_a_missing_axis_are_left_out():
    found = only_present(
        plan(
            shares={"age": "uniform", "expression": "uniform"},
            weights={"expression": 2, "gender": 3},
            max_copies={"default": 3, "expression": {"happy": 1}, "age": {"20+": 2}},
            joint={"20+|male|*": 4, "20+|*|happy": 5},
            floors={"expression": {"happy": 3}, "gender": {"male": 1}, "<20|*|*": 2},
        ),
        DECLARED,
        PRESENT,
    )
    assert lost(DECLARED, PRESENT) == ("expression",)
    assert found == plan(
        shares={"age": "uniform"},
        weights={"gender": 3},
        max_copies={"default": 3, "age": {"20+": 2}},
        joint={"20+|male": 4},
        floors={"gender": {"male": 1}, "<20|*": 2},
    )


def test_a_misspelt_axis_stays_to_be_named_as_a_mistake():
    section = plan(shares={"expresion": "uniform"})
    assert only_present(section, DECLARED, PRESENT) == section


def test_nothing_changes_where_every_axis_is_there():
    section = plan(shares={"expression": "uniform"})
    assert only_present(section, DECLARED, DECLARED) is section
