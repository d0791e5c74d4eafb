"""The plan page: every figure of plan.json in words, a chart and a table, and two plans side by side."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from balance import page
from manifests.tables import plan as plan_table
from manifests.tables import plan_report
from manifests.tables.plan_report import BindingConstraint, PlanReport, PolicyRejects
from pages import plan_charts, plan_text
from tests.support import plan_sample
from tests.support.stages import prepare, run

COUNTS = "age,gender,available\n<30,a,40\n30+,a,5\n<30,b,12\n30+,b,0\n"
PARAMS = """
seed: 1
cells:
  age: [30]
  gender: [a, b]
plan:
  total: 100
  shares: {age: uniform, gender: uniform}
  max_copies: 3
  price: {copies: [1, 3], totals: [1, 2]}
"""


def planned(folder: Path, params: str = PARAMS) -> Path:
    """A folder with a plan of four cells, one of them empty."""
    (prepare(folder, params) / "counts.csv").write_text(COUNTS)
    done = run(folder, "balance.plan", "--counts", "counts.csv")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planned(tmp_path_factory.mktemp("run") / "now")


@pytest.fixture(scope="module")
def plan(folder: Path) -> PlanReport:
    return plan_report.read(folder / "manifests/built/plan.json")


def test_page_is_written_from_the_plans_files_alone_the_same_each_time(folder: Path) -> None:
    for out in ("one", "two"):
        assert run(folder, "balance.page", "--out", out).returncode == 0
    names = sorted(path.name for path in (folder / "one").iterdir())
    assert "index.html" in names and "plotly.min.js" in names
    assert all((folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes() for name in names)
    html = (folder / "one/index.html").read_text()
    drawn = set(re.findall(r'data-chart="([^"]+)"', html))
    handed = set(re.findall(r'^put\("([^"]+)"', (folder / "one/figures.js").read_text(), re.M))
    assert drawn == handed == {"axis-0", "axis-1", "copies", "tradeoff-max-copies", "tradeoff-total"}


def test_charts_hold_the_plans_own_numbers(plan: PlanReport) -> None:
    for axis, rows in zip(plan_charts.axes(plan), plan.marginals.values(), strict=True):
        marks = {trace["name"]: trace for trace in axis["figure"]["data"]}
        for name, trace in marks.items():
            shares = [getattr(row, f"{name}_share") for row in rows]
            assert trace["x"] == [None if share is None else pytest.approx(100 * share) for share in shares]
            assert trace["y"] == [row.value for row in rows]
        assert [row[3] for row in axis["rows"]] == [f"{row.reached:,}" for row in rows]
    bars = plan_charts.charts(plan, [])["copies"]["data"][0]
    assert dict(zip(bars["x"], bars["y"], strict=True)) == {each.copies: each.photos for each in plan.copies}


def test_sentences_say_what_is_kept_what_is_binding_and_which_photos_would_help(plan: PlanReport) -> None:
    assert plan_text.lead(plan).startswith("100 train images: every photo kept and 43 copies made. This is proven")
    told = "\n".join(plan_text.binding(plan))
    assert all(each.constraint in told and each.cell in told for each in plan.binding)
    assert plan.acquisition
    assert all(each.cell in line for line, each in zip(plan_text.acquisition(plan), plan.acquisition, strict=True))


def test_a_binding_constraint_is_one_sentence_with_all_its_cells(plan: PlanReport) -> None:
    entries = [BindingConstraint(constraint="plan.keep", cell=cell, saves=2.0) for cell in ("a", "b")]
    entries.append(BindingConstraint(constraint="plan.total", cell="", saves=1.0))
    assert plan_text.binding(plan.model_copy(update={"binding": entries})) == [
        "plan.keep: one image more or less saves 2 images of deviation, in each of 2 cells: a; b.",
        "plan.total: one image more or less saves 1 image of deviation.",
    ]


def test_a_policy_rejected_often_is_named(plan: PlanReport) -> None:
    shadow = PolicyRejects(planned=9, rejected=4, often=1)
    counts = {"shadow": shadow, "flip": PolicyRejects(planned=90, rejected=1, often=0)}
    report = plan.model_copy(update={"rejected": counts})
    assert plan_text.warnings(report) == [
        "Copies made by the policy shadow are often rejected: 4 so far. Lower its weight or its severity.",
    ]
    assert plan_text.rejected(report)[0] == ("shadow", "9", "4", "often rejected")


def test_two_plans_side_by_side(folder: Path, tmp_path: Path) -> None:
    older = planned(tmp_path / "older", PARAMS.replace("total: 100", "total: 80")) / "manifests/built/plan.json"
    done = run(folder, "balance.page", "--out", "beside", "--against", str(older))
    assert done.returncode == 0, done.stderr
    html = (folder / "beside/index.html").read_text()
    assert re.search(r'<th scope="row">images</th><td[^>]*>100</td><td[^>]*>80</td><td[^>]*>\+20</td>', html)
    assert "Cells whose target changed most" in html
    figures = (folder / "beside/figures.js").read_text()
    assert figures.count("older plan") == 2


@pytest.mark.parametrize("missing", ["tradeoff", "acquisition", "binding"])
def test_what_a_plan_does_not_have_is_said(folder: Path, tmp_path: Path, plan: PlanReport, missing: str) -> None:
    full = {"binding": [BindingConstraint(constraint="plan.total", cell="", saves=1.0)], missing: []}
    table = plan_table.read(folder / "manifests/built/plan.parquet")
    page.write(tmp_path, plan.model_copy(update=full), *table, [])
    words = {"tradeoff": "No tradeoff curve", "acquisition": "Empty: no new photo", "binding": "None: no cap"}
    html = (tmp_path / "index.html").read_text()
    assert [key for key, text in words.items() if text in html] == [missing]


@pytest.mark.parametrize("key", ["total", "marginals", "binding", "copies", "price", "levels", "cells"])
def test_words_for_values_are_one_clear_error(folder: Path, tmp_path: Path, key: str) -> None:
    written = json.loads((folder / "manifests/built/plan.json").read_text())
    (tmp_path / "plan.json").write_text(json.dumps({**written, key: "many"}))
    done = run(folder, "balance.page", "--summary", str(tmp_path / "plan.json"), "--out", str(tmp_path / "page"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{tmp_path}/plan.json: {key}: expected a plan. Received ")
    assert done.stderr.endswith("Run `python -m balance.plan`.\n")
    assert done.stderr.count("\n") == 1 and not (tmp_path / "page").exists()


def test_a_table_without_rows_is_named(folder: Path, tmp_path: Path) -> None:
    table, cells = plan_table.read(folder / "manifests/built/plan.parquet")
    plan_table.write(table.slice(0, 0), tmp_path / "plan.parquet", cells)
    done = run(folder, "balance.page", "--plan", str(tmp_path / "plan.parquet"), "--out", str(tmp_path / "page"))
    assert done.stderr == (
        f"{tmp_path}/plan.parquet: expected {len(cells)} rows, one per cell, in order. Received 0. "
        "Run `python -m balance.plan` again.\n"
    )


def test_an_emphasis_that_is_on_is_said(tmp_path: Path) -> None:
    plan_sample.write(tmp_path / "plan.json")
    report = plan_report.read(tmp_path / "plan.json")
    assert "emphasis" not in plan_text.lead(report)
    on = report.model_copy(update={"emphasis": {"age": {"<30": 0.8, "30+": 1.2}}})
    assert plan_text.lead(on).endswith("The emphasis of manifests/emphasis.json is on: <30 x 0.8, 30+ x 1.2.")
