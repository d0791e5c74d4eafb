"""The card of a run's model: its figures are the scorecard's, and the comparison's verdict is on it word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.core.errors import UserError
from manifests.core.text import escaped, figure
from manifests.tables import comparison, scorecard
from tests.support import results_sample
from train import card

SENTENCE = "Rendering pays on these photos: balanced against original, MAE -.31 <years>."


@pytest.fixture
def scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two scored and compared runs in the working folder; the comparison has a verdict."""
    monkeypatch.chdir(tmp_path)
    results_sample.make(tmp_path)
    path = tmp_path / "datasets/comparison.json"
    compared = comparison.read(path)
    table = compared.splits[compared.split].model_copy(update={"verdict": SENTENCE})
    comparison.write(compared.model_copy(update={"splits": {**compared.splits, compared.split: table}}), path)
    return tmp_path


def test_the_figures_are_the_scorecards_and_the_verdict_is_said(scored: Path) -> None:
    results_sample.command(card.main, "--run", "balanced")
    text = (scored / "datasets/cards/balanced.md").read_text()
    scores = scorecard.read(scored / "datasets/runs/balanced/scorecard.json")
    assert f"| all | 80 | {figure(scores.overall.error)} |" in text
    assert "600 gradient steps" in text
    assert f"## Beside the other runs\n\n{escaped(SENTENCE)}\n" in text and "<years>" not in text


def test_without_a_verdict_the_card_has_no_such_part(scored: Path) -> None:
    path = scored / "datasets/comparison.json"
    path.write_text(path.read_text().replace(f'"{SENTENCE}"', "null"))
    results_sample.command(card.main, "--run", "original")
    assert "Beside the other runs" not in (scored / "datasets/cards/original.md").read_text()


def test_a_card_is_not_written_without_the_comparison(scored: Path) -> None:
    (scored / "datasets/comparison.json").unlink()
    with pytest.raises(UserError, match=r"no such file. Run `python -m train.compare`"):
        results_sample.command(card.main, "--run", "original")
    assert not (scored / "datasets/cards").exists()
