"""Predictions of another program are scored as the run's own are."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.tables import predictions
from tests.support.scoring import CELLS, class_frame, frame
from tests.support.stages import run
from train.scoring import foreign

PARAMS = f"seed: 7\ntask: {{target: age}}\ncells: {CELLS.to_json()}\nscore: {{resamples: 200, permutations: 200}}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(PARAMS)
    table = frame({"valid": 150, "test": 200}, seeds=1)
    predictions.write(table, tmp_path / "datasets/runs/own/predictions.parquet", CELLS)
    labels = table.drop_columns(["age_pred", "age_preds", "age_q"])
    pq.write_table(labels.replace_schema_metadata({"cells": CELLS.to_json()}), tmp_path / "labels.parquet")
    with (tmp_path / "mine.csv").open("w", newline="") as file:
        write = csv.writer(file)
        write.writerow(["path", "prediction"])
        rows = zip(table["path"].to_pylist(), table["age_pred"].to_pylist(), strict=True)
        write.writerows(sorted(rows, reverse=True))
    return tmp_path


def test_a_csv_equals_the_runs_own_scorecard(project: Path) -> None:
    assert run(project, "train.score", "--run=own").returncode == 0
    done = run(project, "train.score", "--predictions=mine.csv", "--labels=labels.parquet", "--tidy=tidy.parquet")
    assert done.returncode == 0, done.stderr
    own, mine = (json.loads((project / f"datasets/runs/{name}/scorecard.json").read_text()) for name in ("own", "mine"))
    assert own.pop("run") == "own" and mine.pop("run") == "mine"
    assert mine == own
    tidy = pd.read_parquet(project / "tidy.parquet")
    assert list(tidy.columns) == ["image_id", "path", "split", "y_true", "y_pred", *CELLS.columns]
    assert tidy.notna().all().all() and {str(kind) for kind in tidy.dtypes} == {"str", "float32"}
    test = tidy[tidy["split"] == "test"]
    assert (test["y_pred"] - test["y_true"]).abs().mean() == pytest.approx(own["overall"]["mae"], abs=1e-4)
    by = test.groupby("gender").apply(lambda rows: (rows["y_pred"] - rows["y_true"]).abs().mean())
    assert by["male"] == pytest.approx(own["by_group"]["test"]["gender"]["male"]["mae"], abs=1e-4)


def _classes(folder: Path) -> dict[str, Path]:
    """A run of four classes, its labels, and its predictions as other programs write them, with and without shares."""
    (folder / "params.yaml").write_text(PARAMS.replace("target: age", "target: expression"))
    table = class_frame("expression", {"valid": 150, "test": 200}, seeds=1)
    predictions.write(table, folder / "datasets/runs/own/predictions.parquet", CELLS)
    known = table.drop_columns([name for name in table.column_names if name.startswith("expression_")])
    pq.write_table(known.replace_schema_metadata({"cells": CELLS.to_json()}), folder / "labels.parquet")
    mine = pd.DataFrame({"path": table["path"].to_pylist(), "prediction": table["expression_pred"].to_pylist()})
    mine.sample(frac=1, random_state=1).to_csv(folder / "words.csv", index=False)
    for number, value in enumerate(CELLS["expression"].values):
        mine[f"prob_{value}"] = [row[number] for row in table["expression_q"].to_pylist()]
    mine.drop(columns="prediction").sample(frac=1, random_state=2).to_csv(folder / "shares.csv", index=False)
    return {name: folder / f"datasets/runs/{name}/scorecard.json" for name in ("own", "words", "shares")}


def test_classes_with_their_probabilities_equal_the_runs_own_scorecard(tmp_path: Path) -> None:
    """Without them everything but the figures of probabilities is the same."""
    places = _classes(tmp_path)
    assert run(tmp_path, "train.score", "--run=own").returncode == 0
    for name in ("words", "shares"):
        done = run(tmp_path, "train.score", f"--predictions={name}.csv", "--labels=labels.parquet")
        assert done.returncode == 0, done.stderr
    own, words, shares = (json.loads(place.read_text()) | {"run": ""} for place in places.values())
    assert shares == own
    test = words["splits"]["test"]["classes"]
    assert (test["auc"], test["log_loss"], test["calibration"]) == (None, None, None)
    assert test["confusion"] == own["splits"]["test"]["classes"]["confusion"]
    assert (words["overall"], words["bias"]) == (own["overall"], own["bias"])


def test_probabilities_that_are_none_are_named(tmp_path: Path) -> None:
    cells = Cells.of({"gender": ["male", "female"]})
    (tmp_path / "labels.csv").write_text("path,gender\na,male\nb,female\n")
    for given, message in {
        "path,prob_male\na,0.5\n": "expected a column for each of prob_male, prob_female, and no other. Received prob_",
        "path,prob_male,prob_female\na,0.5,0.9\n": "expected probabilities that sum to 1 in each row. Received others.",
        "path,prob_male,prob_female\na,x,y\n": "expected a probability in each row. Received ",
    }.items():
        (tmp_path / "mine.csv").write_text(given)
        with pytest.raises(UserError) as error:
            foreign.table(tmp_path / "mine.csv", tmp_path / "labels.csv", cells, "gender", None)
        assert f"mine.csv: prob_*: {message}" in str(error.value)


@pytest.mark.readers
def test_fairlearn_takes_the_tidy_table(project: Path) -> None:
    from fairlearn.metrics import MetricFrame
    from sklearn.metrics import mean_absolute_error

    run(project, "train.score", "--predictions=mine.csv", "--labels=labels.parquet", "--tidy=tidy.parquet")
    tidy = pd.read_parquet(project / "tidy.parquet").query("split == 'test'")
    made = MetricFrame(
        metrics=mean_absolute_error,
        y_true=tidy["y_true"],
        y_pred=tidy["y_pred"],
        sensitive_features=tidy[["gender"]],
    )
    card = json.loads((project / "datasets/runs/mine/scorecard.json").read_text())
    assert made.by_group["female"] == pytest.approx(card["by_group"]["test"]["gender"]["female"]["mae"], abs=1e-4)


def test_plain_labels_classes_and_any_split(tmp_path: Path) -> None:
    cells = Cells.of({"gender": ["male", "female"]})
    labels = pd.DataFrame({"path": ["a", "b", "c", "d"], "gender": ["Male", "female", "male", None]})
    labels["split"] = ["train", "train", "test", "train"]
    labels.to_csv(tmp_path / "labels.csv", index=False)
    pd.DataFrame({"path": ["d", "b", "a"], "gender_pred": ["male", "Female", "female"]}).to_csv(
        tmp_path / "mine.csv", index=False
    )
    table, _ = foreign.table(tmp_path / "mine.csv", tmp_path / "labels.csv", cells, "gender", "train")
    assert table.select(["path", "split", "gender", "gender_pred"]).to_pylist() == [
        {"path": "a", "split": "test", "gender": "male", "gender_pred": "female"},
        {"path": "b", "split": "test", "gender": "female", "gender_pred": "female"},
        {"path": "d", "split": "test", "gender": None, "gender_pred": "male"},
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("name,prediction\na,3\n", "mine.csv: expected a column image_id or path that the labels have too. "),
        ("path,guess\na,3\n", "mine.csv: expected a column age_pred or prediction. Received path, guess. Name it so."),
        ("path,prediction\na,3\na,4\n", "mine.csv: path: expected each photo once. Received 'a' twice."),
        ("path,prediction\nz,3\n", "mine.csv: path: expected photos of labels.csv. Received 'z'."),
        ("path,prediction\na,old\n", "mine.csv: prediction: expected a number of years in each row."),
    ],
)
def test_mistakes_are_named(given: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.csv").write_text(given)
    Path("labels.csv").write_text("path,age\na,30\nb,40\n")
    with pytest.raises(UserError) as error:
        foreign.table(Path("mine.csv"), Path("labels.csv"), Cells.of({"age": [20]}), "age", None)
    assert str(error.value).startswith(message)
