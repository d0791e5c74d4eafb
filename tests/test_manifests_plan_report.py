"""plan.json: what is written is read back, and another file is named as what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from balance.report.spread import Spread
from balance.report.summary import summary
from balance.solver.planner import make
from manifests.core.errors import UserError
from manifests.sections.plan import Plan
from manifests.tables import plan_report
from manifests.tables.plan_report import PolicyRejects
from tests.support.plan_stage import CELLS, LOPSIDED, UNIFORM


@pytest.fixture(scope="module")
def report() -> plan_report.PlanReport:
    section = Plan.model_validate_json(json.dumps({"total": 240, "shares": UNIFORM, "price": {"copies": [1]}}))
    rejected = {"flip": PolicyRejects(planned=9, rejected=4, often=1)}
    planned = make(section, CELLS, LOPSIDED, {"gender": {"male": 2.0}})
    return summary(planned, Spread.of_counts(LOPSIDED, planned.augment), rejected)


def test_a_report_is_read_back_as_it_was_written(tmp_path: Path, report: plan_report.PlanReport) -> None:
    plan_report.write(report, tmp_path / "plan.json")
    assert plan_report.read(tmp_path / "plan.json") == report
    assert report.binding and report.acquisition and report.tradeoff


def test_the_files_keys_are_those_that_other_tools_read(tmp_path: Path, report: plan_report.PlanReport) -> None:
    plan_report.write(report, tmp_path / "plan.json")
    content = json.loads((tmp_path / "plan.json").read_text())
    keys = (
        "status objective bound gap levels total total_wish shares_reached available keep augment cells axes "
        "marginals joint limits binding shopping copies price emphasis rejected variety"
    )
    assert " ".join(content) == keys
    assert list(content["binding"][0]) == ["wish", "cell", "saves"]
    assert list(content["limits"][0]) == ["wish", "least", "most", "reached"]


@pytest.mark.parametrize(
    ("content", "place"),
    [("[", ""), ("[]", ""), ("{}", ": status"), ('{"total": 3}', ": status"), ("\xff", "")],
)
def test_a_file_that_is_no_plan_is_named(tmp_path: Path, content: str, place: str) -> None:
    (tmp_path / "plan.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError) as error:
        plan_report.read(tmp_path / "plan.json")
    assert str(error.value).startswith(f"{tmp_path}/plan.json{place}: expected a plan. Received ")
    assert str(error.value).endswith(". Run `python -m balance.plan`.")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"expected a plan\. Received no such file"):
        plan_report.read(tmp_path / "plan.json")
