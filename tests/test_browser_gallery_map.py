"""The map of photos that look alike, in a real browser."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
import pytest

from tests.support.gallery_reader import browser, first_copy, reader, small, table  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def test_photos_that_look_alike_are_listed_and_sorted(reader: Any, table: Any) -> None:
    open_ = reader("#/images")
    page = open_.page
    page.locator('select[name="sort"]').select_option(label="likeness to another")
    page.locator("#images a[data-row]").first.click()
    page.wait_for_selector('#views[aria-busy="false"]')
    said = page.locator("#similar .caption:not(.labels)").all_inner_texts()
    shares = [int(words.split("%")[0]) for words in said]
    assert shares == sorted(shares, reverse=True) and len(shares) == 8
    first = page.locator("#similar a").first
    wanted = first.get_attribute("href")
    first.click()
    page.wait_for_function("hash => location.hash === hash", arg=wanted)
    assert page.locator("#similar-title").is_visible()
    open_.open(f"#/image/{first_copy(table)['task_id']}")
    page.wait_for_selector('#views[aria-busy="false"] #copy[src^="data:"]')
    assert page.locator("#similar-title").is_hidden()


def test_keys_move_over_the_map_and_open_a_photo(reader: Any, table: Any) -> None:
    open_ = reader()
    page = open_.page
    page.locator("#map").focus()
    spot = "() => table.spot(Number(document.getElementById('map').dataset.row))"
    for key, axis, sign in (
        ("ArrowRight", "x", 1),
        ("ArrowLeft", "x", -1),
        ("ArrowDown", "y", 1),
        ("ArrowUp", "y", -1),
    ):
        before = page.evaluate(spot)
        page.keyboard.press(key)
        assert sign * (page.evaluate(spot)[axis] - before[axis]) > 0, key
    first = page.locator("#map-tiles a").first
    assert first.get_attribute("data-row") == page.locator("#map").get_attribute("data-row")
    said = open_.text("#map-said")
    assert open_.violations() == []
    page.keyboard.press("Enter")
    page.wait_for_selector("#image:not([hidden])")
    assert said.startswith(open_.text("#image-title"))
    page.go_back()
    around = int(open_.text("#map-list").split()[2])
    page.locator("#map-list").click()
    assert page.locator("#images a[data-row]").count() == around
    assert open_.text("#list-title") == "Photos of one area of the map"


def test_the_pointer_names_opens_and_filters_points_of_the_map(reader: Any, table: Any) -> None:
    open_ = reader()
    page = open_.page
    page.locator("#map").scroll_into_view_if_needed()
    box, row = page.locator("#map").bounding_box(), 7
    point = page.evaluate("row => map.at(map.rows[row])", row)
    page.mouse.move(box["x"] + point["x"] + 1, box["y"] + point["y"] + 1)
    spot = page.evaluate("row => table.spot(map.rows[row])", row)  # of several photos there, any
    found = page.evaluate("table.spot(Number(document.getElementById('map').dataset.row))")
    assert found == spot and open_.text("#map-said").startswith("Photo ")
    page.mouse.click(box["x"] + point["x"] + 1, box["y"] + point["y"] + 1)
    page.wait_for_selector("#image:not([hidden])")
    page.go_back()
    page.locator("#map").scroll_into_view_if_needed()
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 3, steps=4)
    page.mouse.up()
    page.wait_for_selector("#list:not([hidden])")
    half = page.evaluate("map.rows.filter((i) => table.spot(i).x <= 499).length")
    photos = len(table.filter(pc.equal(table["copy"], 0)))
    assert 0 < half < photos
    assert abs(page.locator("#images a[data-row]").count() - half) <= 1
    page.locator('select[name="split"]').select_option(label="train")
    assert "area=" in page.evaluate("location.hash")
    page.locator('#bar [type="reset"]').click()
    page.wait_for_function("() => !location.hash.includes('area')")


def test_the_map_takes_its_colours_from_the_axis_and_the_theme(reader: Any) -> None:
    open_ = reader()
    page = open_.page
    drawn = "document.getElementById('map-points').toDataURL()"
    page.wait_for_function("() => document.getElementById('map-points').width > 300")
    seen = {page.evaluate(drawn)}
    page.locator("#map-colour").select_option(label="gender")
    assert page.locator("#map-key li").all_inner_texts() == ["male", "female"]
    seen.add(page.evaluate(drawn))
    page.locator("#theme").click()
    page.locator("#theme").click()
    seen.add(page.evaluate(drawn))
    assert len(seen) == 3
