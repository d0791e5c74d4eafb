"""The plan page's lines: named where they are, copies counted in words, and empty parts in one line each."""

from __future__ import annotations

from pathlib import Path

from balance import page
from manifests.tables import plan as plan_table
from manifests.tables import plan_report
from manifests.tables.plan_report import TradeoffPoint
from pages import charts, plan_charts, plan_text
from tests.support import plan_sample
from tests.test_balance_page import planned


def test_a_line_is_named_at_its_highest_point_and_needs_no_legend() -> None:
    made = charts.lines([("a", [1, 2, 3], [5, None, 1]), ("b", [1, 2, 3], [0, 2, 2])], ("x", "y"), direct=True)
    first, second = made["layout"]["annotations"]
    assert (first["x"], first["y"], first["text"]) == (1, 5, "a")
    assert (second["x"], second["y"], second["text"]) == (2, 2, "b")
    assert made["layout"]["showlegend"] is False


def test_one_copy_is_one_copy(tmp_path: Path) -> None:
    plan_sample.write(tmp_path / "plan.json")
    point = TradeoffPoint(max_copies=1, total=100, deviation=3, misplaced=0.03)
    report = plan_report.read(tmp_path / "plan.json").model_copy(update={"tradeoff": [point]})
    _, by_total = plan_charts.tradeoff(report)
    assert by_total["figure"]["layout"]["annotations"][0]["text"] == "1 copy"
    assert "with at most 1 copy and 100 images" in by_total["description"]


def test_what_a_cap_counts_is_named(tmp_path: Path) -> None:
    plan_sample.write(tmp_path / "plan.json")
    point = TradeoffPoint(max_copies=4, total=100, deviation=3, misplaced=0.03)
    of_photo = plan_report.read(tmp_path / "plan.json").model_copy(update={"tradeoff": [point]})
    of_person = of_photo.model_copy(update={"copies_of_person": 4})
    assert ("most copies of one person", "4") in plan_text.figures(of_person)
    assert len(plan_text.figures(of_photo)) + 1 == len(plan_text.figures(of_person))
    for report, word in ((of_photo, "photo"), (of_person, "person")):
        by_copies, by_total = plan_charts.tradeoff(report)
        assert by_copies["figure"]["layout"]["xaxis"]["title"]["text"] == f"largest number of copies of one {word}"
        assert by_total["description"].startswith(f"Each line is the largest number of copies of a {word}.")


def test_page_opens_with_the_plan_in_a_sentence_and_says_empty_parts_last(tmp_path: Path) -> None:
    built = planned(tmp_path / "run") / "manifests/built"
    report = plan_report.read(built / "plan.json").model_copy(update={"binding": [], "acquisition": []})
    (tmp_path / "page").mkdir()
    page.write(tmp_path / "page", report, *plan_table.read(built / "plan.parquet"), [])
    html = (tmp_path / "page/index.html").read_text()
    assert f'<p class="verdict">{plan_text.short(report)}</p>' in html
    assert html.count('<p class="nothing">') == 2 and 'id="binding"' not in html
    assert html.index("Photos for the targets.") > html.index('id="tradeoff"')
