"""The gallery as a reader uses it, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from augment import gallery
from manifests.core import codec
from manifests.tables import index, plan
from tests.support import pages_samples
from tests.support.browser import NARROW, WIDE, Reader, memory
from tests.support.gallery_reader import browser, first_copy, make, reader, small, table  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
CHANGE = "(value) => { const t = performance.now(); const s = document.querySelector(value[0]); s.value = value[1]; \
s.dispatchEvent(new Event('change', {bubbles: true})); document.body.offsetHeight; return performance.now() - t; }"


SCROLL = """async () => {
    for (let y = 0; y < 360000; y += 1200) {
        scrollTo(0, y);
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)));
    }
}"""


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_view_fits_the_window_and_breaks_no_serious_rule(reader: Any, table: Any, size: dict, dark: bool) -> None:
    task = first_copy(table)["task_id"]
    open_ = reader("#/", size=size, dark=dark)
    for hash_ in ("#/", "#/images", "#/cell/2", "#/cell/1", f"#/image/{task}", "#/image/0000000000000000_0001"):
        open_.open(hash_)
        open_.page.wait_for_timeout(150)
        assert not open_.overflows(), hash_
        assert open_.violations() == [], hash_
    for key in ("x", "u", "x"):
        open_.open(f"#/image/{task}")
        open_.page.keyboard.press(key)
    open_.open(f"#/image/{task[:-4]}0000")
    open_.page.keyboard.press("x")
    open_.page.locator("#open-marks").click()
    assert open_.text("#mark-count") == "2"
    assert open_.violations() == [] and not open_.overflows()


def test_a_click_on_a_cell_opens_its_photos_with_their_copies(reader: Any, table: Any) -> None:
    page = reader().page
    page.locator('a[href="#/cell/4"]').click()
    train = table.filter(pc.and_(pc.equal(table["cell"], 4), pc.equal(table["split"].cast("string"), "train")))
    assert page.locator("#images a[data-row]").count() == train.num_rows
    assert page.locator("#images ol > li").count() == len(train["image_id"].unique())
    assert page.locator("#list-title").inner_text() == "<20, male, asian, neutral"


def test_filters_combine_and_say_how_many_fit(reader: Any, table: Any) -> None:
    open_ = reader("#/images")
    open_.page.locator('select[name="copy"]').select_option(label="copies")
    open_.page.locator('select[name="axis-1"]').select_option(label="male")
    open_.page.locator('select[name="policy"]').select_option(label="light")
    open_.page.locator('input[name="low"]').fill("0.2")
    open_.page.locator('input[name="low"]').press("Enter")
    frame = table.to_pandas()
    fits = (frame["copy"] > 0) & (frame["gender"] == "male") & (frame["policy"] == "light") & (frame["severity"] > 0.19)
    assert 0 < fits.sum() < len(frame)
    open_.page.wait_for_function(
        "n => document.getElementById('found').textContent.startsWith(`${n} of`)", arg=int(fits.sum())
    )
    shown = open_.page.locator("#images a[data-row]").evaluate_all("links => links.map(a => a.hash)")
    assert {hash_.removeprefix("#/image/").partition("?")[0] for hash_ in shown} == set(frame[fits]["task_id"])
    again = reader(open_.page.evaluate("location.hash"))
    assert again.text("#found") == open_.text("#found")


def test_images_can_be_sorted_by_copies_severity_and_attempts(reader: Any, table: Any) -> None:
    frame = table.to_pandas()
    frame["copies"] = frame.groupby("image_id")["copy"].transform(lambda copy: (copy > 0).sum())
    frame["strength"] = frame["severity"].where(frame["copy"] > 0, -1)
    for sort, column in (("copies", "copies"), ("severity", "strength"), ("attempts", "attempt")):
        open_ = reader(f"#/images?sort={sort}")
        tasks = open_.page.locator("#images a[data-row]").evaluate_all(
            "links => links.slice(0, 20).map(a => a.hash.replace('#/image/', '').split('?')[0])"
        )
        values = frame.set_index("task_id")[column][tasks].tolist()
        assert values == pytest.approx(sorted(frame[column], reverse=True)[:20], abs=1e-3), sort


def test_first_screen_shows_faces_that_lead_on(reader: Any, table: Any) -> None:
    page = reader().page
    most = table.to_pandas().query("split == 'train'").groupby("image_id")["copy"].max().max()
    first = page.locator("#notable a[data-row]").first
    assert first.inner_text().startswith(f"{most} copies")
    assert first.bounding_box()["y"] < 400
    page.locator("#notable h2 a", has_text="Strongest copies").click()
    assert page.locator("#list-title").inner_text() == "All images"
    assert page.locator('select[name="sort"]').input_value() == "severity"


@pytest.mark.parametrize(
    ("title", "sort", "copies", "said"),
    [
        ("Farthest from their label", "residual", False, "a judge's error"),
        ("Farthest from their photo", "drift", True, "a judge's drift from the photo"),
    ],
)
def test_images_can_be_sorted_by_what_a_judge_sees(
    browser: Any, tmp_path: Path, title: str, sort: str, copies: bool, said: str
) -> None:
    sample = pages_samples.make(tmp_path, 80)
    table, cells = index.read(sample.index)
    images = table.filter(pc.greater_equal(table["cell"], 0)).select(["image_id", "copy"])
    off = np.arange(len(images), dtype=np.float32) - len(images) // 2
    kinds = np.where(images["copy"].to_numpy() > 0, "copy", "photo")
    opinions = images.append_column("kind", pa.array(kinds)).append_column("off", pa.array(off))
    (tmp_path / "gallery").mkdir()
    planned = plan.read(sample.plan)[0]
    gallery.write(tmp_path / "gallery", sample.index.parent, table, cells, planned, {}, {}, None, (opinions, "age"))
    open_ = Reader(browser, tmp_path / "gallery")
    open_.page.locator("#notable h2 a", has_text=title).click()
    assert open_.page.locator('select[name="sort"]').input_value() == sort
    hashes = open_.page.locator("#images a[data-row]").evaluate_all("links => links.map(a => a.hash)")
    found = [hash_.removeprefix("#/image/").partition("?")[0] for hash_ in hashes]
    names = (f"{image}_{copy:04d}" for image, copy in zip(*images.to_pydict().values(), strict=True))
    errors = dict(zip(names, off.tolist(), strict=True))
    known = [errors[name] for name in found if name in errors and (int(name[-4:]) > 0) == copies]
    sizes = np.abs(known).tolist()
    assert sizes == sorted(sizes, reverse=True) and len(sizes) > 20 and found[0] in errors
    open_.page.locator("#images a[data-row]").first.click()
    text = f"{abs(known[0]):.1f} years"
    assert said in open_.text("#labels") and ("\u2212" if known[0] < 0 else "+") + text in open_.text("#labels")
    open_.close()


def test_the_grid_draws_each_thumbnail_and_lets_its_lines_go(reader: Any, table: Any) -> None:
    open_ = reader("#/images", size=NARROW)
    page = open_.page

    def drawn(at: int) -> float:
        """How far the picture behind a tile is from what the image's own page shows, in grey levels."""
        link = page.locator(f'#images li[aria-posinset="{at}"] a')
        page.wait_for_timeout(400)
        shown = codec.decode(link.locator(".thumb").screenshot()).astype(int)
        link.click()
        page.wait_for_selector('#views[aria-busy="false"] #parent[src^="data:"]')
        copy = page.locator("#copy").is_visible()
        whole = codec.decode(page.locator("#copy" if copy else "#parent").screenshot())
        page.keyboard.press("Escape")
        return float(np.abs(cv2.resize(whole, shown.shape[1::-1], interpolation=cv2.INTER_AREA) - shown).mean())

    assert drawn(1) < 12 and drawn(5) < 12
    few = page.locator("#images canvas").count()
    page.evaluate("scrollTo(0, 4000)")
    assert drawn(80) < 12
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.wait_for_selector('#images li[aria-posinset="160"]')
    assert page.locator("#images canvas").count() <= few + 6
    open_.open("#/images?copy=copies&sort=severity")
    assert drawn(2) < 12


def test_a_tile_says_its_file_and_its_labels(reader: Any, table: Any) -> None:
    row = first_copy(table)
    link = reader(f"#/images?text={row['image_id']}&copy=copies").page.locator("#images a[data-row]").first
    assert row["path"] in link.get_attribute("title")
    assert str(row["ethnicity"]) in link.inner_text() and str(row["expression"]) in link.inner_text()


def test_keys_move_open_filter_and_come_back(reader: Any) -> None:
    page = reader("#/images").page
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.row") == "1"
    page.keyboard.press("ArrowDown")
    assert int(page.evaluate("document.activeElement.dataset.row")) > 1
    here = page.evaluate("document.activeElement.dataset.row")
    page.keyboard.press("Enter")
    page.wait_for_selector("#image:not([hidden])")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "n => document.getElementById('image-of').textContent.startsWith(`${n} of`)", arg=int(here) + 2
    )
    page.keyboard.press("Escape")
    page.wait_for_selector("#list:not([hidden])")
    assert page.evaluate("document.activeElement.dataset.row") == str(int(here) + 1)
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "text"


def test_names_that_would_break_a_page_are_shown_as_text(browser: Any, tmp_path: Path) -> None:
    evil = pages_samples.Cells.of({"age": [20], "expression": ["neutral", pages_samples.SCRIPT]})
    folder = make(tmp_path, 80, cells=evil)
    open_ = Reader(browser, folder)
    assert pages_samples.SCRIPT in open_.page.locator(".heat thead").inner_text()
    open_.open("#/images?text=%22%3E%3Cimg")
    open_.page.locator("#images a[data-row]").first.click()
    open_.page.wait_for_selector('#views[aria-busy="false"] #parent[src^="data:"]')
    assert open_.text("#image-note").startswith(pages_samples.IMG)
    assert pages_samples.IMG in open_.text("#place")
    assert open_.page.locator('img[src="x"]').count() == 0
    open_.close()


def test_filters_answer_within_a_fifth_of_a_second_at_10_000_images(browser: Any, tmp_path: Path) -> None:
    folder = make(tmp_path, 10_000, size=32)
    assert sum(path.is_file() for path in folder.rglob("*")) < 500
    open_ = Reader(browser, folder, "#/images")
    took = []
    for field, value in (
        ("policy", "2"),
        ("axis-0", "1"),
        ("copy", "copies"),
        ("axis-1", "0"),
        ("policy", ""),
        ("copy", ""),
    ):
        took.append(open_.page.evaluate(CHANGE, [f'#bar [name="{field}"]', value]))
    assert sorted(took)[len(took) // 2] < 200, took
    open_.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_100_000_images_stay_usable(browser: Any, tmp_path: Path) -> None:
    folder = make(tmp_path, 100_000, size=16)
    open_ = Reader(browser, folder, "#/images")
    page = open_.page
    page.wait_for_selector("#images a[data-row]")
    assert page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") < 2000
    took = []
    for field, value in (
        ("policy", "2"),
        ("axis-0", "1"),
        ("policy", ""),
        ("axis-0", ""),
        ("sort", "near"),
        ("sort", ""),
    ):
        took.append(page.evaluate(CHANGE, [f'#bar [name="{field}"]', value]))
    assert sorted(took)[len(took) // 2] < 200, took
    page.evaluate(SCROLL)
    assert page.locator("#images li").count() < 400
    assert 0 < memory() < 500
    open_.close()
