"""The rule that says whether rendering pays, on errors whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from experiments.nested import report
from experiments.nested.report import Found
from experiments.nested.trial import Setting, Trial
from manifests.core.cells import Cells
from manifests.sections.score import Score

CELLS = Cells.of({"age": [30], "gender": ["male", "female"]})
TRIAL = Trial.model_validate_json(
    '{"title": "Drawn", "params": "params.yaml", "recipe": "adjusted", "candidates": {"steps": [8], "adjust": [0]},'
    '"plain": "original", '
    '"ways": {"original": {}, "weighted": {"weights": "plan"}, "repeated": {}, "rendered": {"images": "balanced"}},'
    '"repeated": "repeated", "rendered": ["rendered"]}'
)
PHOTOS = 1200


def errors(seed: int, effect: dict[str, np.ndarray]) -> dict[str, Found]:
    """Errors of each way: what is hard about a photo is shared, the rest is a network's own; plus the way's effect."""
    rng = np.random.default_rng(seed)
    shared = rng.gamma(4, 1, PHOTOS) + np.where(cell() >= 2, 2.0, 0.0)  # a model errs more on the rare cells
    return {
        way: Found(np.maximum(shared + rng.normal(0, 0.4, PHOTOS) + effect.get(way, 0), 0), [Setting(8, 0.0)])
        for way in TRIAL.ways
    }


def cell() -> np.ndarray:
    return np.random.default_rng(0).choice(4, PHOTOS, p=[0.45, 0.45, 0.05, 0.05])


def sentence(found: dict[str, Found]) -> str:
    photos = pa.table({"cell": pa.array(cell(), pa.int32())})
    one = report.Trialled(Path("drawn.yaml"), TRIAL, found, photos, CELLS, Score(resamples=500), 7)
    return report.terminal([one]).splitlines()[-1]


def test_equal_ways_are_told_apart_in_one_seed_of_twenty_at_most() -> None:
    told = [sentence(errors(seed, {})) for seed in range(20)]
    assert sum(not one.startswith("No difference beyond noise") for one in told) <= 1


def test_real_variety_in_the_rare_cells_pays_in_nineteen_seeds_of_twenty() -> None:
    rare = np.where(cell() >= 2, -1.0, 0.0)  # years
    told = [sentence(errors(seed, {"rendered": rare})) for seed in range(20)]
    assert sum(not one.startswith("Rendering pays on these photos: rendered against") for one in told) <= 1


def test_what_repeating_gives_too_is_no_merit_of_rendering() -> None:
    rare = np.where(cell() >= 2, -1.0, 0.0)
    told = [sentence(errors(seed, {"rendered": rare, "repeated": rare})) for seed in range(20)]
    lead = "Rendering does not pay on these photos; take repeated: against "
    assert sum(not one.startswith(lead) for one in told) <= 1


def test_a_better_way_without_images_is_named() -> None:
    rare = np.where(cell() >= 2, -1.0, 0.0)
    told = sentence(errors(3, {"weighted": rare, "rendered": rare, "repeated": rare}))
    assert told.startswith("Rendering does not pay on these photos; take weighted: against original, MAE -")


def test_rendering_that_does_harm_is_not_called_no_difference() -> None:
    harm = np.where(cell() >= 2, 1.0, 0.3)
    told = sentence(errors(4, {"rendered": harm, "repeated": harm}))
    assert told.startswith("Rendering does not pay on these photos; take ")
    assert "against" in told and "No difference" not in told


def test_a_lower_error_at_the_price_of_a_higher_bias_does_not_pay() -> None:
    uneven = np.where(cell() >= 2, 1.5, -0.4)
    assert not sentence(errors(5, {"rendered": uneven})).startswith("Rendering pays")


@pytest.mark.parametrize(("way", "lead"), [("rendered", "rendered against"), ("weighted", "take weighted: against")])
def test_the_sentence_has_the_sign_of_each_difference(way: str, lead: str) -> None:
    told = sentence(errors(9, {way: np.full(PHOTOS, -0.5)})).partition(lead)[2]
    assert float(told.partition("MAE ")[2].split()[0]) == pytest.approx(-0.5, abs=0.05)
