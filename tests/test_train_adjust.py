"""Logit adjustment: worked by hand, in the loss and after training, on features and on pixels."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from manifests.core.errors import UserError
from manifests.sections.methods import Adjust
from manifests.sections.recipe import Stage
from tests.support.train_fixtures import run_context, write_shards
from train.data import samples
from train.data.readers import Images
from train.fitting import adjust
from train.fitting import run as runs
from train.fitting.context import RunContext
from train.model.heads import exported
from train.model.losses import AGES, LOSSES, adjusted, soft

SECTION = """seed: 7
train:
  size: 32
  batch: 16
  recipes:
    short: {base: default, head: [16], stages: [{layers: head, steps: 6}], monitor: last}
  runs: {short: {recipe: short}}
"""
Y = np.array([[40.0, 3.0]], np.float32)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    folder = tmp_path_factory.mktemp("adjust")
    write_shards(folder / "shards", {"train": 40, "valid": 24, "test": 12})
    return run_context(folder / "shards", folder, "short", SECTION)


def with_adjust(run: RunContext, cache: Path, wanted: float | Adjust | None, **changed: object) -> RunContext:
    return dataclasses.replace(run, recipe=run.recipe.model_copy(update={"adjust": wanted, **changed}), cache=cache)


def trained(run: RunContext) -> runs.Repeat:
    return runs.train_repeats(run, lambda repeat, history: None)[0]


def outputs(run: RunContext, repeat: runs.Repeat) -> np.ndarray:
    return runs.predict(run, [repeat], samples.split_samples(run.index, "valid"))[0]


def test_the_prior_is_the_weighted_mean_of_the_soft_labels() -> None:
    targets = np.asarray(
        soft(np.array([[10, 0.1], [10, 0.1], [70, 0.1]], np.float32))
    )  # so narrow that each is one year
    np.testing.assert_allclose(adjust.prior(targets, np.ones(3, np.float32))[[10, 70]], [2 / 3, 1 / 3], atol=1e-6)
    np.testing.assert_allclose(adjust.prior(targets, np.array([1, 1, 2], np.float32))[[10, 70]], [0.5, 0.5], atol=1e-6)
    assert adjust.prior(
        np.asarray(soft(np.float32([[10, 8], [10, 8], [70, 8]]))), np.ones(3, np.float32)
    ).sum() == pytest.approx(1)


def test_the_offset_is_the_strength_times_the_log_of_the_priors_ratio() -> None:
    prior, wished = np.array([0.8, 0.2]), np.array([0.5, 0.5])
    expected = [0.3 * np.log(0.8 / 0.5), 0.3 * np.log(0.2 / 0.5)]
    np.testing.assert_allclose(adjust.offset(0.3, prior, wished), expected, atol=1e-5)
    np.testing.assert_allclose(adjust.offset(1, prior, prior), 0, atol=1e-7)
    assert np.isfinite(adjust.offset(1, np.array([1.0, 0.0]), wished)).all()


@pytest.mark.parametrize("name", ["soft_labels", "mean_variance"])
def test_the_loss_is_that_of_the_shifted_distribution(name: str) -> None:
    rng = np.random.default_rng(1)
    p, offset = rng.dirichlet(np.ones(AGES), 1).astype(np.float32), rng.normal(0, 1, AGES).astype(np.float32)
    shifted = p * np.exp(offset)
    expected = np.array(LOSSES[name](Y, (shifted / shifted.sum()).astype(np.float32)))
    np.testing.assert_allclose(np.array(adjusted(LOSSES[name], offset)(Y, p)), expected, rtol=1e-3)
    plain = np.array(LOSSES[name](Y, p))
    np.testing.assert_allclose(np.array(adjusted(LOSSES[name], 0 * offset)(Y, p)), plain, rtol=1e-4)


def test_strength_zero_trains_as_without(run: RunContext, tmp_path: Path) -> None:
    plain = outputs(run, trained(with_adjust(run, tmp_path / "none", None)))
    for name, wanted in (("loss", 0.0), ("post", Adjust(strength=0, when="post_hoc"))):
        made = with_adjust(run, tmp_path / name, wanted)
        np.testing.assert_allclose(outputs(made, trained(made)), plain, atol=1e-5)


@pytest.mark.parametrize("layers", ["head", "all"])
def test_in_the_loss_rare_ages_gain(run: RunContext, tmp_path: Path, layers: str) -> None:
    stages = (Stage(layers=layers, steps=24, rate=3e-3),)
    train_ages = samples.train_samples(run.index, "original", "none", run.cells)
    prior = adjust.prior(soft(run.wanted(train_ages)), np.ones(len(train_ages), np.float32))
    rare = prior < np.median(prior)
    gained = []
    for strength in (0.0, 1.0):
        made = with_adjust(run, tmp_path / f"{strength}", strength, stages=stages)
        gained.append(outputs(made, trained(made))[:, rare].sum(axis=1).mean())
    assert gained[1] > gained[0] + 0.02


def test_post_hoc_divides_by_the_prior_and_the_export_does_too(run: RunContext, tmp_path: Path) -> None:
    plain = outputs(run, trained(with_adjust(run, tmp_path / "plain", None)))
    made = with_adjust(run, tmp_path / "post", Adjust(strength=0.5, when="post_hoc"))
    repeat = trained(made)
    chosen = samples.train_samples(run.index, "original", "none", run.cells)
    prior = adjust.prior(soft(run.wanted(chosen)), np.ones(len(chosen), np.float32)) + adjust.LEAST
    expected = plain / prior**0.5
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(outputs(made, repeat), expected, atol=1e-4)
    valid = samples.split_samples(run.index, "valid")
    photos = Images(run.shards, valid.table, None, 32).take(np.arange(len(valid)))
    ages = np.asarray(exported([repeat.network], made.recipe)(photos, training=False))[:, 0]
    np.testing.assert_allclose(ages, expected @ np.arange(AGES), atol=1e-2)
    again = trained(made)  # from its last checkpoint: the shift is not made twice
    np.testing.assert_allclose(outputs(made, again), expected, atol=1e-4)


def test_toward_the_plans_set_changes_nothing_on_that_set(run: RunContext, tmp_path: Path) -> None:
    toward = Adjust(strength=1, when="post_hoc", toward="set")
    for images, same in (("balanced", True), ("original", False)):
        plain = with_adjust(run, tmp_path / f"{images} plain", None, images=images)
        made = with_adjust(run, tmp_path / images, toward, images=images)
        moved = np.abs(outputs(made, trained(made)) - outputs(plain, trained(plain))).max()
        assert (moved < 1e-5) == same


def test_a_run_may_say_its_own_strength(tmp_path: Path) -> None:
    def recipe(said: str) -> Adjust | None:
        return run_context(None, tmp_path, "a", f"train: {{runs: {{a: {said}}}}}").recipe.adjustment

    assert recipe("{adjust: 0.4}") == Adjust(strength=0.4)
    assert recipe("{recipe: adjusted}") == Adjust(strength=0.3)
    assert recipe("{recipe: adjusted, adjust: {strength: 1, toward: set}}") == Adjust(strength=1, toward="set")
    with pytest.raises(UserError) as caught:
        recipe("{recipe: linear, adjust: 0.4}")
    assert str(caught.value) == (
        f"{tmp_path}/params.yaml: train.runs.a.adjust: expected a recipe whose output is a distribution, or classes. "
        "Received linear, whose output is linear. Choose another recipe, or remove adjust."
    )
    with pytest.raises(UserError, match=r"train.runs.a.adjust: expected greater than or equal to 0. Received -1"):
        recipe("{adjust: -1}")
