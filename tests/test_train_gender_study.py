"""The gender study: the network to the last parameter, each row's setting, and what was published beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from manifests.core import params
from manifests.core.errors import UserError, located
from manifests.sections.network import Network
from manifests.sections.source import Source
from manifests.sections.task import Task
from manifests.sections.train import Train
from tests.support.stages import ROOT
from tests.support.train_fixtures import CELLS
from train import targets
from train.model import backbones, heads
from train.model.runtime import keras
from train.recipes import RECIPES, recipe_of
from train.scoring.published import GENDER_ROWS, about
from train.studies_gender import GENDER_STUDY

GENDER = targets.of("gender", CELLS)


def test_levi_hassner_has_the_studys_parameters() -> None:
    backbone = backbones.build(Network(backbone="levi_hassner", size=224))
    assert backbone.output_shape == (None, 24 * 24 * 384)
    network = heads.assemble(backbone, RECIPES["E-hassner"], ("gender",), GENDER)
    assert network.full.count_params() == 115_023_873


def test_levi_hassner_of_too_few_pixels_is_named() -> None:
    with pytest.raises(UserError, match=r"\.backbone: expected levi_hassner at 32 pixels with weights none"):
        backbones.build(Network(backbone="levi_hassner", size=32))


def test_levi_hassner_loads_in_safe_mode_and_normalises_by_its_channels_neighbours(tmp_path: Path) -> None:
    backbone = backbones.build(Network(backbone="levi_hassner", size=40))
    network = heads.assemble(backbone, RECIPES["E-hassner"], (), GENDER)
    model = heads.exported([network], RECIPES["E-hassner"], None, GENDER)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    photos = np.random.default_rng(0).integers(0, 256, (2, 40, 40, 3), np.uint8)
    np.testing.assert_array_equal(np.array(loaded(photos)), np.array(model(photos)))
    maps = np.random.default_rng(1).normal(0, 30, (1, 2, 2, 7)).astype(np.float32)
    padded = np.pad(maps**2, [(0, 0)] * 3 + [(2, 2)])
    around = sum(padded[..., shift : shift + 7] for shift in range(5))
    expected = maps / (1 + 1e-4 / 5 * around) ** 0.75
    np.testing.assert_allclose(np.array(backbones._normalised(keras.ops.convert_to_tensor(maps))), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "head", "rate", "batch", "epochs", "layers"),
    [
        ("E-0", (2048, 1024), 1e-3, 128, 20, "head"),
        ("E-hassner", (512, 0.5, 512, 0.5), 1e-3, 64, 20, "all"),
        ("E-resnet50", (1024, 512, 256), 1e-3, 64, 20, "head"),
        ("E-mobilenetv2", (1024, 512, 256), 1e-3, 64, 20, "head"),
        ("E-augmented", (1024, 512, 512), 1e-5, 128, 50, "head"),
        ("E-plain", (1024, 512, 512), 1e-5, 128, 50, "head"),
        ("E-tuned", (512, 512, 512), 5e-4, 64, 20, "head"),
        ("E-finetuned", (512, 512, 512), 1e-5, 64, 50, "all"),
        ("E-tuned-pretrained", (512, 512, 512), 1e-5, 64, 50, "all"),
    ],
)
def test_every_row_has_the_settings_that_were_printed(
    name: str, head: tuple, rate: float, batch: int, epochs: int, layers: str
) -> None:
    recipe = RECIPES[name]
    (stage,) = recipe.stages
    assert (recipe.head, recipe.batch, stage.rate, stage.epochs, stage.layers) == (head, batch, rate, epochs, layers)
    assert recipe.about.startswith("Gender study, ") and (recipe.output, recipe.optimiser) == ("classes", "adam")


@pytest.mark.parametrize("file", ["params.adience.yaml", "params.celeba.yaml"])
def test_the_parameter_files_have_a_run_for_the_rows(file: str) -> None:
    path = ROOT / file
    train, source = params.section(path, Train), params.section(path, Source)
    assert params.section(path, Task).target == "gender" and source.layout == file.split(".")[1]
    with located(file):
        recipes = {name: recipe_of(train, name) for name in train.runs}
    assert all(recipe.output == "classes" for recipe in recipes.values())
    if source.layout == "adience":
        assert {
            f"E-{row}" for row in ("0", "hassner", "resnet50", "mobilenetv2", "plain", "augmented", "tuned")
        } <= set(recipes)
        assert train.of("E-hassner").backbone == "levi_hassner" and train.of("E-0").pooling == "flatten"


def test_published_rows_stand_beside_their_photos_and_target_alone() -> None:
    assert about("adience", "gender")[0] == GENDER_ROWS and about("adience", "age_bin") == ((), "")
    assert about("utkface", "gender") == ((), "") and len(about("appa_real", "age")[0]) > 20
    assert {row.recipe for row in GENDER_ROWS} <= set(GENDER_STUDY)
    assert next(row for row in GENDER_ROWS if row.name == "E-hassner").accuracy == 0.8766
