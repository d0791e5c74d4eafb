"""One image of the gallery beside its photo, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from augment import gallery
from augment.rendering import amounts
from manifests.core import codec
from manifests.tables import index, landmarks
from pages import gallery_index
from tests.support.browser import NARROW, WIDE, Reader
from tests.support.gallery_reader import browser, first_copy, make, reader, small, table  # noqa: F401
from tests.support.render_fixtures import project

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_an_image_shows_its_parent_its_difference_and_every_parameter(reader: Any, table: Any) -> None:
    row = first_copy(table)
    open_ = reader(f"#/image/{row['task_id']}")
    page = open_.page
    page.wait_for_selector('#views[aria-busy="false"] #copy[src^="data:"]')
    assert page.evaluate("document.getElementById('copy').naturalWidth") == 96
    assert page.evaluate("document.getElementById('copy').src !== document.getElementById('parent').src")
    told = open_.text("#made") + open_.text("#place")
    for words in (
        str(row["seed"]),
        row["shard"],
        f"{row['offset']:,} bytes",
        row["sha256"],
        "counterclockwise",
        "gamma",
    ):
        assert words in told
    wipe = "getComputedStyle(document.querySelector('.wipe .side')).clipPath"
    before = page.evaluate(wipe)
    page.locator("#cut").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(wipe) != before
    assert page.evaluate("location.hash").startswith(f"#/image/{row['task_id']}")
    page.locator("#gain").fill("9")
    assert "brightness(9)" in page.evaluate("getComputedStyle(document.querySelector('.difference')).filter")


MOVED = {"flip": True, "tilt": [0.08, -0.05], "angle": 9.0, "scale": 1.06, "shift": [0.04, -0.03]}


def test_a_copy_lies_on_its_photo_in_the_slider_and_the_difference(browser: Any, tmp_path: Path) -> None:
    folder = make(tmp_path, 80, moved=MOVED, size=240)
    task = first_copy(index.read(tmp_path / "shards" / "index.parquet")[0])["task_id"]
    for size in (WIDE, NARROW):
        open_ = Reader(browser, folder, f"#/image/{task}", size=size)
        page = open_.page
        page.wait_for_selector('#views[aria-busy="false"] #copy[src^="data:"]')
        page.locator("#gain").fill("1")
        page.locator("#cut").fill("0")

        def shown(kind: str, page: Any = page) -> np.ndarray:
            found = codec.decode(page.locator(f"#views {kind}").screenshot()).astype(int)
            return found[20:100, 20:100]  # frames may differ by a pixel where the columns' width is none

        photo, difference, wipe = shown("#parent"), shown(".difference").mean(), shown(".wipe")
        page.locator("#align").uncheck()
        assert 3 * difference < shown(".difference").mean()
        assert 3 * np.abs(wipe - photo).mean() < np.abs(shown(".wipe") - photo).mean()
        open_.close()


def test_a_copy_of_which_nothing_was_moved_needs_no_alignment(browser: Any, tmp_path: Path) -> None:
    folder = make(tmp_path, 80, moved={"gamma": 1.2})
    task = first_copy(index.read(tmp_path / "shards" / "index.parquet")[0])["task_id"]
    open_ = Reader(browser, folder, f"#/image/{task}")
    open_.page.wait_for_selector('#views[aria-busy="false"] #copy[src^="data:"]')
    assert open_.page.locator("#align-choice").is_hidden()
    assert open_.page.evaluate("document.querySelector('.wipe .over').style.transform") == ""
    open_.close()


def test_a_mix_is_shown_at_several_amounts_with_both_faces(browser: Any, tmp_path: Path) -> None:
    made = project(tmp_path, train=32, copies=4)
    made.render()
    table, cells = index.read(made.shards / "index.parquet")
    counts = {name: np.ones(len(cells), np.int64) for name in gallery_index.MEASURES}
    faces = tmp_path / "manifests/built/landmarks.parquet"
    (tmp_path / "gallery").mkdir()
    meshes = landmarks.outlines(faces)
    gallery.write(tmp_path / "gallery", made.shards, table, cells, pa.table(counts), {}, {}, meshes, None, faces)
    task = next(iter(amounts.rendered(gallery_index.order(table), table, made.shards, faces)))
    open_ = Reader(browser, tmp_path / "gallery", f"#/image/{task}")
    page = open_.page
    page.wait_for_selector('#views[aria-busy="false"] #mixed[src^="data:"]')
    assert page.locator("#donor").is_visible() and open_.text("#amount-is") == "0%"
    pictures = {page.locator("#mixed").get_attribute("src")}
    page.locator("#amount").focus()
    for said in ("30%", "50%", "70%"):
        page.keyboard.press("ArrowRight")
        assert open_.text("#amount-is") == said
        pictures.add(page.locator("#mixed").get_attribute("src"))
    assert len(pictures) == 4 and page.evaluate("location.hash").startswith(f"#/image/{task}")
    page.locator("#mesh").check()
    assert page.locator("#views svg:visible").count() == 2
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        assert not open_.overflows() and open_.violations() == []
    other = next(row["task_id"] for row in table.to_pylist() if row["policy"] == "pose")
    open_.open(f"#/image/{other}")
    page.wait_for_selector('#views[aria-busy="false"] #copy[src^="data:"]')
    assert page.locator("#mixes").is_hidden()
    open_.close()
