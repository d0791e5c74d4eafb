"""The quarantine page: each reason with its photos and values, faces where they can be read, and no more than that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.core import codec
from manifests.scanning.photos import SizeLimits
from pages import quarantine, quarantine_rows

LIMITS = SizeLimits(1_000_000, 100_000)


def photo(path: Path, level: int, side: int = 40) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(codec.encode(np.full((side, side, 3), level, np.uint8), 95))


def left(*rows: tuple[str, str, str]) -> pa.Table:
    path, reason, detail = zip(*rows, strict=True) if rows else ((), (), ())
    return pa.table(
        {
            name: pa.array(each, pa.string())
            for name, each in zip(("path", "reason", "detail"), (path, reason, detail), strict=True)
        }
    )


def usable(near: str | None = None) -> pa.Table:
    return pa.table(
        {"image_id": ["a", "b"], "path": ["one.jpg", "two.jpg"], "near_of": pa.array([None, near], pa.string())}
    )


def page(tmp_path: Path, table: pa.Table, sources: pa.Table) -> str:
    (tmp_path / "page").mkdir()
    quarantine.write(tmp_path / "page", tmp_path / "root", table, sources, LIMITS)
    return (tmp_path / "page/index.html").read_text()


def test_reasons_are_counted_and_shown_with_values_and_faces(tmp_path: Path) -> None:
    photo(tmp_path / "root/old.jpg", 200)
    table = left(
        ("old.jpg", "age_out_of_range", "age 240"),
        ("gone.jpg", "missing_file", ""),
        ("away.jpg", "missing_file", ""),
    )
    html = page(tmp_path, table, usable())
    assert "3 of 5 photos and label rows were left out (60.0%)." in html
    assert html.index("A label row without its photo: 2") < html.index("The age is out of range: 1")
    assert "age 240" in html and html.count('role="img"') == 1 and html.count("no picture") == 2
    sheet = codec.decode((tmp_path / "page/faces-00.jpg").read_bytes())
    assert abs(int(sheet[56, 56, 0]) - 200) < 4


def test_nothing_outside_the_root_or_too_large_is_read(tmp_path: Path) -> None:
    photo(tmp_path / "secret.jpg", 10)
    photo(tmp_path / "root/huge.jpg", 10, side=400)
    (tmp_path / "root/bad.jpg").write_bytes(b"no photo")
    rows = (
        ("../secret.jpg", "outside_root", ""),
        ("huge.jpg", "too_many_pixels", "160000"),
        ("bad.jpg", "undecodable", ""),
    )
    html = page(tmp_path, left(*rows), usable())
    assert 'role="img"' not in html and not list((tmp_path / "page").glob("faces-*"))


def test_near_duplicates_are_left_out_too(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    html = page(tmp_path, left(), usable(near="a"))
    assert "1 of 2 photos" in html and "like one.jpg" in html


def test_a_clean_source_says_so(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    assert "Nothing was left out: all 2 photos can be used." in page(tmp_path, left(), usable())


def test_every_reason_of_the_table_has_words() -> None:
    assert set(quarantine_rows.REASONS) | {quarantine_rows.NEAR} == set(quarantine_rows.WORDS)


def test_labels_are_shown_as_text(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    html = page(tmp_path, left(("<b>.jpg", "unknown_label", "<script>")), usable())
    assert "<script>" not in html and "&lt;script&gt;" in html
