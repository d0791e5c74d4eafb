"""Features: each photo once, whatever the plan; the cache never changes a result."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from manifests.sections.train import Run, Train
from manifests.tables import index
from tests.support.train_fixtures import write_shards
from train.data import features
from train.data.readers import Images
from train.model import backbones
from train.model.runtime import keras

SECTION = Train(backbone="small_cnn", size=32, runs={"a": Run()})


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> tuple[keras.Model, Path, pa.Table]:
    folder = tmp_path_factory.mktemp("shards")
    table, _ = index.read(write_shards(folder, {"train": 100, "valid": 10}))
    keras.utils.set_random_seed(1)
    return backbones.build(SECTION), folder, table


def keys(table: pa.Table) -> list[str]:
    return [f"{sha}/plain" for sha in table["sha256"].to_pylist()]


def run(given: tuple[keras.Model, Path, pa.Table], table: pa.Table, cache: Path | None) -> np.ndarray:
    backbone, folder, _ = given
    return features.extract(backbone, Images(folder, table, None, 32), keys(table), cache)


def test_features_are_the_backbones(given: tuple[keras.Model, Path, pa.Table]) -> None:
    backbone, folder, table = given
    photos = np.zeros((len(table), 32, 32, 3), np.uint8)
    Images(folder, table, None, 32).fill(np.arange(len(table)), photos)
    expected = np.array(backbone(photos, training=False))
    np.testing.assert_allclose(run(given, table, None), expected, atol=1e-5)


def test_a_replan_computes_only_new_photos(
    given: tuple[keras.Model, Path, pa.Table], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, asked = given[2], []
    whole = run(given, table, None)
    fill = Images.fill
    monkeypatch.setattr(Images, "fill", lambda self, rows, out: (asked.extend(rows.tolist()), fill(self, rows, out))[1])
    run(given, table.slice(0, 40), tmp_path)
    assert sorted(asked) == list(range(40))
    asked.clear()
    np.testing.assert_array_equal(run(given, table, tmp_path), whole)
    assert sorted(asked) == list(range(40, len(table)))
    asked.clear()
    turned = np.random.default_rng(0).permutation(len(table))
    np.testing.assert_array_equal(run(given, table.take(pa.array(turned)), tmp_path), whole[turned])
    assert asked == []


def test_the_same_bytes_twice_are_computed_once(
    given: tuple[keras.Model, Path, pa.Table], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, asked = given[2].take(pa.array([3, 3, 5, 3])), []
    fill = Images.fill
    monkeypatch.setattr(Images, "fill", lambda self, rows, out: (asked.extend(rows.tolist()), fill(self, rows, out))[1])
    made = run(given, table, tmp_path)
    assert asked == [0, 2]
    np.testing.assert_array_equal(made[0], made[3])


def test_a_damaged_pack_is_made_anew(given: tuple[keras.Model, Path, pa.Table], tmp_path: Path) -> None:
    whole = run(given, given[2], tmp_path)
    (pack,) = tmp_path.glob("*.npz")
    pack.write_bytes(pack.read_bytes()[:1000])
    np.testing.assert_array_equal(run(given, given[2], tmp_path), whole)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_other_weights_or_preprocessing_have_another_name(given: tuple[keras.Model, Path, pa.Table]) -> None:
    backbone = given[0]
    keras.utils.set_random_seed(2)
    names = {
        features.fingerprint(backbone, SECTION),
        features.fingerprint(backbones.build(SECTION), SECTION),
        features.fingerprint(backbone, SECTION.model_copy(update={"preprocessing": "caffe"})),
    }
    assert len(names) == 3
    assert features.fingerprint(backbone, SECTION) in names


def test_a_pack_that_holds_nothing_wanted_is_left_alone(
    given: tuple[keras.Model, Path, pa.Table], tmp_path: Path
) -> None:
    table = given[2]
    run(given, table.slice(0, 10), tmp_path)
    (pack,) = tmp_path.glob("*.npz")
    with np.load(pack) as content:
        names = content["keys"]
    np.savez(pack, keys=names)  # without features it can't be read whole
    run(given, table.slice(10, 10), tmp_path)
    assert pack.exists()
    whole = run(given, table.slice(0, 10), None)
    np.testing.assert_array_equal(run(given, table.slice(0, 10), tmp_path), whole)
