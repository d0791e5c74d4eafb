"""Learning curves count gradient steps, and say which stage an epoch is of and whether it was the best so far."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from manifests.core.errors import UserError
from manifests.tables.parts import Words
from pages import results_curves
from train.fitting.checkpoint import Counters
from train.fitting.curves import Curves

WORDS = Words(target="age", meaning="", error="MAE", full="", unit="years", names={"error": "mae"})


def history() -> list[dict[str, float]]:
    """Two stages of three epochs; the second of each is the best."""
    counters = Counters()
    for stage in (0, 1):
        for epoch, error in enumerate((6.0, 5.0, 5.5)):
            record = {"stage": stage, "steps": 40 if epoch < 2 else 10, "loss": error, "valid_mae": error}
            counters = counters.after(error, record)
        counters = counters.next_stage()
    return counters.history


def test_an_epoch_is_marked_where_it_was_the_best_so_far() -> None:
    assert [record["best"] for record in history()] == [1, 1, 0, 1, 1, 0]


def test_what_is_written_is_read_back_over_steps_with_border_and_weights_kept(tmp_path: Path) -> None:
    with Curves(tmp_path / "curves", "valid_mae") as curves:
        curves(0, history()[:3])
        curves(0, history())  # a later call adds what is new
    found = results_curves.read(tmp_path / "curves", WORDS)
    assert found is not None
    assert found.lines["valid_mae"] == {40: 6.0, 80: 5.0, 90: 5.5, 130: 6.0, 170: 5.0, 180: 5.5}
    assert found.borders == [90] and found.best == 170


def test_no_curves_are_none(tmp_path: Path) -> None:
    assert results_curves.read(tmp_path, WORDS) is None


def test_a_repository_without_a_commit_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (["git", "init", "-q"], ["dvc", "init", "-q"]):
        subprocess.run(words, cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        Curves(Path("curves"), "valid_mae")
    rule = "expected a Git repository with a commit, or none at all. Received Empty git repo."
    assert str(error.value) == f"{tmp_path}: {rule} Run `git add -A && git commit -m first`."
