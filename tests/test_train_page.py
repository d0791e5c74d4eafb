"""The results page: the comparison's own figures, its pictures, and what it says where something is missing."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from manifests.tables import comparison, predictions, scorecard
from pages import results_curves, results_tables, results_verdict
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
    assert {"runs", "systems", "group-0", "forest-0", "forest-1", "forest-groups-0", "set-age", "set-0"} <= set(drawn)
    assert {f"{name}-{run}" for name in ("by-age-error", "by-age-signed", "scatter", "curve") for run in (0, 1)} <= {
        *drawn
    }


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


def test_curves_run_over_steps_with_the_stage_border_and_the_weights_kept(folder: Path) -> None:
    figure = figures(folder)["curve-1"]
    traces = {trace["name"]: trace for trace in figure["data"]}
    assert traces["MAE, validation"]["x"] == [50, 100, 150, 200]
    assert traces["MAE, validation"]["y"] == [12.5, 11.5, 10.5, 9.5]  # the mean of the repeats
    assert traces["loss, train"]["yaxis"] == traces["loss, validation"]["yaxis"] == "y"
    assert [line["x0"] for line in figure["layout"]["shapes"]] == [100, 150]
    assert figure["layout"]["annotations"][0]["x"] == 150
    assert traces["original"]["showlegend"] is False  # the other run, behind


def test_repeats_of_unequal_steps_are_not_averaged(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "datasets/runs/original/curves", tmp_path / "curves")
    for file in (tmp_path / "curves/plots/metrics/repeat_2").iterdir():
        file.write_text(file.read_text().replace("200\t", "240\t"))
    found = results_curves.read(tmp_path / "curves", YEARS.words)
    assert found is not None and list(found.lines["valid_mae"].values()) == [11, 10, 9, 8]
    assert found.note.startswith("The first of 2 repeats")


def test_forest_is_the_paired_differences_whichever_run_is_the_baseline(
    folder: Path, compared: comparison.Comparison
) -> None:
    (pair,) = compared.splits[compared.split].pairs
    (second,), (first,) = figures(folder)["forest-0"]["data"], figures(folder)["forest-1"]["data"]
    assert (second["name"], first["name"]) == ("balanced", "original")
    assert first["x"][:2] == [pair.error.value, pair.average_bias.value] and second["x"][0] == -pair.error.value
    assert second["error_x"]["array"][0] == pytest.approx(pair.error.value - pair.error.low)
    full = [pair.error.high < 0 or pair.error.low > 0, pair.average_bias.high < 0 or pair.average_bias.low > 0]
    assert [not symbol.endswith("-open") for symbol in first["marker"]["symbol"][:2]] == full
    groups = [each.value for axis in pair.groups.values() for each in axis.values()]
    assert figures(folder)["forest-groups-1"]["data"][0]["x"] == groups


def test_a_groups_difference_is_that_of_its_errors(compared: comparison.Comparison) -> None:
    table = compared.splits[compared.split]
    (pair,) = table.pairs
    errors = {row.name: row.by_group for row in table.rows if row.kind == "run"}
    for axis, groups in pair.groups.items():
        for name, found in groups.items():
            first, second = errors[pair.first][axis][name], errors[pair.second][axis][name]
            assert found.n == first.n and found.value == pytest.approx(first.error - second.error, abs=2e-6)
            assert found.low <= found.value <= found.high


def test_bands_have_ten_photos_an_interval_and_their_counts_below(folder: Path) -> None:
    card = scorecard.read(folder / "datasets/runs/original/scorecard.json")
    bands = card.splits[card.split].by_age
    assert all(band.n >= 10 and band.low <= band.error <= band.high for band in bands)
    line, counts = figures(folder)["by-age-error-0"]["data"][-2:]
    assert line["y"] == [band.error for band in bands] and counts["y"] == [band.n for band in bands]
    assert line["error_y"]["arrayminus"] == pytest.approx([band.error - band.low for band in bands])


def photos(folder: Path) -> dict:
    """What the page shows of each run and group."""
    text = (folder / "datasets/pages/results/photos.js").read_text()
    return json.loads(text.removeprefix('put("photos", ').removesuffix(");\n"))


def test_worst_and_ordinary_photos_are_the_scorecards_and_none_is_there_twice(folder: Path) -> None:
    handed = photos(folder)
    for run in ("original", "balanced"):
        card = scorecard.read(folder / f"datasets/runs/{run}/scorecard.json")
        for kind in ("worst", "ordinary"):
            for axis, groups in getattr(card.splits[card.split], kind).items():
                for group, wanted in groups.items():
                    name = "all photos" if axis == "all" else f"{axis}: {group}"
                    shown = handed["shown"][run][name][kind]
                    assert [handed["photos"][each[0]]["path"] for each in shown] == [each.path for each in wanted]
                    assert len({each[0] for each in shown}) == len(shown)
                    assert [each[1] for each in shown] == [each.said for each in wanted]
    places = [each["place"] for each in handed["photos"]]
    assert max(places) >= 0 and len({p for p in places if p >= 0}) == sum(p >= 0 for p in places)
    assert all(each["link"].startswith("../gallery/index.html#/image/") for each in handed["photos"])
    assert (folder / "datasets/pages/results/sheets/00000.jpg").exists()


def test_ordinary_photos_lie_around_the_median_error(folder: Path) -> None:
    card = scorecard.read(folder / "datasets/runs/original/scorecard.json")
    table = predictions.read(folder / "datasets/runs/original/predictions.parquet")[0].to_pandas()
    own = table[table["split"] == card.split]
    middle = (own["age_pred"] - own["age"]).abs().median()
    spread = (own["age_pred"] - own["age"]).abs().std()
    shown = card.splits[card.split].ordinary["all"]["all"]
    assert shown and all(abs(abs(each.pred - each.label) - middle) < 0.2 * spread for each in shown)


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
    (tmp_path / "datasets/saliency").mkdir()
    (tmp_path / "datasets/saliency/alone.png").write_bytes(b"picture")
    results_sample.command(page.main)
    assert 'src="saliency-00.png"' in html(tmp_path) and "No saliency pictures yet" not in html(tmp_path)
    assert (tmp_path / "datasets/pages/results/saliency-00.png").read_bytes() == b"picture"


def test_no_labels_are_an_empty_page_not_an_error() -> None:
    nothing = comparison.Comparison(words=YEARS.words, split="test", splits={}, plan=[], notes=[])
    assert results_tables.lead(nothing) == "No run has been scored yet."
    assert results_verdict.verdict(nothing).sentence == "No run has been scored yet."
    assert page.flat(page.charts(nothing, {}, Path("runs"), None, None).values()) == []


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
