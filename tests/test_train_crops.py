"""Crops of a photo: their features joined, the exported model like the predictions, saliency where it was cut out."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from manifests.sections.recipe import Recipe
from manifests.sections.train import Run, Train
from train.model import backbones, heads
from train.model.runtime import keras
from train.saliency import Attention
from train.targets import YEARS

TRAIN = Train(backbone="small_cnn", size=64, crops=(1, 0.75), runs={"a": Run()})
PHOTOS = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def backbone() -> keras.Model:
    keras.utils.set_random_seed(1)
    return backbones.build(TRAIN)


def test_the_features_are_those_of_the_photo_and_of_its_enlarged_centre(backbone: keras.Model) -> None:
    keras.utils.set_random_seed(1)
    alone = backbones.build(TRAIN.model_copy(update={"crops": (1,)}))
    centres = np.stack([cv2.resize(photo[8:56, 8:56].astype(np.float32), (64, 64)) for photo in PHOTOS])
    expected = np.concatenate([alone(PHOTOS.astype(np.float32)), alone(centres)], axis=1)
    np.testing.assert_allclose(backbone(PHOTOS.astype(np.float32)), expected, atol=1e-4)


def test_the_exported_model_sees_the_crops(backbone: keras.Model, tmp_path) -> None:
    recipe = Recipe(head=(8,), output="distribution", loss="soft_labels", mirror=True)
    network = heads.assemble(backbone, recipe, ("age",))
    heads.exported([network], recipe).save(tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    seen = [PHOTOS, PHOTOS[:, :, ::-1]]
    expected = np.mean([YEARS.decode(np.asarray(network.full(each, training=False))) for each in seen], axis=0)
    np.testing.assert_allclose(np.asarray(model(PHOTOS.astype(np.float32)))[:, 0], expected, atol=1e-3)
    attention = Attention(model)
    for drawn in (attention.grad_cam(PHOTOS), attention.gradients(PHOTOS)):
        assert drawn.shape == (3, 64, 64) and drawn.min() == 0 and drawn.max() == 1


def test_a_crop_that_is_blind_outside_the_centre_has_no_saliency_there(backbone: keras.Model) -> None:
    """A head that reads the crop's features alone: the map is zero where the crop was not cut out."""
    recipe = Recipe(head=(), output="linear", loss="mae")
    network = heads.assemble(backbone, recipe, ("age",))
    (kernel, bias) = network.head.layers[-1].get_weights()
    kernel[: len(kernel) // 2] = 0
    network.head.layers[-1].set_weights([kernel, bias])
    drawn = Attention(heads.exported([network], recipe)).grad_cam(PHOTOS)
    assert drawn[:, 8:56, 8:56].max() == 1
    drawn[:, 8:56, 8:56] = 0
    assert drawn.max() == 0


@pytest.mark.parametrize("crops", [(), (0.8,), (1, 1), (0.8, 1), (1, 0.1)])
def test_other_crops_are_refused(crops: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match=r"1 and then smaller shares down to 0\.2, the largest first"):
        Train(crops=crops, runs={"a": Run()})
