"""The cross-fitted correction: its map by hand, unseen photos, and the same ages from the exported model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from tests.support.train_fixtures import run_context, write_shards
from train.data import samples
from train.data.readers import Images
from train.fitting import correction, outputs
from train.fitting import run as runs
from train.fitting.context import RunContext
from train.model.heads import Correction, exported
from train.model.runtime import keras

SECTION = """seed: 7
train:
  size: 32
  batch: 16
  recipes: {short: {base: default, head: [16], stages: [{layers: head, steps: 4}], correct: {folds: 3, knots: 4}}}
  runs: {short: {recipe: short, images: balanced, seeds: 2}}
"""
MAP = Correction(np.array([20.0, 30.0, 50.0]), np.array([18.0, 30.0, 56.0]))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    folder = tmp_path_factory.mktemp("correction")
    write_shards(folder / "shards", {"train": 48, "valid": 12}, copies=2)
    return run_context(folder / "shards", folder, "short", SECTION)


def test_the_map_is_linear_between_knots_and_a_shift_beyond() -> None:
    np.testing.assert_allclose(MAP(np.array([10.0, 20, 25, 40, 50, 60])), [8, 18, 24, 43, 56, 66])


def test_the_map_as_layers_is_the_same_map() -> None:
    years = keras.Input((1,))
    model = keras.Model(years, MAP.layers(years))
    asked = np.linspace(0, 90, 50)
    np.testing.assert_allclose(np.asarray(model(asked[:, None]))[:, 0], MAP(asked), atol=1e-4)


def test_a_known_distortion_is_taken_back() -> None:
    age = np.random.default_rng(0).uniform(5, 80, 4000)
    made = correction.monotone(0.5 * age + 20, age, 20)
    inner = np.linspace(10, 70, 9)
    np.testing.assert_allclose(made(0.5 * inner + 20), inner, atol=0.5)


def test_the_map_never_falls() -> None:
    rng = np.random.default_rng(1)
    made = correction.monotone(rng.uniform(20, 60, 300), rng.uniform(20, 60, 300), 12)
    assert (np.diff(made.x) > 0).all() and (np.diff(made.y) >= 0).all()
    np.testing.assert_allclose(correction.monotone(np.full(5, 30.0), np.full(5, 34.0), 4)(np.array([10.0])), [14])


def test_folds_are_alike_in_age() -> None:
    age = np.random.default_rng(2).uniform(5, 80, 300)
    fold = correction.folds(age, 3)
    assert np.bincount(fold).tolist() == [100, 100, 100]
    assert np.ptp([age[fold == number].mean() for number in range(3)]) < 1


def test_no_photo_is_predicted_by_a_network_that_saw_it_or_a_copy(
    run: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []

    def train_repeats(part: RunContext, report: runs.Report) -> list[runs.Repeat]:
        seen.append(set(part.index.filter(pc.equal(part.index["split"], "train"))["image_id"].to_pylist()))
        assert part.seeds == 1
        return []

    predicted: list[str] = []

    def predict(part: RunContext, repeats: list[runs.Repeat], held: samples.Samples) -> list[np.ndarray]:
        ids = held.table["image_id"].to_pylist()
        assert not seen[-1] & set(ids)
        predicted.extend(ids)
        return [np.full((len(ids), 1), 0.3)]

    monkeypatch.setattr(correction, "train_repeats", train_repeats)
    monkeypatch.setattr(correction, "predict", predict)
    correction.learn(run)
    originals = samples.train_samples(run.index, "original", "none", run.cells)
    assert sorted(predicted) == originals.table["image_id"].to_pylist() and len(seen) == 3


def test_predictions_and_the_exported_model_are_corrected_alike(run: RunContext, tmp_path: Path) -> None:
    correct = correction.learn(run)
    assert correct is not None and not list((run.cache / "training").glob("*"))
    repeats = runs.train_repeats(run, lambda repeat, history: None)
    valid = samples.split_samples(run.index, "valid")
    predicted = runs.predict(run, repeats, valid)
    table = outputs.table([valid], [predicted], run.cells, correct)
    plain = outputs.table([valid], [predicted], run.cells)
    np.testing.assert_allclose(table["age_pred"].to_numpy(), correct(plain["age_pred"].to_numpy()), atol=1e-3)
    assert table["age_q"].null_count == len(valid)
    photos = Images(run.shards, valid.table, None, 32).take(np.arange(len(valid)))
    model = exported([repeat.network for repeat in repeats], run.recipe, correct)
    outputs.save_model(model, tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_allclose(np.asarray(loaded(photos))[:, 0], table["age_pred"].to_numpy(), atol=2e-2)
