"""Classification from end to end: the drawn faces' gender, by every command that has to do with the target."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.support.stages import ROOT, prepare, run, run_all

RUNS = ("original", "repeated", "balanced", "adjusted")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = (ROOT / "tests/support/params.gender.yaml").read_text()
    made = prepare(tmp_path_factory.mktemp("gender") / "house", text)
    run_all(made, "manifests.draw", "manifests.scan", "balance.plan", "augment.render")
    for name in RUNS:
        trained(made, "train.fit", "--run", name)
        run_all(made, f"train.score --run {name}")
    run_all(made, "train.compare", "train.page", "train.card --run balanced")
    return made


def trained(folder: Path, *command: str) -> str:
    done = run(folder, *command, guarded=False, jobs=2)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_plan_makes_the_gender_independent_of_the_other_axes(folder: Path) -> None:
    index = pq.read_table(folder / "datasets/shards/index.parquet").to_pandas()
    kept = index[(index["split"] == "train") & index["kept"]]
    for axis in ("age_bin", "ethnicity", "expression"):
        counts = kept.groupby([axis, "gender"], observed=False).size().unstack()
        assert (counts["male"] - counts["female"]).abs().max() <= 1, counts


def test_the_comparison_is_of_classes_and_led_by_the_balanced_error(folder: Path) -> None:
    compared = json.loads((folder / "datasets/comparison.json").read_text())
    words = {name: compared["words"][name] for name in ("target", "error", "full", "unit", "names")}
    assert list(words.values()) == ["gender", "balanced error rate", "error rate", "%", {}]
    table = compared["splits"]["test"]
    assert table["axes"] == ["age", "ethnicity", "expression"] and table["verdict"]
    assert [row["name"] for row in table["rows"]] == list(RUNS)
    assert all(0.3 < row["more"]["balanced accuracy"]["value"] < 1 for row in table["rows"])


def test_pages_and_card_speak_of_the_gender_alone(folder: Path) -> None:
    page = (folder / "datasets/pages/results/index.html").read_text()
    card = (folder / "datasets/cards/balanced.md").read_text()
    faces = (folder / "datasets/pages/results/photos.js").read_text()
    assert "balanced error rate" in page and "female, said male" in faces
    assert page.count("equalised odds") >= 1 and "said female</th>" in page and "calibration error of the run" in page
    assert "Estimates the gender that people see, one of male, female," in card and "Error rate, in %" in card
    for text in (page, card, (folder / "datasets/comparison.md").read_text()):
        assert "MAE" not in text and "mean absolute error" not in text and "age, in years" not in text


def test_a_photo_is_given_its_class_and_probability(folder: Path) -> None:
    photo = "datasets/raw/drawn/test/000000.jpg"
    path, said, share = trained(folder, "train.predict", "--run", "balanced", photo).split()
    assert path == photo and said in ("male", "female") and 0.5 <= float(share) <= 1
    assert "rows of photo" in trained(folder, "train.saliency", "--run", "balanced", "--per-group", "1", photo)


def test_the_emphasis_follows_the_recall(folder: Path) -> None:
    run_all(folder, "balance.emphasise --run original")
    factors = json.loads((folder / "manifests/emphasis.json").read_text())
    card = json.loads((folder / "datasets/runs/original/scorecard.json").read_text())
    errors = {name: group["error"] for name, group in card["by_group"]["valid"]["gender"].items()}
    if "gender" in factors and factors["gender"]["male"] != factors["gender"]["female"]:
        assert (factors["gender"]["male"] > factors["gender"]["female"]) == (errors["male"] > errors["female"])
    recall = card["splits"]["valid"]["classes"]["confusion"]
    assert errors["male"] == pytest.approx(100 * recall[0][1] / sum(recall[0]), abs=1e-4)
