"""The judges: nobody judges what it has seen, and what they say is the same twice."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import sys
from pathlib import Path
from types import ModuleType
from unittest import mock

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from augment import probe, render
from manifests.core.cells import AGE, Cells
from manifests.core.errors import UserError
from manifests.tables import audit as contract
from manifests.tables import index, judged
from tests.support.render_fixtures import picture, project
from train import audit
from train.data.readers import ArrayRows
from train.data.samples import Samples
from train.label_drift import folds, judges
from train.label_drift.judges import Bench
from train.model import runtime

CELLS = Cells.of({"age": [30], "gender": ["male", "female"]})


def bench(photos: int, labels: dict[str, np.ndarray], features: np.ndarray) -> Bench:
    units = {name: 101 if name == AGE else 2 for name in labels}
    return Bench(ArrayRows(features[:photos]), (ArrayRows(features),), None, labels, units, 16)


def test_a_judge_can_t_know_what_its_photo_is_labelled() -> None:
    """Labels of pure noise: a judge that had seen the photo, or a copy of it, would know them."""
    rng = np.random.default_rng(3)
    features = rng.normal(size=(240, 64)).astype(np.float32)
    copies = features + rng.normal(size=features.shape).astype(np.float32) * 0.01
    labels = {"gender": rng.integers(0, 2, 240).astype(np.int32)}
    runtime.prepare(7)
    made, of = bench(240, labels, np.concatenate([features, copies])), np.tile(np.arange(240), 2)
    fold = np.arange(240) % 2
    held, seen = judges.judge(made, fold, [of], 20, 7)
    for opinions, photo in ((held, np.arange(240)), (seen, of)):
        right = opinions.shares["gender"].argmax(axis=1) == labels["gender"][photo]
        assert 0.35 < right.mean() < 0.65
    # Judged by the models of other folds, the same photos are known by heart.
    _, cheating = judges.judge(made, fold, [(of + 1) % 240], 20, 7)
    assert (cheating.shares["gender"].argmax(axis=1) == labels["gender"][of]).mean() > 0.9


def test_what_can_be_learnt_is_learnt_and_the_same_twice() -> None:
    rng = np.random.default_rng(4)
    features = rng.normal(size=(400, 16)).astype(np.float32)
    age = (40 + 12 * features[:, 0]).clip(0, 100)
    spread = np.full(400, 3.0)
    labels = {AGE: np.stack([age, spread], axis=1).astype(np.float32), "gender": (features[:, 1] > 0).astype(np.int32)}
    runtime.prepare(7)
    made, fold = bench(400, labels, features), np.arange(400) % 2
    first, _ = judges.judge(made, fold, [np.arange(400)], 40, 7)
    assert first.age is not None and np.abs(first.age - age).mean() < 4  # guessing the mean gives 9.5
    assert (first.shares["gender"].argmax(axis=1) == labels["gender"]).mean() > 0.9
    np.testing.assert_allclose(first.shares["gender"].sum(axis=1), 1, atol=1e-5)
    again, _ = judges.judge(made, fold, [np.arange(400)], 40, 7)
    np.testing.assert_array_equal(first.age, again.age)


def test_fewer_photos_than_a_batch_are_learnt_too() -> None:
    features = np.random.default_rng(4).normal(size=(40, 8)).astype(np.float32)
    made = bench(40, {"gender": (features[:, 1] > 0).astype(np.int32)}, features)
    runtime.prepare(7)
    held, _ = judges.judge(dataclasses.replace(made, batch=64), np.arange(40) % 2, [np.arange(40)], 200, 7)
    assert (held.shares["gender"].argmax(axis=1) == (features[:, 1] > 0)).mean() > 0.7


def test_photos_of_one_person_alone_have_no_judge() -> None:
    with pytest.raises(UserError) as raised:
        folds.assign(["a", "b"], np.zeros(2, int), [(0, 1)], 2, seed=7)
    assert str(raised.value) == (
        "train photos: expected two or more that are not of one subject. Received 1. Add photos of others."
    )


def test_folds_are_alike_in_every_cell_and_do_not_depend_on_the_order() -> None:
    ids, cell = [f"{number:016x}" for number in range(200)], np.repeat([0, 1, 2, 5], [100, 60, 37, 3])
    fold = folds.assign(ids, cell, [], 5, seed=7)
    assert np.ptp(np.bincount(fold)) <= 1
    for one in np.unique(cell):
        assert np.ptp(np.bincount(fold[cell == one], minlength=5)) <= 1
    order = np.random.default_rng(1).permutation(200)
    np.testing.assert_array_equal(folds.assign([ids[i] for i in order], cell[order], [], 5, seed=7), fold[order])
    assert (folds.assign(ids, cell, [], 5, seed=8) != fold).any()


def test_photos_of_one_person_or_one_moment_are_never_parted() -> None:
    ids, cell = [f"{number:016x}" for number in range(90)], np.arange(90) % 4
    pairs = [(3, 50), (50, 71), (71, 8), (20, 21)]
    fold = folds.assign(ids, cell, pairs, 5, seed=7)
    assert len({fold[i] for i in (3, 50, 71, 8)}) == 1 and fold[20] == fold[21]
    assert folds.same(["a", None, "b", "a", None, "a"]) == [(0, 3), (0, 5)]


def test_a_photo_cropped_and_compressed_again_is_found() -> None:
    pixels = np.stack([picture(number, 96) for number in range(12)])
    inner = cv2.resize(pixels[4][3:91, 4:92], (96, 96), interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode(".jpg", inner, [cv2.IMWRITE_JPEG_QUALITY, 50])[1]
    pixels = np.concatenate([pixels, cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[None]])
    assert folds.alike(ArrayRows(pixels)) == [(4, 12)]


def test_a_probe_of_other_photos_is_refused() -> None:
    photos = Samples(pa.table({"image_id": ["a", "b"]}), ["plain"] * 2)
    assert folds.shown(photos, pa.table({"image_id": ["b", "a", "b"]})).tolist() == [1, 0, 1]
    with pytest.raises(UserError) as raised:
        folds.shown(photos, pa.table({"image_id": ["c"]}))
    assert str(raised.value) == (
        "probe: image_id: expected train photos of the shards. Received c. Run `python -m augment.probe` again."
    )


SECTIONS = """render: {quality: 90}
audit: {photos: 20, severities: [1], folds: 2, epochs: 2, resamples: 200}
train: {size: 32, batch: 8, runs: {plain: {}}}"""


def run(folder: Path, *stages: ModuleType) -> list[bytes]:
    """Run stages in a project; returns what the audit wrote."""
    silent, arguments = contextlib.redirect_stdout(io.StringIO()), mock.patch.object(sys, "argv", ["stage"])
    with contextlib.chdir(folder), mock.patch.dict(os.environ, {"N_JOBS": "1"}), arguments, silent:
        for stage in stages:
            stage.main()
    files = ("manifests/built/audit.json", "datasets/audit.md", "datasets/audit.csv")
    return [(folder / name).read_bytes() for name in files]


def test_the_whole_stage_from_photos_to_files(tmp_path: Path) -> None:
    project(tmp_path, train=32).params(SECTIONS)
    run(tmp_path, render, probe, audit)
    read = contract.read(tmp_path / "manifests/built/audit.json")
    assert read.judge == judges.NAME and read.skill.n == 32 and read.photos == 20
    assert read.steps[0].policy == "flip" and len(read.steps) == 21
    written = judged.read(tmp_path / "manifests/built/judged.parquet")[0]
    rows = index.read(tmp_path / "datasets/shards/index.parquet")[0].filter(pc.field("split") == "train").to_pylist()
    copies = {(row["image_id"], row["copy"]): row["policy"] for row in rows if row["copy"]}
    left_out = copies.keys() - set(judged.off(written, "copy"))  # mixes with a donor of another fold
    assert set(judged.off(written, "copy")) <= copies.keys() and {copies[key] for key in left_out} <= {"morph"}
    assert set(judged.off(written, "photo")) == {(row["image_id"], 0) for row in rows}
    assert all(step.age and set(step.axes) == {"gender"} and set(step.bins) == {"<30", "30+"} for step in read.steps)


@pytest.mark.slow
def test_the_whole_stage_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    project(tmp_path, train=32).params(SECTIONS)
    assert run(tmp_path, render, probe, audit) == run(tmp_path, audit)
