"""A search: rounds of runs, each drawn by Optuna from the errors of the earlier ones."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from experiments import figures, report, run, search, table, words
from experiments.search import Range, Search
from manifests.core.errors import UserError
from manifests.sections.score import Score
from tests.support import scoring
from tests.support.experiment_table import calls, checkout, environment
from train.scoring.predictions import labelled
from train.scoring.scorecard import scorecard
from train.scoring.scored_runs import ScoredRun

SPACE = {"rate": Range(low=1e-5, high=1e-1, scale="log"), "width_1": Range(low=16, high=64, scale="whole")}
TABLE = """
title: A search
against: plain.plain
best: plain.plain
seeds: 1
parts:
  - title: As it is
    sets: {plain: {runs: {plain: {recipe: linear}}}}
  - title: The search
    sets:
      tuned:
        about: rate and width
        runs: {one: {recipe: linear}}
        search:
          rounds: 2
          trials: 3
          space: {rate: {low: 1.0e-5, high: 0.1, scale: log}, width_1: {low: 16, high: 64, scale: whole}}
"""


def read(folder: Path, text: str = TABLE) -> table.ExperimentTable:
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine/table.yaml").write_text(text)
    return table.read(folder / "mine/table.yaml")


def test_a_round_is_within_the_space_and_a_function_of_its_arguments() -> None:
    wanted = Search(rounds=2, trials=8, space=SPACE)
    first = search.draw(wanted, 7, [])
    assert first == search.draw(wanted, 7, []) != search.draw(wanted, 8, [])
    assert len(first) == 8 and len({point["rate"] for point in first}) == 8
    assert all(1e-5 <= point["rate"] <= 0.1 and point["width_1"] in range(16, 65) for point in first)
    assert (
        sum(point["rate"] < 1e-3 for point in first) >= 2
    )  # by order of magnitude: even, that would be one in a hundred
    told = [(point, 1.0) for point in first]
    assert search.draw(wanted, 7, told) == search.draw(wanted, 7, told) != first


def test_later_rounds_come_closer_to_the_best_than_random_ones() -> None:
    wanted = Search(rounds=6, trials=10, space=SPACE)

    def error(point: dict[str, float]) -> float:
        return abs(math.log10(point["rate"]) + 3) + abs(point["width_1"] - 32) / 32

    told: list[tuple[dict[str, float], float]] = []
    means = []
    for _ in range(wanted.rounds):
        made = [(point, error(point)) for point in search.draw(wanted, 7, told)]
        means.append(sum(each for _, each in made) / len(made))
        told += made
    assert sum(means[-2:]) / 2 < 0.6 * means[0]


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ("rate: {low: 1, high: 0.1}", "low below high"),
        ("rate: {low: 0, high: 0.1, scale: log}", "low above 0 with scale: log"),
        ("width_1: {low: 1.5, high: 8, scale: whole}", "whole numbers with scale: whole"),
        ("colour: {low: 1, high: 8}", "sets.tuned.search.space.colour: expected rate, batch, l2"),
    ],
)
def test_a_space_that_cannot_be_searched_is_named(space: str, message: str, tmp_path: Path) -> None:
    before = TABLE[TABLE.index("space: {") : TABLE.rindex("}") + 1]
    with pytest.raises(UserError, match=message):
        read(tmp_path, TABLE.replace(before, f"space: {{{space}}}"))


def test_a_grid_and_a_search_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a grid or a search, not both"):
        read(tmp_path, TABLE.replace("search:\n", "grid: {batch: [64, 128]}\n        search:\n"))


# Stands in for training: a run's error is how far its rate is from 1e-3, in orders of magnitude.
def rows_of(experiment: str, text: str, name: str, one: object) -> list[figures.ReportRow]:
    from io import StringIO

    from ruamel.yaml import YAML

    train, made = YAML(typ="safe").load(StringIO(text))["train"], []
    for each in train["runs"]:
        recipe = train["recipes"].get(train["runs"][each]["recipe"], {})
        rate = recipe.get("stages", [{"rate": 1.0}])[0]["rate"]
        frame = scoring.class_frame(
            "gender", {"valid": 80, "test": 120}, seed=len(made), skill=5 - abs(math.log10(rate) + 3)
        )
        photos = labelled(frame, scoring.CELLS)
        card = scorecard(f"{name}.{each}", photos, scoring.CELLS, Score(resamples=200, permutations=200), 7)
        scored = ScoredRun(each, "linear", "", "original", "baseline", card, photos)
        made.append(figures.ReportRow(f"{name}.{each}", scored, 100, 0, scoring.CELLS))
    return made


def test_rounds_run_one_after_the_other_and_the_report_ranks_them_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = checkout(tmp_path / "repo")
    monkeypatch.chdir(folder)
    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    read(folder)
    monkeypatch.setattr(figures, "rows_of", rows_of)
    command = ["--table", "mine/table.yaml", "--params", "base.yaml"]
    monkeypatch.setattr("sys.argv", ["run", *command])
    run.main()
    assert len(calls(folder)) == 3  # plain, and two rounds
    run.main()
    assert len(calls(folder)) == 3  # drawn again, the rounds are the ones that have run
    monkeypatch.setattr("sys.argv", ["report", *command, "--output", "docs.md"])
    report.main()
    text = (folder / "docs.md").read_text()
    assert "6 runs of `tuned`, the best on valid first" in text
    assert all(f"| `one-{number:02d}` |" in text for number in range(1, 7)) and "`tuned-2.one-06`" in text
    assert (folder / "docs-tuned.svg").read_text().count("<polyline") == 6


def test_errors_on_valid_choose_where_valid_has_labels(tmp_path: Path) -> None:
    wanted = read(tmp_path)
    text = table.composed(wanted, wanted.sets["plain"], Path("params.appa_real.yaml"))
    (row,) = rows_of("", text, "plain", wanted.sets["plain"])
    assert words.on_valid({row.name: row}) == {"plain.plain": row.run.card.splits["valid"].overall.error}
