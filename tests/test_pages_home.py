"""The index of the pages: three cards from what the stages wrote, or what is missing, in one file."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from manifests.tables import comparison, index
from pages import home, home_cards, results_verdict, shell
from tests.support import results_sample


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, and the index of their pages."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        results_sample.make(folder)
        results_sample.command(home.main)
    return folder


def test_cards_say_the_plan_and_the_verdict_and_lead_to_every_page(folder: Path) -> None:
    html = (folder / "datasets/pages/index.html").read_text()
    told = results_verdict.verdict(comparison.read(folder / "datasets/comparison.json"))
    assert told.sentence in html and " train images: " in html
    assert [name for name in shell.PAGES if f'href="{name}/index.html"' not in html] == []


def test_figure_is_the_differences_to_the_baseline(folder: Path) -> None:
    compared = comparison.read(folder / "datasets/comparison.json")
    card = home_cards.results(compared)
    (line,) = card.lines
    pair = comparison.between(compared.splits[compared.split].pairs, "balanced", "original")
    assert pair is not None and line.run == "balanced"
    assert line.low < line.value < line.high
    assert (line.value < card.zero) == (pair.error.value < 0)
    assert line.sure == (line.high < card.zero or line.low > card.zero)


def test_six_copies_are_of_as_many_photos_and_stand_below_their_own_original(folder: Path) -> None:
    rows = index.read(folder / "datasets/shards/index.parquet")[0]
    chosen = home_cards.chosen(rows)
    assert len(chosen) == min(home_cards.FACES, len({row["image_id"] for row in chosen})) > 1
    assert all(row["copy"] > 0 and row["kept"] for row in chosen)
    faces = home_cards.faces(folder / "datasets/shards", rows)
    html = (folder / "datasets/pages/index.html").read_text()
    for face in faces:
        assert re.search(
            f'#/image/{face.task}"><img src="{re.escape(face.photo)}"[^>]*><img src="{re.escape(face.copy)}"', html
        )


def test_index_is_one_file_that_asks_for_nothing(folder: Path) -> None:
    html = (folder / "datasets/pages/index.html").read_text()
    assert "default-src 'none'" in unescape(html) and "http:" not in html and "https:" not in html
    assert "<script" not in html and '<link rel="stylesheet"' not in html


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results_sample.command(home.main)
    html = (tmp_path / "datasets/pages/index.html").read_text()
    assert html.count('class="nothing"') == 3
