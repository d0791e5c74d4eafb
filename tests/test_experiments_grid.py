"""Sweeps: a grid becomes runs with recipes of their own, ranked on valid and drawn as parallel coordinates."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from experiments import coordinates, figures, grid, sets, table, words
from manifests.core import params
from manifests.core.errors import UserError
from manifests.sections.score import Score
from manifests.sections.train import Train
from tests.support import scoring
from tests.support.stages import ROOT
from train.recipes import RECIPES, recipe_of
from train.scoring.predictions import labelled
from train.scoring.scorecard import scorecard
from train.scoring.scored_runs import ScoredRun

SWEEPS = ROOT / "experiments/adience/sweeps.yaml"
TABLE = """
title: A sweep
against: tuned.tuned
best: tuned.tuned
seeds: 1
parts:
  - title: As it is
    sets: {tuned: {runs: {tuned: {recipe: E-tuned}}}}
  - title: The sweep
    sets: {sweep: {runs: {one: {recipe: E-tuned}}, grid: {rate: [1.0e-3, 1.0e-4], dropout_1: [0, 0.5]}}}
"""


def read(folder: Path, text: str = TABLE) -> sets.ExperimentTable:
    (folder / "table.yaml").write_text(text)
    return table.read(folder / "table.yaml")


def test_points_are_every_combination_in_order() -> None:
    made = [(point["batch"], point["rate"]) for point in grid.points({"batch": (128, 64), "rate": (1e-3, 1e-4)})]
    assert made == [(128, 1e-3), (128, 1e-4), (64, 1e-3), (64, 1e-4)]


def test_a_point_changes_what_it_names_alone() -> None:
    recipe = RECIPES["E-dropout"]  # 512, .5, 512, .5, 512
    made = grid.changed(recipe, {"batch": 32, "l2": 0.1, "width_3": 256, "dropout_1": 0, "dropout_3": 0.2})
    assert made == {"batch": 32, "l2": 0.1, "head": [512, 512, 0.5, 256, 0.2]}
    assert grid.changed(RECIPES["two_stages"], {"rate": 0.1})["stages"] == [
        {"layers": "head", "epochs": 40, "rate": 0.1}, {"layers": "all", "epochs": 20, "rate": 0.1},
    ]  # fmt: skip
    assert grid.changed(RECIPES["linear"], {"width_1": 8})["head"] == [0.3, 8, 64]


@pytest.mark.parametrize("name", ["width_4", "colour", "dropout_0"])
def test_an_unknown_hyperparameter_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, TABLE.replace("dropout_1", name))
    assert str(error.value) == (
        f"{tmp_path}/table.yaml: sets.sweep.grid.{name}: expected rate, batch, l2, decay, smoothing, or width_n or "
        f"dropout_n of 3 dense layers. Received '{name}'. Correct the name."
    )


def test_a_grid_varies_one_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="one run, which is varied, with a grid"):
        read(tmp_path, TABLE.replace("one: {recipe: E-tuned}", "one: {}, two: {}"))


def test_the_studys_sweeps_train_what_they_say(tmp_path: Path) -> None:
    wanted, base = table.read(SWEEPS), ROOT / "params.adience.yaml"
    table.check(wanted, base, tmp_path)
    assert {name: len(one.runs) for name, one in wanted.sets.items()} == {
        "tuned": 1, "widths": 16, "decay": 4, "dropout": 8,
    }  # fmt: skip
    train = params.section(tmp_path / "widths.yaml", Train)
    made = {(r.batch, r.stages[0].rate, r.head[0], r.head[2]) for r in (recipe_of(train, run) for run in train.runs)}
    assert len(made) == 16 and (64, 5e-4, 512, 512) in made
    heads = {recipe_of(params.section(tmp_path / "dropout.yaml", Train), f"dropout-{n:02d}").head for n in range(1, 9)}
    assert {(512, 512, 512), (512, 0.5, 512, 0.5, 512)} <= heads and len(heads) == 8


def rows(wanted: sets.ExperimentTable) -> list[figures.ReportRow]:
    made, options = [], Score(resamples=200, permutations=200)
    for number, name in enumerate(f"{name}.{run}" for name, one in wanted.sets.items() for run in one.runs):
        frame = scoring.class_frame("gender", {"valid": 80, "test": 120}, seed=number, skill=0.5 + number % 3)
        photos = labelled(frame, scoring.CELLS)
        card = scorecard(name, photos, scoring.CELLS, options, 7)
        run = ScoredRun(name, "E-tuned", "", "original", "baseline", card, photos)
        made.append(figures.ReportRow(name, run, 100, 0, scoring.CELLS))
    return made


def test_the_report_ranks_by_valid_marks_the_best_and_shows_the_drawing(tmp_path: Path) -> None:
    wanted = read(tmp_path)
    scored = figures.scored(rows(wanted), Score(resamples=200, permutations=200), 7)
    text = words.page(wanted, scored, "a machine", Score(), 7, "sweeps")
    listed = re.findall(r"^\| (best)? ?\| `(one-0\d)` \| ([\d.e-]+) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", text, re.M)
    every = words.on_valid({row: scored.rows[row] for row in wanted.sweeps()["sweep"]})
    errors = {row.partition(".")[2]: error for row, error in every.items()}
    assert [run for _, run, *_ in listed] == sorted(errors, key=lambda run: (errors[run], run))
    assert [bool(best) for best, *_ in listed] == [True, False, False, False]
    for _, run, rate, dropout, error, accuracy in listed:
        assert {"rate": float(rate), "dropout_1": float(dropout)} == wanted.sets["sweep"].points[run]
        assert float(error) == pytest.approx(errors[run], abs=0.005) and float(accuracy) == pytest.approx(
            1 - errors[run] / 100, abs=1e-4
        )
    assert "](sweeps-sweep.svg)" in text and "Errors and biases in" in text


def test_the_drawing_has_a_line_per_run_and_the_best_on_top() -> None:
    points = {
        "a": {"rate": 1e-3, "batch": 64.0},
        "b": {"rate": 1e-4, "batch": 64.0},
        "c<": {"rate": 1e-3, "batch": 32.0},
    }
    drawn = coordinates.svg(points, {"a": 5.0, "b": 3.0, "c<": 4.0}, "%")
    root = ElementTree.fromstring(drawn)
    lines = root.findall("{*}polyline")
    assert [line.find("{*}title").text for line in lines] == ["a: 5.00 %", "c<: 4.00 %", "b: 3.00 %"]
    assert lines[-1].get("stroke") == coordinates.BEST and lines[0].get("stroke") == coordinates.OTHERS
    places = [[float(number) for number in re.split(r"[ ,]", line.get("points"))] for line in lines]
    assert all(len(place) == 6 for place in places)
    assert places[0][1] == places[1][1] != places[2][1]  # two rates
    labels = [each.text for each in root.findall("{*}text")]
    assert {"rate", "batch", "error on valid (%)", "0.001", "64"} <= set(labels)
