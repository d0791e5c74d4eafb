"""The saliency stage: which photos stand for a group, and a picture whatever the network and the labels are."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from manifests.sections.train import Run, Train
from manifests.tables import index
from tests.support import pages_samples
from train import predict, saliency
from train.model import backbones, heads
from train.model.runtime import keras
from train.recipes import Recipe


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> pages_samples.Sample:
    return pages_samples.make(tmp_path_factory.mktemp("sample"), 120, size=48)


def test_few_photos_of_valid_stand_for_each_group(sample: pages_samples.Sample) -> None:
    table, cells = index.read(sample.index)
    place = table.schema.get_field_index("split")
    both = pc.replace_substring(table["split"].cast(pa.string()), "test", "valid")
    twice = [
        each.set_column(place, "split", split)
        for each, split in ((table, table["split"].cast(pa.string())), (table, both))
    ]
    groups = dict(saliency.by_group(pa.concat_tables(twice), cells, 2))
    assert {name.split(": ")[0] for name in groups} == {"age", "gender", "ethnicity", "expression"}
    for name, chosen in groups.items():
        axis, value = name.split(": ")
        assert 1 <= len(chosen) <= 2 and set(chosen["split"].to_pylist()) == {"valid"}
        assert set(chosen[f"{axis}_bin" if axis == "age" else axis].to_pylist()) == {value}


def test_without_labels_in_valid_the_next_split_takes_its_place(sample: pages_samples.Sample) -> None:
    table, cells = index.read(sample.index)
    split = table["split"].cast(pa.string())
    for left, wanted in ((["test", "train"], "test"), (["train"], "train")):
        chosen = saliency.by_group(table.filter(pc.is_in(split, pa.array(left))), cells, 3)
        assert {name for _, rows in chosen for name in rows["split"].to_pylist()} == {wanted}
    unlabelled = table.filter(pc.less(table["cell"], 0))
    ((name, rows),) = saliency.by_group(unlabelled, cells, 3)
    assert name == "all photos" and len(rows) == 2


def drawn(sample: pages_samples.Sample, model: keras.Model, out: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    monkeypatch.setattr(predict, "load", lambda *_: model)
    shards = str(sample.index.parent)
    monkeypatch.setattr(sys, "argv", ["saliency", "--run", "a", "--shards", shards, "--out", str(out)])
    saliency.main()
    picture = cv2.imread(str(out))
    assert picture is not None
    return picture


def test_a_row_for_each_group_and_the_same_bytes_twice(
    sample: pages_samples.Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keras.utils.set_random_seed(3)
    recipe = Recipe(head=(), output="linear", loss="mae")
    backbone = backbones.build(Train(backbone="small_cnn", size=48, runs={"a": Run()}))
    model = heads.exported([heads.assemble(backbone, recipe, ("age",))], recipe)
    picture = drawn(sample, model, tmp_path / "a.png", monkeypatch)
    groups = len(saliency.by_group(*index.read(sample.index), saliency.PER_GROUP))
    row = saliency.LABEL + saliency.PANEL + saliency.GAP
    assert picture.shape[:2] == (groups * row, 3 * (saliency.PANEL + saliency.GAP))
    drawn(sample, model, tmp_path / "b.png", monkeypatch)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_network_without_maps_gets_words_instead_of_an_end(
    sample: pages_samples.Sample, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = keras.Sequential([keras.layers.Input((48, 48, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    assert len(drawn(sample, plain, tmp_path / "a.png", monkeypatch)) == saliency.LABEL + saliency.GAP
