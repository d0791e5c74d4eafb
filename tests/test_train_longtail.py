"""Recipes of the long-tail literature: each worked out by hand, and trained on features and on pixels."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from manifests.core.errors import UserError
from manifests.sections.methods import GroupDro, Mixup, Scheme
from manifests.sections.recipe import Recipe, Stage
from tests.support.train_fixtures import CELLS, run_context, write_shards
from train.data import mixup, samples
from train.data.readers import ArrayRows
from train.data.tfdata import TrainingData
from train.fitting import checkpoint, stage_data
from train.fitting import run as runs
from train.fitting.context import RunContext
from train.model.losses import balanced_mse, group_dro, mae
from train.recipes import RECIPES
from train.sample_weights import smoothed_density

SECTION = """seed: 7
train:
  size: 32
  batch: 16
  recipes: {short: {base: default, head: [16], stages: [{layers: head, steps: 6}]}}
  runs: {short: {recipe: short}}
"""
NEW = ("lds", "balanced_mse", "last_layer", "group_dro", "c_mixup")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    folder = tmp_path_factory.mktemp("longtail")
    write_shards(folder / "shards", {"train": 48, "valid": 24}, copies=3)
    return run_context(folder / "shards", folder, "short", SECTION)


def with_recipe(run: RunContext, cache: Path, recipe: Recipe, **changed: object) -> RunContext:
    stages = tuple(stage.model_copy(update={"steps": 6}) for stage in recipe.stages)
    update = {"stages": stages, "head": (16,), "batch": None, **changed}
    return dataclasses.replace(run, recipe=recipe.model_copy(update=update), cache=cache)


def trained(run: RunContext) -> runs.Repeat:
    return runs.train_repeats(run, lambda repeat, history: None)[0]


def test_a_smoothed_density_by_hand() -> None:
    near, far = np.exp(-0.5 * (1 / 2) ** 2), np.exp(-0.5 * (10 / 2) ** 2)
    made = smoothed_density(np.array([20.4, 20.9, 21.0, 30.0]), 2)
    expected = [
        2 + near + far,
        2 + near + far,
        2 * near + 1 + np.exp(-0.5 * 4.5**2),
        2 * far + np.exp(-0.5 * 4.5**2) + 1,
    ]
    np.testing.assert_allclose(made, expected)
    narrow = smoothed_density(np.array([20.0, 20.0, 90.0]), 0.01)
    np.testing.assert_allclose(narrow, [2, 2, 1])  # plain counts


def test_balanced_mse_by_hand() -> None:
    y = np.array([[40, 3], [60, 3]], np.float32)
    share = np.array([[0.45], [0.60]], np.float32)
    variance = 0.1**2
    expected = []
    for prediction, label in ((0.45, 0), (0.60, 1)):
        logits = -((prediction - np.array([0.4, 0.6])) ** 2) / (2 * variance)
        expected.append(2 * variance * (np.log(np.exp(logits).sum()) - logits[label]))
    np.testing.assert_allclose(np.array(balanced_mse(10)(y, share)), expected, rtol=1e-4)


def test_balanced_mse_pulls_harder_where_labels_are_rare() -> None:
    """A prediction halfway between a frequent and a rare age: the loss of the rare one is the larger."""
    y = np.array([[30, 3]] * 9 + [[70, 3]], np.float32)
    losses = np.array(balanced_mse(15)(y, np.full((10, 1), 0.5, np.float32)))
    np.testing.assert_allclose(losses, losses[0])  # alike at equal distance: each is told from all ten
    closer = np.array(balanced_mse(15)(y, np.full((10, 1), 0.45, np.float32)))
    assert closer[-1] - losses[-1] > losses[0] - closer[0]


def test_group_dro_by_hand() -> None:
    y = np.array([[50, 3, 0], [50, 3, 0], [50, 3, 1]], np.float32)
    share = np.array([[0.4], [0.5], [0.2]], np.float32)  # errors .1, 0 and .3; groups' means .05 and .3
    stateful = group_dro(mae, 2, rate=2.0)
    raised = np.array([0.5 * np.exp(2 * 0.05), 0.5 * np.exp(2 * 0.3)])
    raised /= raised.sum()
    each = np.array(stateful.loss(y, share))
    assert each.mean() == pytest.approx(raised @ [0.05, 0.3], rel=1e-5)
    np.testing.assert_allclose(stateful.state[0].numpy(), raised, rtol=1e-5)
    np.testing.assert_allclose(each, [3 * 0.1 * raised[0] / 2, 0, 3 * 0.3 * raised[1]], rtol=1e-5, atol=1e-7)
    for _ in range(200):
        stateful.loss(y, share)
    assert stateful.state[0].numpy()[1] > 0.99


def test_groups_are_numbered_over_the_axes_that_are_named(run: RunContext) -> None:
    chosen = samples.train_samples(run.index, "original", "none", CELLS)
    made = samples.groups(chosen, ("gender",), CELLS)
    assert made.tolist() == [int(label == "female") for label in chosen.table["gender"].to_pylist()]
    joint = samples.groups(chosen, (), CELLS)
    assert joint.max() + 1 == len(set(chosen.table["cell"].to_pylist()))
    with pytest.raises(UserError, match=r"expected axes among age, gender, ethnicity, expression. Received 'hair'"):
        samples.groups(chosen, ("hair",), CELLS)


def test_partners_are_drawn_by_the_distance_of_their_ages() -> None:
    age, rng = np.array([20.0] * 3000 + [23.0] * 6000 + [80.0] * 10), np.random.default_rng(1)
    other = age[mixup.partners(age, 3, rng)][:3000]
    weight = 2 * np.exp(-0.5)  # twice as many, one standard deviation away
    assert (other == 23).mean() == pytest.approx(weight / (1 + weight), abs=0.03)
    assert not (other == 80).any()


def test_a_mixture_is_the_same_mixture_of_features_and_ages() -> None:
    age = np.random.default_rng(0).uniform(20, 40, 50).astype(np.float32)
    features, targets = np.stack([age, -age], axis=1), np.stack([age, np.full(50, 3)], axis=1).astype(np.float32)
    data = TrainingData(ArrayRows(features), targets, np.ones((50, 1), np.float32))
    made = mixup.mixed(data, features, 5, 2, np.random.default_rng(2))
    assert isinstance(made.inputs, ArrayRows)
    np.testing.assert_allclose(made.inputs.array[:, 0], made.targets[:, 0], rtol=1e-5)
    assert (np.abs(made.targets[:, 0] - age) > 0.01).mean() > 0.5
    again = mixup.mixed(data, features, 5, 2, np.random.default_rng(2))
    np.testing.assert_array_equal(again.targets, made.targets)


@pytest.mark.parametrize("name", NEW)
def test_each_trains_on_features(run: RunContext, tmp_path: Path, name: str) -> None:
    repeat = trained(with_recipe(run, tmp_path, RECIPES[name]))
    assert np.isfinite([record["loss"] for record in repeat.history]).all()
    assert repeat.steps == 6 * len(RECIPES[name].stages)


@pytest.mark.parametrize("name", ["lds", "balanced_mse", "group_dro"])
def test_each_trains_on_pixels(run: RunContext, tmp_path: Path, name: str) -> None:
    stage = RECIPES[name].stages[0].model_copy(update={"layers": "all", "steps": 6})
    repeat = trained(with_recipe(run, tmp_path, RECIPES[name], stages=(stage,)))
    assert np.isfinite([record["loss"] for record in repeat.history]).all()


def test_the_last_layer_alone_learns_in_a_stage_of_its_own(run: RunContext, tmp_path: Path) -> None:
    stages = (Stage(layers="all", steps=6), Stage(layers="last", steps=6, images="balanced", rate=1e-2))
    one = trained(with_recipe(run, tmp_path / "one", run.recipe, stages=stages[:1])).network
    both = trained(with_recipe(run, tmp_path / "both", run.recipe, stages=stages)).network
    for before, after in zip(one.full.variables[:-2], both.full.variables[:-2], strict=True):
        if before.dtype == "float32":
            np.testing.assert_array_equal(before.numpy(), after.numpy())
    assert np.abs(one.full.variables[-2].numpy() - both.full.variables[-2].numpy()).max() > 1e-3
    photos = np.random.default_rng(0).integers(0, 255, (4, 32, 32, 3)).astype(np.uint8)
    passed = both.last(both.hidden(both.backbone(photos, training=False), training=False), training=False)
    np.testing.assert_allclose(np.array(passed), np.array(both.full(photos, training=False)), atol=1e-6)


def test_a_stages_images_take_the_place_of_the_runs(run: RunContext) -> None:
    sizes = [len(stage_data.samples_of(run, Stage(images=images))) for images in (None, "original", "balanced")]
    assert sizes[0] == sizes[1] < sizes[2]


@pytest.mark.parametrize("changed", [{"dro": GroupDro(axes=("age",), rate=1)}, {"mixup": Mixup()}])
def test_killed_and_resumed_is_the_same(run: RunContext, tmp_path: Path, changed: dict) -> None:
    stages = (Stage(layers="head", steps=9),)

    def stopping(repeat: int, history: list[dict[str, float]]) -> None:
        if len(history) == 2:
            raise KeyboardInterrupt

    whole = trained(with_recipe(run, tmp_path / "whole", run.recipe, stages=stages, **changed))
    stopped = with_recipe(run, tmp_path / "stopped", run.recipe, stages=stages, **changed)
    with pytest.raises(KeyboardInterrupt):
        runs.train_repeats(stopped, stopping)
    kept = checkpoint.load(stopped.checkpoints / "repeat-0.npz")
    assert kept is not None and ("loss" in kept.arrays) == ("dro" in changed)
    resumed = trained(stopped)
    assert resumed.history == whole.history


def test_a_scheme_of_the_users_own_width(run: RunContext) -> None:
    stage = Stage(weights=Scheme(rule="lds", width=5, exponent=0.5))
    chosen = stage_data.samples_of(run, stage)
    made = stage_data.sample_weights_of(run, stage, chosen)[:, 0]
    expected = smoothed_density(chosen.age, 5) ** -0.5
    np.testing.assert_allclose(made, expected / expected.mean(), rtol=1e-5)


def test_mixup_on_pixels_is_refused(tmp_path: Path) -> None:
    text = "train: {recipes: {m: {base: default, mixup: {}}}, runs: {a: {recipe: m}}}"
    with pytest.raises(UserError, match=r"train.runs.a.recipe: expected stages on features with mixup"):
        run_context(None, tmp_path, "a", text)
