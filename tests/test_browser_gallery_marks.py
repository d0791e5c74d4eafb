"""Photos excluded and copies rejected in the gallery, and their export, in a real browser."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest

from augment import gallery
from manifests import scan
from manifests.core import codec
from manifests.tables import index, plan, quarantine, rejects, source
from tests.support import pages_samples
from tests.support.browser import Reader
from tests.support.gallery_reader import browser, first_copy, make, reader, small, table  # noqa: F401

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def saved(page: Any, kind: str, file: Path) -> Path:
    """Save a list as a reader does."""
    with page.expect_download() as download:
        page.locator(f"#{kind}-download").click()
    download.value.save_as(file)
    assert page.locator(f"#{kind}-csv").input_value() == file.read_text()
    return file


def test_reject_undo_and_export(reader: Any, table: Any, tmp_path: Path) -> None:
    row = first_copy(table)
    open_ = reader(f"#/image/{row['task_id']}")
    page = open_.page
    page.keyboard.press("x")
    assert open_.text("#mark-count") == "1"
    page.keyboard.press("u")
    assert open_.text("#mark-count") == "0"
    page.keyboard.press("x")
    page.locator("#open-marks").click()
    page.locator("#rejects-list input").fill('blurred, "very"')
    page.locator("#rejects-list input").press("Tab")
    assert rejects.read(saved(page, "rejects", tmp_path / "rejects.csv")) == {row["task_id"]: 'blurred, "very"'}
    assert page.locator("#excluded-export").is_hidden()
    page.reload()
    assert open_.text("#mark-count") == "1"


def test_an_excluded_photo_is_left_out_by_the_scan(
    reader: Any, table: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    originals = table.filter(pc.equal(table["copy"], 0)).to_pylist()
    odd = next(row for row in originals if row["path"] == pages_samples.IMG)
    plain, stays = (row for row in originals[:2])
    open_ = reader()
    page = open_.page
    for row in (plain, odd):
        open_.open(f"#/images?copy=0&text={row['image_id']}")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("x")
    open_.open("#/images?set=excluded")
    assert open_.text("#found").startswith("2 of")
    assert page.locator("#images a.marked").count() == 2
    page.locator(f'#images a[href*="{odd["image_id"]}"]').click()
    page.locator("#mark", has_text="Take it back").click()
    assert open_.text("#mark-count") == "1"
    page.keyboard.press("u")
    page.locator("#open-marks").click()
    page.locator("#excluded-list input").last.fill("of somebody else, I think")
    page.locator("#excluded-list input").last.press("Tab")
    file = saved(page, "excluded", tmp_path / "exclude.csv")

    monkeypatch.chdir(tmp_path)
    lines = [["path", "split", "age"]]
    for number, row in enumerate((plain, odd, stays)):
        (tmp_path / "photos" / row["path"]).parent.mkdir(parents=True, exist_ok=True)
        picture = pages_samples.face(np.random.default_rng(number))
        (tmp_path / "photos" / row["path"]).write_bytes(codec.encode(picture, 90))
        lines.append([row["path"], "train", str(20 + number)])
    with (tmp_path / "photos/labels.csv").open("w", newline="") as labels:
        csv.writer(labels).writerows(lines)
    text = "source: {layout: table, root: photos, max_quarantine: 0.0}\ncells: {age: [20, 40]}\n"
    (tmp_path / "params.yaml").write_text(text)
    scan.main(["--exclude", str(file)])
    left = source.read(tmp_path / "manifests/built/source.parquet")[0]["path"].to_pylist()
    out = quarantine.read(tmp_path / "manifests/built/quarantine.parquet")[0].to_pylist()
    assert left == [stays["path"]]
    assert {row["path"]: (row["reason"], row["detail"]) for row in out} == {
        plain["path"]: ("excluded", ""),
        odd["path"]: ("excluded", "of somebody else, I think"),
    }


def test_export_keeps_what_the_files_held(browser: Any, tmp_path: Path) -> None:
    sample = pages_samples.make(tmp_path, 60)
    table, cells = index.read(sample.index)
    (tmp_path / "gallery").mkdir()
    kept = {"0123456789abcdef_0003": "gone"}, {"train/gone.jpg": "blurred"}
    planned = plan.read(sample.plan)[0]
    gallery.write(tmp_path / "gallery", sample.index.parent, table, cells, planned, *kept)
    row = first_copy(table)
    open_ = Reader(browser, tmp_path / "gallery", f"#/image/{row['task_id']}")
    open_.page.keyboard.press("x")
    for kind, lines in (
        ("rejects", [["task_id", "reason"], ["0123456789abcdef_0003", "gone"], [row["task_id"], ""]]),
        ("excluded", [["path", "reason"], ["train/gone.jpg", "blurred"]]),
    ):
        assert list(csv.reader(open_.page.locator(f"#{kind}-csv").input_value().splitlines())) == lines
    open_.close()
