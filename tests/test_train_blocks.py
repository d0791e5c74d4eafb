"""Finetuning by blocks: what lies below is computed once and never changes; the rest learns, at a rate of its own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from manifests.core import params
from manifests.core.errors import UserError, located
from manifests.sections.train import Train
from manifests.tables import index
from tests.support.train_fixtures import write_shards
from train import recipes
from train.data import features, samples
from train.data.readers import Images
from train.fitting import run as runs
from train.fitting.context import RunContext
from train.model import backbones, blocks, heads, runtime
from train.model.runtime import keras, layers

FIRST = "conv_dw_12"
SECTION = """seed: 7
train:
  backbone: MobileNet
  weights: WEIGHTS
  preprocessing: tf
  size: 32
  crops: [1, 0.75]
  batch: 16
  recipes:
    blocks:
      base: default
      head: [8]
      monitor: last
      stages: [{layers: head, steps: 4}, {layers: {from: conv_dw_12}, steps: 6, backbone_rate: 1e-4}]
  runs: {blocks: {recipe: blocks}}
"""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> RunContext:
    folder = tmp_path_factory.mktemp("blocks")
    write_shards(folder / "shards", {"train": 40, "valid": 12, "test": 4})
    keras.utils.set_random_seed(3)
    body = keras.applications.MobileNet(input_shape=(32, 32, 3), include_top=False, weights=None, pooling="avg")
    for layer in body.layers:  # as wide as their inputs ask for: without BatchNorm's help activations would vanish
        if layer.weights and not isinstance(layer, layers.BatchNormalization):
            kernel = layer.get_weights()[0]
            fan = np.prod(kernel.shape[:2] if "dw" in layer.name else kernel.shape[:3])
            layer.set_weights([np.random.default_rng(1).normal(0, (2 / fan) ** 0.5, kernel.shape)])
    body.save_weights(folder / "body.weights.h5")
    path = folder / "params.yaml"
    path.write_text(SECTION.replace("WEIGHTS", str(folder / "body.weights.h5")))
    train = params.section(path, Train).of("blocks")
    recipe = recipes.recipe_of(train, "blocks")
    table, cells = index.read(folder / "shards" / "index.parquet")
    return RunContext("blocks", train, recipe, 7, table, cells, folder / "shards", folder / "cache", runtime.prepare(7))


@pytest.fixture(scope="module")
def trained(job: RunContext) -> heads.Network:
    return runs.train_repeats(job, lambda repeat, history: None)[0].network


def pixels(job: RunContext) -> np.ndarray:
    return Images(job.shards, job.index, None, 32).take(np.arange(8)).astype(np.float32)


@pytest.mark.parametrize("preprocessing", ["tf", "caffe", "torch", "unit", "none", "auto"])
@pytest.mark.parametrize("crops", [(1,), (1, 0.75)])
def test_below_and_above_are_the_whole_network(job: RunContext, preprocessing: str, crops: tuple[float, ...]) -> None:
    train = job.train.model_copy(update={"preprocessing": preprocessing, "crops": crops})
    network = heads.assemble(backbones.build(train), job.recipe, ("age",))
    cut = blocks.cut(network.backbone, network.head, FIRST)
    photos = pixels(job)
    maps = cut.below(photos, training=False)
    assert maps.dtype == "float16" and maps.shape[:2] == (8, len(crops))
    whole = network.backbone(photos, training=False).numpy()
    parts = [cut.above.layers[1](maps[:, number], training=False).numpy() for number in range(len(crops))]
    assert whole.std(axis=0).max() > 0.02 * np.abs(whole).max()  # photos differ, so that wrong maps are noticed
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=5e-3 * np.abs(whole).max())
    np.testing.assert_allclose(cut.above(maps, training=False), network.full(photos, training=False), atol=2e-3)


def test_only_the_layers_from_the_first_on_learn(job: RunContext, trained: heads.Network) -> None:
    before, after = blocks.body_of(backbones.build(job.train)), blocks.body_of(trained.backbone)
    names = [layer.name for layer in after.layers]
    for position, (one, other) in enumerate(zip(before.layers, after.layers, strict=True)):
        same = all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))
        learns = position >= names.index(FIRST) and not isinstance(other, layers.BatchNormalization)
        assert same != (learns and bool(other.get_weights())), other.name


def test_the_maps_below_are_computed_once(job: RunContext, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = dataclasses.replace(job, recipe=job.recipe.model_copy(update={"stages": job.recipe.stages[1:]}))
    runs.train_repeats(alone, lambda repeat, history: None)
    asked: list[int] = []
    fill = Images.fill
    monkeypatch.setattr(Images, "fill", lambda self, rows, out: (asked.extend(rows.tolist()), fill(self, rows, out))[1])
    runs.train_repeats(dataclasses.replace(alone, seed=8), lambda repeat, history: None)
    assert asked == []


def test_repeats_that_are_equal_below_see_each_photo_once_and_predict_what_the_whole_network_does(
    job: RunContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    train = job.train.model_copy(update={"runs": {"blocks": job.train.runs["blocks"].model_copy(update={"seeds": 3})}})
    three = dataclasses.replace(job, train=train)
    repeats = runs.train_repeats(three, lambda repeat, history: None)
    photos = samples.split_samples(job.index, "valid")
    images = Images(job.shards, photos.table, photos.views, 32)
    whole = [features.forward(each.network.full, features.BATCH)(images, np.arange(12)) for each in repeats]
    assert not np.allclose(whole[0], whole[1], atol=1e-4)
    asked: list[int] = []
    fill = Images.fill
    monkeypatch.setattr(Images, "fill", lambda self, rows, out: (asked.extend(rows.tolist()), fill(self, rows, out))[1])
    np.testing.assert_allclose(runs.predict(three, repeats, photos), whole, rtol=0, atol=1e-6)
    assert asked == list(range(12))
    body = blocks.body_of(repeats[1].network.backbone)  # one that began elsewhere
    body.get_layer("conv1").set_weights([body.get_layer("conv1").get_weights()[0] * 2])
    asked.clear()
    own = features.forward(repeats[1].network.full, features.BATCH)(images, np.arange(12))
    np.testing.assert_allclose(runs.predict(three, repeats, photos)[1], own, rtol=0, atol=1e-6)
    assert len(asked) == 4 * 12


def kernel(backbone: keras.Model) -> np.ndarray:
    return blocks.body_of(backbone).get_layer("conv_pw_13").get_weights()[0]


def test_the_backbone_learns_at_its_own_rate(job: RunContext) -> None:
    moved = {}
    for rate in (1.0, 0.01):  # far above float32's own steps
        last = job.recipe.stages[1].model_copy(update={"backbone_rate": rate, "steps": 1})
        recipe = job.recipe.model_copy(update={"stages": (last,), "optimiser": "sgd", "momentum": 0.0})
        made = runs.train_repeats(
            dataclasses.replace(job, recipe=recipe), lambda repeat, history: None
        )[0].network  # fmt: skip
        layer, plain = (
            blocks.body_of(each).get_layer("conv_pw_13") for each in (made.backbone, backbones.build(job.train))
        )
        moved[rate] = float(np.abs(layer.get_weights()[0] - plain.get_weights()[0]).mean())
    assert moved[1.0] / moved[0.01] == pytest.approx(100, rel=0.02)


@pytest.mark.parametrize("first", ["conv_dw_99", "input_layer"])
def test_a_layer_that_is_not_there_is_named(job: RunContext, first: str) -> None:
    network = heads.assemble(backbones.build(job.train), job.recipe, ("age",))
    rule = r"p.yaml: train.runs.a.recipe: layers.from: expected a layer of mobilenet_1.00_32: conv1, "
    with pytest.raises(UserError, match=rule), located("p.yaml: train.runs.a.recipe"):
        blocks.cut(network.backbone, network.head, first)


def test_a_layer_beside_a_shortcut_is_refused() -> None:
    pixels = keras.Input((8, 8, 3))
    left = layers.Conv2D(4, 3, padding="same", name="left")(pixels)
    inner = layers.Conv2D(4, 3, padding="same", name="inner")(left)
    deeper = layers.Conv2D(4, 3, padding="same", name="deeper")(inner)
    body = keras.Model(pixels, layers.GlobalAveragePooling2D()(layers.Add()([left, deeper])), name="shortcut")
    photo = keras.Input((8, 8, 3))
    features = layers.Activation("linear")(body(photo))
    head = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    backbone = keras.Model(photo, features)
    with pytest.raises(UserError, match="a layer that everything passes through"):
        blocks.cut(backbone, head, "deeper")
    assert blocks.cut(backbone, head, "inner").above.output_shape == (None, 1)


def test_the_rate_of_the_backbone_belongs_to_the_stage(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("train:\n  recipes: {a: {stages: [{layers: {fom: x}}]}}\n  runs: {a: {recipe: a}}\n")
    with pytest.raises(UserError, match=r"train.recipes.a.stages.0.layers"):
        params.section(path, Train)
