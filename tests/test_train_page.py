"""The results page: the comparison's own figures, its pictures, and what it says where something is missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from manifests.tables import comparison, scorecard
from pages import results_charts, results_tables, sprites
from tests.support import results_sample
from train import page
from train.targets import YEARS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs and their page."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        results_sample.make(folder)
    return folder


@pytest.fixture(scope="module")
def compared(folder: Path) -> comparison.Comparison:
    return comparison.read(folder / "datasets/comparison.json")


def figures(folder: Path) -> dict[str, dict]:
    """Every chart's spec by name, as handed to the page."""
    text = (folder / "datasets/pages/results/figures.js").read_text()
    return {name: json.loads(spec) for name, spec in re.findall(r'^put\("([^"]+)", (.*)\);$', text, re.M)}


def html(folder: Path) -> str:
    return (folder / "datasets/pages/results/index.html").read_text()


def test_every_chart_has_its_place_and_its_figures(folder: Path) -> None:
    drawn = re.findall(r'data-chart="([^"]+)"', html(folder))
    assert sorted(drawn) == sorted(figures(folder))
    assert {"runs", "systems", "group-0", "by-age-error", "by-age-signed", "curve-valid-mae"} <= set(drawn)


def test_dot_plot_has_one_point_a_run_and_the_published_in_another_mark(
    folder: Path, compared: comparison.Comparison
) -> None:
    rows = compared.splits[compared.split].rows
    data = figures(folder)["systems"]["data"]
    runs, published = [each for each in data if each["name"] != "published"], data[-1]
    for trace, row in zip(runs, rows, strict=False):
        assert (trace["x"], trace["y"]) == ([row.error.value], [row.average_bias.value])
        assert trace["error_x"]["array"] == pytest.approx([row.error.high - row.error.value])
        assert trace["error_y"]["arrayminus"] == pytest.approx([row.average_bias.value - row.average_bias.low])
        assert trace["marker"]["symbol"] != published["marker"]["symbol"]
    assert published["text"] == [row.name for row in rows if row.kind == "published"]
    assert "error_x" not in published


def test_steps_are_shown_and_unequal_ones_warned_of(folder: Path, compared: comparison.Comparison) -> None:
    html = (folder / "datasets/pages/results/index.html").read_text()
    (warning,) = compared.warnings
    assert f"Warning: {warning}" in html and "original 500, balanced 600" in warning
    headers, rows = results_tables.comparison(compared.splits[compared.split], compared.words)
    assert [row[headers.index("steps")] for row in rows[:2]] == ["500", "600"]


def test_groups_are_those_of_the_comparison(folder: Path, compared: comparison.Comparison) -> None:
    table = compared.splits[compared.split]
    for number, axis in enumerate(table.axes):
        for trace, row in zip(figures(folder)[f"group-{number}"]["data"], table.rows, strict=False):
            assert trace["x"] == [each.error for each in row.by_group[axis].values()]


def test_curve_is_the_mean_of_the_repeats(folder: Path) -> None:
    traces = figures(folder)["curve-valid-mae"]["data"]
    assert [trace["name"] for trace in traces] == ["original", "balanced"]
    assert traces[1]["x"] == [0, 1, 2, 3] and traces[1]["y"] == [12.5, 11.5, 10.5, 9.5]


def test_worst_photos_are_the_scorecards_and_cut_from_the_sheets(folder: Path) -> None:
    text, shown = html(folder), 0
    for run in ("original", "balanced"):
        card = scorecard.read(folder / f"datasets/runs/{run}/scorecard.json")
        for groups in card.splits[card.split].worst.values():
            for photos in groups.values():
                shown += len(photos)
                assert all(f"{photo.label:.0f}, said {photo.pred:.0f}" in text for photo in photos)
    assert text.count('class="shot"') + text.count('class="none"') == shown
    assert text.count('class="shot"') > 0
    assert all(int(x) % sprites.THUMB == 0 for x in re.findall(r"background-position: (-?\d+)px", text))
    assert (folder / "datasets/pages/results/sheets/00000.jpg").exists()


def test_same_bytes_twice(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    results_sample.command(page.main, "--out", str(tmp_path / "again"))
    for file in (folder / "datasets/pages/results").rglob("*.*"):
        assert (
            tmp_path / "again" / file.relative_to(folder / "datasets/pages/results")
        ).read_bytes() == file.read_bytes()


def test_one_run_alone_and_saliency_are_spoken_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results_sample.make(tmp_path, ("alone",))
    assert "One run alone" in html(tmp_path) and "No saliency pictures yet" in html(tmp_path)
    (tmp_path / "datasets/runs/alone/saliency.png").write_bytes(b"picture")
    results_sample.command(page.main)
    assert 'src="saliency-00.png"' in html(tmp_path) and "No saliency pictures yet" not in html(tmp_path)
    assert (tmp_path / "datasets/pages/results/saliency-00.png").read_bytes() == b"picture"


def test_no_labels_are_an_empty_page_not_an_error() -> None:
    nothing = comparison.Comparison(words=YEARS.words, split="test", splits={}, plan=[], notes=[])
    assert results_tables.lead(nothing) == "No run has been scored yet."
    assert list(results_charts.every(nothing, {}, {})) == []


@pytest.mark.parametrize(
    ("mae", "bias", "verdict"),
    [
        ((-0.5, -0.1), (-0.2, 0.3), "a is more accurate"),
        ((0.1, 0.5), (-0.3, -0.1), "b is more accurate; a is more even"),
        ((0.1, 0.5), (0.1, 0.3), "b is more accurate and more even"),
        ((-0.1, 0.1), (-0.1, 0.1), "no difference beyond chance"),
    ],
)
def test_verdict_says_no_more_than_the_intervals(mae: tuple, bias: tuple, verdict: str) -> None:
    def difference(ends: tuple[float, float]) -> comparison.Difference:
        return comparison.Difference(value=sum(ends) / 2, low=ends[0], high=ends[1], p=0.5)

    pair = comparison.Pair(first="a", second="b", error=difference(mae), bias={}, average_bias=difference(bias))
    table = comparison.SplitComparison(n=1, axes=[], rows=[], pairs=[pair], leaderboard=[])
    assert results_tables.pairs(table)[0][-1] == verdict
