"""The plan page, the results page and the index of pages, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from balance import page
from manifests.tables import index, plan, plan_report
from manifests.tables.plan_report import JointTarget
from pages import audit_faces, audit_rows, home, quarantine
from tests.support import pages_samples, results_sample
from tests.support.browser import NARROW, WIDE, Reader, chromium
from tests.test_balance_page import planned
from tests.test_pages_quarantine import LIMITS, left, photo, usable
from tests.test_train_audit_page import REPORT, VERDICTS
from train import audit_page

DRAWN = """() => [...document.querySelectorAll('[data-chart]')].filter((box) => box.offsetParent)
    .every((box) => box.querySelector('.main-svg .xtick'))"""
pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder a page."""
    folder = tmp_path_factory.mktemp("pages")
    built = planned(folder / "plan") / "manifests/built"
    (folder / "plan-page").mkdir()
    joint = JointTarget(pattern="<script>alert(1)</script>", before=0, wanted=3, reached=1, reason="<b>")
    report = plan_report.read(built / "plan.json").model_copy(update={"joint": [joint]})
    page.write(folder / "plan-page", report, *plan.read(built / "plan.parquet"), [])
    (folder / "results").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "results")
        results = results_sample.make(folder / "results")
        return {
            "plan": folder / "plan-page",
            "results": results,
            "index": _index(folder / "results"),
            "audit": _audit(folder / "audit"),
            "quarantine": _quarantine(folder / "quarantine"),
        }


def _index(folder: Path) -> Path:
    results_sample.command(home.main)
    return folder / "datasets/pages"


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results page of runs that predict classes."""
    folder = tmp_path_factory.mktemp("classes")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return results_sample.make(folder, target="expression")


def _audit(folder: Path) -> Path:
    sample = pages_samples.make(folder / "sample", 60)
    (folder / "page").mkdir()
    table, used = index.read(sample.index)[0], {"light": 1.0, "tone": 0.5}
    shown = folder / "page", sample.index.parent, table
    off = {
        (row["image_id"], row["copy"]): float(i % 30 - 15)
        for i, row in enumerate(table.to_pylist())
        if row["cell"] >= 0
    }
    drifted = audit_faces.drifted(*shown, off, "age", used)
    rows = audit_rows.rows(REPORT, VERDICTS, used, audit_faces.faces(*shown), drifted, {"pose": 3})
    audit_page.write(folder / "page", REPORT, rows, audit_faces.doubted(*shown, off, "age"))
    return folder / "page"


def _quarantine(folder: Path) -> Path:
    photo(folder / "root/old.jpg", 200)
    (folder / "page").mkdir()
    table = left(("old.jpg", "age_out_of_range", "age 240"), ("gone-with-a-long-name.jpg", "missing_file", "<script>"))
    quarantine.write(folder / "page", folder / "root", table, usable(), LIMITS)
    return folder / "page"


@pytest.mark.parametrize("name", ["plan", "results", "index", "audit", "quarantine"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_draws_all_fits_and_breaks_no_serious_rule(
    browser: Any, folders: dict[str, Path], name: str, size: dict, dark: bool
) -> None:
    open_ = Reader(browser, folders[name], size=size, dark=dark)
    open_.page.wait_for_function(DRAWN)
    assert not open_.overflows()
    assert open_.violations() == []
    open_.close()


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_of_classes_draws_all_and_follows_the_run(browser: Any, classes: Path, size: dict, dark: bool) -> None:
    open_ = Reader(browser, classes, size=size, dark=dark)
    open_.page.wait_for_function(DRAWN)
    assert not open_.overflows()
    assert open_.violations() == []
    section = open_.page.locator("section", has=open_.page.locator("#classes"))
    for run in ("original", "balanced"):
        section.locator("select").select_option(run)
        shown = section.locator(f'[data-panel="run"][data-value="{run}"]')
        assert shown.is_visible() and section.locator("[data-panel]:visible").count() == 1
        assert shown.locator(".hm").count() == 1 and shown.locator(".scatterlayer .trace").count() == 3
    open_.close()


def test_charts_take_the_colours_of_the_theme(browser: Any, folders: dict[str, Path]) -> None:
    open_ = Reader(browser, folders["plan"])
    colour = "getComputedStyle(document.querySelector('[data-chart] .xtick text')).fill"
    open_.page.wait_for_selector("[data-chart] .xtick text")
    light = open_.page.evaluate(colour)
    for _ in range(2):
        open_.page.locator("#theme").click()
    assert open_.text("#theme-name") == "dark"
    open_.page.wait_for_function(f"() => {colour} !== '{light}'")
    open_.close()


def test_heat_map_changes_its_measure_and_leads_to_the_gallery(browser: Any, folders: dict[str, Path]) -> None:
    open_ = Reader(browser, folders["plan"])
    cell = open_.page.locator(".heat td a").first
    assert cell.inner_text() == "40"
    open_.page.locator(".choice label", has_text="augment").click()
    assert cell.inner_text() == cell.get_attribute("data-augment")
    assert cell.get_attribute("href") == "../gallery/index.html#/cell/0"
    open_.close()


def test_a_target_that_is_a_script_is_shown_as_text(browser: Any, folders: dict[str, Path]) -> None:
    open_ = Reader(browser, folders["plan"])
    assert "joint <script>alert(1)</script>" in open_.page.locator("main").inner_text()
    open_.close()


def test_baseline_and_run_can_be_chosen(browser: Any, folders: dict[str, Path]) -> None:
    open_ = Reader(browser, folders["results"])
    open_.page.wait_for_function(DRAWN)
    assert open_.page.locator('[data-chart="forest-0"]').is_visible()
    assert not open_.page.locator('[data-chart="forest-1"]').is_visible()
    open_.page.locator('[data-pick="baseline"]').select_option("balanced")
    open_.page.wait_for_selector('[data-chart="forest-1"] .main-svg .xtick')
    assert not open_.page.locator('[data-chart="forest-0"]').is_visible()
    open_.page.locator('[data-pick="run"]').first.select_option("original")
    open_.page.wait_for_selector('[data-chart="curve-0"] .main-svg .xtick')
    assert open_.page.locator('[data-pick="run"]').last.input_value() == "original"  # one choice, in every section
    open_.close()


def test_faces_follow_the_run_and_the_group_and_lead_to_the_gallery(browser: Any, folders: dict[str, Path]) -> None:
    open_ = Reader(browser, folders["results"])
    links = "[...document.querySelectorAll('[data-photos=worst] a')].map((a) => a.getAttribute('href'))"
    everyone = open_.page.evaluate(links)
    assert everyone and len(set(everyone)) == len(everyone)
    assert all(link.startswith("../gallery/index.html#/image/") for link in everyone)
    open_.page.locator('[data-pick="group"]').select_option(index=1)
    assert open_.page.evaluate(links) != everyone
    assert open_.page.locator("[data-photos=ordinary] a").count() > 0
    open_.close()


def test_no_figure_of_a_table_is_out_of_sight_on_a_narrow_screen(browser: Any, folders: dict[str, Path]) -> None:
    open_ = Reader(browser, folders["results"], size=NARROW)
    rows = open_.page.locator("section[aria-labelledby=pairs] td")
    boxes = [box for box in (rows.nth(i).bounding_box() for i in range(rows.count())) if box]
    assert boxes and all(box["x"] >= 0 and box["x"] + box["width"] <= NARROW["width"] for box in boxes)
    open_.close()
