"""Figures of predicted classes: recomputed, Fairlearn's, and known answers."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from manifests.core.errors import UserError
from manifests.sections.score import Score
from manifests.tables import comparison, predictions, scorecard
from pages import results_classes, results_reliability
from tests.support import plan_sample, results_sample, scoring
from train import compare, targets
from train import score as score_command
from train.reports import scorecard as report
from train.scoring import classes
from train.scoring.predictions import labelled
from train.scoring.scorecard import scorecard as score

OPTIONS = Score(resamples=200, permutations=200, worst=3, min_group=20)
AXES = ("gender", "ethnicity", "expression", "age")


def card_of(axis: str, seed: int = 0) -> tuple[scorecard.Scorecard, pd.DataFrame]:
    table = scoring.class_frame(axis, {"valid": 150, "test": 400}, seed)
    card = score("r", labelled(table, scoring.CELLS), scoring.CELLS, OPTIONS, 7)
    rows = table.to_pandas()
    rows = rows[rows["split"] == "test"].assign(age=rows["age_bin"])
    name = scoring.CELLS[axis].column
    rows["label"], rows["said"] = rows[name].astype(str), rows[f"{name}_pred"].astype(str)
    return card, rows


@pytest.fixture(scope="module", params=["gender", "expression", "age"])
def scored(request: pytest.FixtureRequest) -> tuple[str, scorecard.Scorecard, pd.DataFrame]:
    return (request.param, *card_of(request.param))


def test_errors_and_biases_are_those_of_the_error_rate_without_the_targets_own_axis(scored) -> None:
    own, card, rows = scored
    wrong, scores = 100.0 * (rows["label"] != rows["said"]), card.splits["test"]
    assert scores.overall.error == pytest.approx(wrong.mean())
    biases = {}
    for axis in AXES:
        means = wrong.groupby(rows[axis].astype(str)).mean()
        assert {k: v.error for k, v in card.by_group["test"][axis].items()} == pytest.approx(means.to_dict())
        biases[axis] = np.mean([abs(a - b) for a, b in itertools.combinations(means, 2)])
    assert scores.classes is not None and scores.classes.class_gap is not None
    assert scores.classes.class_gap.value == pytest.approx(biases.pop(own))
    assert {axis: each.value for axis, each in scores.bias.items()} == pytest.approx(biases)
    assert card.average_bias == pytest.approx(np.mean(list(biases.values())))


def test_every_figure_is_fairlearns_where_both_define_it(scored) -> None:
    metrics = pytest.importorskip("fairlearn.metrics", reason="fairlearn, the oracle, is not installed")
    own, card, rows = scored
    found = card.splits["test"].classes
    assert found is not None
    one = {name: partial(lambda f, y_true, y_pred: f(y_true, y_pred, pos_label=1), getattr(metrics, name))
           for name in ("true_positive_rate", "false_positive_rate", "selection_rate")}  # fmt: skip
    for axis, c in itertools.product(set(AXES) - {own}, found.classes):
        truth, said = (rows["label"] == c).astype(int), (rows["said"] == c).astype(int)
        frame = metrics.MetricFrame(metrics=one, y_true=truth, y_pred=said, sensitive_features=rows[axis].astype(str))
        rates = found.rates[axis]
        whole = [group for group, of in rates.items() if of[c].true_positive and of[c].false_positive]
        for group in whole:
            mine, theirs = rates[group][c], frame.by_group.loc[group]
            assert mine.true_positive.value == pytest.approx(theirs["true_positive_rate"])
            assert mine.false_positive.value == pytest.approx(theirs["false_positive_rate"])
            assert mine.selected == pytest.approx(theirs["selection_rate"])
        if len(whole) == len(rates):
            gaps = frame.difference()
            assert found.fairness[axis].opportunity[c] == pytest.approx(gaps["true_positive_rate"])
            if len(found.classes) == 2:
                arguments = {"y_true": truth, "y_pred": said, "sensitive_features": rows[axis].astype(str)}
                assert found.fairness[axis].odds == pytest.approx(metrics.equalized_odds_difference(**arguments))
                assert found.fairness[axis].parity == pytest.approx(metrics.demographic_parity_difference(**arguments))


def test_ranking_and_calibration_are_scikit_learns(scored) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn, the oracle, is not installed")
    own, card, rows = scored
    found, name = card.splits["test"].classes, scoring.CELLS[own].column
    assert found is not None
    shares = np.stack(rows[f"{name}_q"].to_list()).astype(np.float64)
    number = rows["label"].map({value: i for i, value in enumerate(found.classes)}).to_numpy()
    said = rows["said"].map({value: i for i, value in enumerate(found.classes)}).to_numpy()
    assert found.accuracy.value == pytest.approx(metrics.accuracy_score(number, said))
    assert found.balanced_accuracy.value == pytest.approx(metrics.balanced_accuracy_score(number, said))
    wide = shares / shares.sum(axis=1, keepdims=True)
    assert found.log_loss.value == pytest.approx(metrics.log_loss(number, wide), rel=1e-5)
    area = metrics.roc_auc_score(number, shares[:, 1] if len(found.classes) == 2 else wide, multi_class="ovr")
    assert found.auc.value == pytest.approx(area)
    assert found.confusion == metrics.confusion_matrix(number, said).tolist()
    assert (found.one_off is not None) == (own == "age")
    if found.one_off:
        assert found.one_off.value == pytest.approx((np.abs(number - said) <= 1).mean())
    for each in (found.accuracy, found.balanced_accuracy, found.log_loss, found.auc):
        assert each.low <= each.value <= each.high


def test_calibration_error_of_known_bins() -> None:
    shares = np.array([[0.95, 0.05]] * 4 + [[0.35, 0.65]] * 4)
    truth = np.array([0, 0, 0, 1, 1, 1, 0, 0])
    found = classes.reliability(shares, truth)
    assert [(each.n, each.accuracy) for each in found.bins] == [(4, 0.5), (4, 0.75)]
    assert found.error == pytest.approx((0.15 + 0.2) / 2)


def test_area_counts_ties_half_and_weighs_photos() -> None:
    positive, score = np.array([True, False, True, False]), np.array([0.5, 0.5, 0.9, 0.1])
    assert classes.area(positive, score, np.ones((1, 4)))[0] == pytest.approx(3.5 / 4)
    doubled = classes.area(positive, score, np.array([[2.0, 1, 1, 1]]))[0]
    assert doubled == pytest.approx((2 * 1.5 + 2) / 6)


def test_a_replicate_without_a_class_keeps_the_observed_area() -> None:
    positive, score = np.array([True, False, False]), np.array([0.9, 0.2, 0.95])
    assert np.isnan(classes.area(positive, score, np.array([[0.0, 1, 2]]))).all()
    found = classes._auc(np.array([1, 0, 0]), np.stack([1 - score, score], axis=1), np.array([[0.0, 1, 2], [1, 1, 1]]))
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_threshold_is_chosen_on_valid_alone() -> None:
    table = scoring.class_frame("gender", {"valid": 300, "test": 300})
    photos = labelled(table, scoring.CELLS)
    best = classes.best_threshold(photos["valid"])
    assert best is not None
    shares, truth = photos["valid"].distribution[:, 1], photos["valid"].truth
    balanced = {
        t: np.mean([((shares >= t) == truth)[truth == c].mean() for c in (0, 1)]) for t in np.arange(0, 1, 0.01)
    }
    assert np.mean([((shares >= best) == truth)[truth == c].mean() for c in (0, 1)]) >= max(balanced.values())
    found = score("r", photos, scoring.CELLS, OPTIONS, 7).splits["test"].classes
    assert found is not None and found.threshold is not None and found.threshold.value == best
    assert (
        classes.best_threshold(labelled(scoring.class_frame("expression", {"valid": 60}), scoring.CELLS)["valid"])
        is None
    )


def test_weights_of_a_balanced_mean_are_equal_sums_over_the_classes() -> None:
    weights = classes.balanced_weights(np.array([0, 0, 0, 2]))
    assert weights.tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2]) and weights.mean() == pytest.approx(1)


def test_scorecard_keeps_its_words_and_numbers_in_a_file(tmp_path) -> None:
    card, _ = card_of("gender")
    scorecard.write(card, tmp_path / "card.json")
    read = scorecard.read(tmp_path / "card.json")
    assert read.words.target == "gender" and read.overall.error == pytest.approx(card.overall.error, abs=1e-6)
    assert '"error":' in (tmp_path / "card.json").read_text() and "mae" not in (tmp_path / "card.json").read_text()
    first = next(iter(read.splits["test"].worst["gender"]["female"]))
    assert (first.label, first.said.split()[0]) == ("female", first.pred)


def test_the_short_report_has_the_figures_of_classes() -> None:
    card, _ = card_of("gender")
    found = card.splits["test"].classes
    assert found is not None
    text = report.terminal(card)
    assert f"r, test: error rate {card.overall.error:.2f} (" in text and ") % on 400 photos" in text
    assert f"balanced accuracy {found.balanced_accuracy.value:.3f} (" in text and "equalised odds" in text


def test_the_pages_tables_are_the_scorecards() -> None:
    card, rows = card_of("gender")
    found = card.splits["test"].classes
    assert found is not None
    head, confusions = results_classes.confusions({"r": card})
    assert head[:4] == ["run", "label", "said male", "said female"]
    women = rows[rows["label"] == "female"]
    said = [int((women["said"] == name).sum()) for name in ("male", "female")]
    assert confusions[1][:4] == ("r", "female", *map(str, said))
    assert confusions[1][4] == f"{said[1] / sum(said):.3f}"
    gaps = {axis: numbers for _, axis, *numbers in results_classes.gaps({"r": card})}
    assert gaps["age"][1] == f"{found.fairness['age'].odds:.3f}" and "gender" not in gaps


def test_the_pages_charts_are_the_scorecards() -> None:
    cards = {"r": card_of("expression")[0], "s": card_of("expression", seed=1)[0]}
    (first, (reliable, confused)), (second, _) = results_reliability.charts(cards)
    found = cards["r"].splits["test"].classes
    assert found is not None and (first, second) == ("r", "s")
    ideal, other, own = reliable.figure["data"]
    assert (ideal["x"], ideal["y"], other["name"], own["name"]) == ([0, 1], [0, 1], "s", "r")
    assert list(zip(own["x"], own["y"], strict=True)) == [(b.confidence, b.accuracy) for b in found.calibration.bins]
    assert np.argmax(own["marker"]["size"]) == np.argmax([b.n for b in found.calibration.bins])
    heat = confused.figure["data"][0]
    assert [sum(line) for line in heat["z"]] == pytest.approx([1] * 4) and heat["y"] == list(found.classes)
    assert np.argmax(heat["z"], axis=1).tolist() == np.argmax(found.confusion, axis=1).tolist()
    assert [int(row[-1].replace(",", "")) for row in confused.rows] == [sum(line) for line in found.confusion]


@pytest.mark.parametrize(("right", "n", "low", "high"), [(0.9, 10, 0.596, 0.982), (0.5, 100, 0.404, 0.596)])
def test_intervals_of_shares_are_wilsons(right: float, n: int, low: float, high: float) -> None:
    assert results_reliability.wilson(right, n) == pytest.approx((low, high), abs=1e-3)
    assert results_reliability.wilson(1.0, n)[1] == 1 and results_reliability.wilson(0.0, n)[0] == 0


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("gender_q", [[0.5, 0.2]], "gender_q: expected probabilities that sum to 1. Received others."),
        ("gender_q", [[0.5, 0.2, 0.3]], "gender_q: expected 2 probabilities per photo. Received 3."),
        ("gender_preds", [[0.5, 0.5, 0.1]], "gender_preds: expected 2 probabilities per photo. Received 3."),
    ],
)
def test_bad_probabilities_are_named(column: str, values: list, message: str) -> None:
    import pyarrow as pa

    table = scoring.class_frame("gender", {"test": 10})
    place = table.schema.get_field_index(column)
    table = table.set_column(place, column, pa.array(values * 10, pa.list_(pa.float32())))
    with pytest.raises(UserError, match=message.replace(".", r"\.")):
        labelled(table, scoring.CELLS)


def test_predictions_say_what_they_predict(tmp_path) -> None:
    for axis, name in (("gender", "gender"), ("age", "age_bin")):
        table = scoring.class_frame(axis, {"test": 10})
        predictions.write(table, tmp_path / "p.parquet", scoring.CELLS)
        read, cells = predictions.read(tmp_path / "p.parquet")
        assert predictions.target(read, cells) == name
        assert targets.of(name, cells).values == cells[axis].values


PARAMS = """seed: 7
task: {target: gender}
source: {layout: appa_real, root: none}
score: {resamples: 200, permutations: 200, worst: 3, min_group: 20}
train:
  runs:
    original: {images: original}
    repeated: {images: repeated}
    balanced: {images: balanced}
"""


@pytest.mark.parametrize(("reached", "name"), [(0.5, "error rate"), (0.7, "balanced error rate")])
def test_the_balanced_error_leads_where_the_plan_changes_the_prior(
    reached: float, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(PARAMS)
    shares = {"male": (None, reached), "female": (None, 1 - reached)}
    plan_sample.write(tmp_path / "manifests/built/plan.json", gender=shares)
    for number, run in enumerate(("original", "repeated", "balanced")):
        table = scoring.class_frame("gender", {"valid": 60, "test": 200}, seed=number, skill=1 + number)
        scoring.write(table, tmp_path, run)
        results_sample.command(score_command.main, "--run", run)
    results_sample.command(compare.main)
    printed, made = capsys.readouterr().out, comparison.read(tmp_path / "datasets/comparison.json")
    rows = {row.name: row for row in made.splits["test"].rows}
    card = scorecard.read(tmp_path / "datasets/runs/balanced/scorecard.json")
    found = card.splits["test"].classes
    assert found is not None and made.words.error == name and set(rows) == {"original", "repeated", "balanced"}
    assert made.splits["test"].axes == ["age", "ethnicity", "expression"]
    leading = card.overall.error if name == "error rate" else 100 * (1 - found.balanced_accuracy.value)
    assert rows["balanced"].error.value == pytest.approx(leading, abs=1e-3)
    assert rows["balanced"].more["balanced accuracy"].value == pytest.approx(found.balanced_accuracy.value, abs=1e-6)
    pair = next(pair for pair in made.splits["test"].pairs if (pair.first, pair.second) == ("original", "balanced"))
    assert pair.error.value == pytest.approx(rows["original"].error.value - rows["balanced"].error.value, abs=1e-3)
    assert f"Rendering pays on these photos: balanced against original, the best way without images, {name}" in printed
    markdown = Path("datasets/comparison.md").read_text()
    assert (
        f"| {name} |" in markdown
        and "Error rate by group" in markdown
        and " years" not in markdown
        and "MAE" not in markdown
    )
    assert pd.read_csv("datasets/comparison.csv")["balanced_accuracy"].notna().all()
