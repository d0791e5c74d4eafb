"""Targets: years and classes, from the parameter file to the photo's prediction."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.recipe import Recipe
from manifests.sections.task import Task
from manifests.tables import predictions
from tests.support.train_fixtures import CELLS, write_shards
from train import fit, predict, recipes, targets
from train.model import losses
from train.scoring.predictions import labelled

GENDER, EXPRESSION = (targets.of(name, CELLS) for name in ("gender", "expression"))
CLASSES = Recipe(output="classes", loss="cross_entropy")
SECTION = """
seed: 7
task: {{target: {target}}}
train:
  size: 32
  batch: 16
  runs: {{a: {{recipe: {recipe}, seeds: 2}}}}
  max_steps: 3
"""


def loss(y: list, output: list) -> np.ndarray:
    return np.array(losses.cross_entropy(np.array(y, np.float32), np.array(output, np.float32)))


def test_two_classes_are_one_sigmoid_unit_and_more_a_softmax() -> None:
    assert (GENDER.output(CLASSES), EXPRESSION.output(CLASSES)) == ((1, "sigmoid"), (4, "softmax"))
    assert targets.of("age_bin", CELLS).values == ("<20", "20-40", "40-60", "60+")
    assert targets.of("age_bin", CELLS).own == "age" and targets.of("age", CELLS).own is None


def test_cross_entropy_is_binary_of_one_unit_and_categorical_of_more() -> None:
    np.testing.assert_allclose(loss([[1, 0], [0, 1]], [[0.2], [0.2]]), -np.log([0.8, 0.2]), rtol=1e-5)
    np.testing.assert_allclose(loss([[0, 1, 0]], [[0.2, 0.5, 0.3]]), -np.log([0.5]), rtol=1e-5)


def test_smoothing_spreads_a_share_of_the_wanted_probability() -> None:
    table = pa.table({"gender": ["female", "male", None]})
    wanted = GENDER.wanted(table, Recipe(output="classes", loss="cross_entropy", smoothing=0.2))
    np.testing.assert_allclose(wanted, [[0.1, 0.9], [0.9, 0.1], [0.1, 0.1]], atol=1e-6)
    assert GENDER.labels(wanted[:2]).tolist() == [1, 0]


@pytest.mark.parametrize(("target", "outputs"), [(GENDER, 1), (EXPRESSION, 4)])
def test_a_split_without_photos_has_columns_without_rows(target: targets.Target, outputs: int) -> None:
    """FairFace has no test split: only valid is predicted."""
    none, one = (target.columns([np.zeros((count, outputs), np.float32)] * 2) for count in (0, 1))
    assert {name: (len(column), column.type) for name, column in none.items()} == {
        name: (0, column.type) for name, column in one.items()
    }


def test_logit_adjustment_of_one_unit_is_that_of_its_two_classes() -> None:
    offset = np.log(np.array([0.8, 0.2], np.float32))
    shifted = losses.adjusted(losses.cross_entropy, offset)
    y, one = np.float32([[0, 1], [1, 0]]), np.float32([[0.3], [0.3]])
    both = np.concatenate([1 - one, one], axis=1)
    np.testing.assert_allclose(np.array(shifted(y, one)), np.array(shifted(y, both)), rtol=1e-5)
    odds = 0.7 * 0.8, 0.3 * 0.2
    np.testing.assert_allclose(
        np.array(shifted(y, one)), -np.log([odds[1] / sum(odds), odds[0] / sum(odds)]), rtol=1e-4
    )


@pytest.mark.parametrize("target", [GENDER, EXPRESSION])
def test_every_recipe_either_fits_classes_or_is_refused(target: targets.Target) -> None:
    fitting = []
    for name, recipe in recipes.RECIPES.items():
        try:
            adapted = target.adapted(recipe)
        except UserError as error:
            assert error.rule.startswith("a recipe")
            continue
        fitting.append(name)
        assert (adapted.output, adapted.loss) == ("classes", "cross_entropy") and "mae" not in adapted.monitor
    assert {"default", "steady", "adjusted", "group_dro", "last_layer"} <= set(fitting)
    assert {"linear", "c_mixup", "corrected", "D-1b"}.isdisjoint(fitting)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("colour", "task.target: expected what the photos are labelled with (age, age_bin, gender, one). Received "
                   "'colour'. Name one of them, or add the axis to `cells`."),
        ("one", "task.target: expected an axis of two values or more. Received 'one'. Add a value to `cells`."),
    ],
)  # fmt: skip
def test_a_target_that_nobody_labelled_is_named(target: str, message: str) -> None:
    cells = Cells.of({"age": [20], "gender": ["male", "female"], "one": ["only"]})
    with pytest.raises(UserError) as error:
        Task(target=target).check(cells)
    assert str(error.value).removeprefix(".") == message.removeprefix("task.")


def command(main, *options: str) -> None:
    with patch.object(sys, "argv", ["command", *options]):
        main()


@pytest.mark.parametrize(("target", "recipe"), [("gender", "default"), ("age_bin", "steady")])
def test_a_run_of_classes_trains_predicts_and_loads(
    target: str, recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write_shards(tmp_path / "datasets/shards", {"train": 40, "valid": 20, "test": 20}, unlabelled="test")
    Path("params.yaml").write_text(SECTION.format(target=target, recipe=recipe))
    command(fit.main, "--run", "a")
    assert "valid error rate" in capsys.readouterr().out
    table, cells = predictions.read(Path("datasets/runs/a/predictions.parquet"))
    photos = labelled(table, cells)["valid"]
    assert photos.preds.shape == (20, 2) and set(np.unique(photos.error)) <= {0.0, 100.0}
    names = table[f"{target}_pred"].to_pylist()
    assert Path("datasets/runs/a/predictions.csv").read_text().split() == names[20:]
    image = tmp_path / "photo.jpg"
    row = next(row for row in range(40) if table["split"][row].as_py() == "valid")
    image.write_bytes(photo_bytes(table["image_id"][row].as_py()))
    command(predict.main, "--run", "a", str(image))
    path, said, share = capsys.readouterr().out.split()
    assert (path, said) == (str(image), names[row])
    assert float(share) == pytest.approx(max(table[f"{target}_q"][row].as_py()), abs=0.03)


def photo_bytes(image_id: str) -> bytes:
    from manifests.core.shards import Shards
    from manifests.tables import index

    rows = index.read(Path("datasets/shards/index.parquet"))[0].to_pylist()
    row = next(row for row in rows if row["image_id"] == image_id)
    with Shards(Path("datasets/shards")) as shards:
        return shards.read(row["shard"], row["offset"], row["size"])


def test_a_recipe_of_years_is_refused_before_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_shards(tmp_path / "datasets/shards", {"train": 4})
    Path("params.yaml").write_text(SECTION.format(target="gender", recipe="D-1b"))
    with pytest.raises(
        UserError, match=r"params\.yaml: train\.runs\.a\.recipe: expected a recipe whose output is classes"
    ):
        command(fit.main, "--run", "a")
