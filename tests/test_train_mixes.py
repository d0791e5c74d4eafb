"""Copies mixed from two photos in the audit, and how real and how various copies are."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from manifests.core.cells import Cells
from train.data.readers import ArrayRows
from train.label_drift import judged, likeness, mixes
from train.label_drift.drift import Ladder
from train.label_drift.judge_predictions import Opinions

PHOTOS = pa.table({"image_id": ["a", "b", "c", "d"]})


def probe() -> tuple[Ladder, pa.Table]:
    """Photo a and its mixes with b (of its fold) and c, photo d and its flip."""
    replays = [{}, {"morph": {"amount": 0.25}}, {"morph": {"amount": 0.5}}, {}, {"flip": True}]
    table = pa.table(
        {
            "image_id": ["a", "a", "a", "d", "d"],
            "donor": pa.array([None, "b", "c", None, None], pa.string()),
            "policy": ["original", "morph", "morph", "original", "flip"],
            "replay": [json.dumps(one) for one in replays],
            "age": pa.array([20.0, 22.0, 25.0, 60.0, 60.0], pa.float32()),
        }
    )
    rows = np.array([[1, 2, -1], [-1, -1, 4]])
    steps = [("morph", 1.0), ("morph", 1.0), ("flip", 1.0)]
    return Ladder(steps, rows, np.array([0, 3]), np.zeros(2, np.int64), np.ones((1, 2))), table


def test_a_mix_is_judged_by_who_saw_neither_parent_against_what_it_thinks_of_both() -> None:
    made, table = probe()
    ages, fold = np.array([18.0, 30.0, 40.0, 70.0]), np.array([0, 0, 1, 1])
    fair, expected = mixes.fair(made, table, PHOTOS, ages, fold)
    assert fair.steps == [("morph", 1.0), ("flip", 1.0)]
    assert fair.rows.tolist() == [[1, -1], [-1, 4]]  # c is of another fold: a's judge has seen it
    other, _ = mixes.fair(made, table, PHOTOS, ages, np.array([0, 1, 0, 1]))
    assert other.rows.tolist() == [[2, -1], [-1, 4]]  # and now b is
    assert expected.tolist() == [0, pytest.approx(0.25 * 12), pytest.approx(0.5 * 22), 0, 0]
    assert mixes.fair(made, table, PHOTOS, None, fold)[1].tolist() == [0] * 5
    assert mixes.parents(table, PHOTOS).tolist() == [[0, 0], [0, 1], [0, 2], [3, 3], [3, 3]]


def test_a_copy_of_the_set_has_its_drift_unless_its_judge_saw_the_donor() -> None:
    cells = Cells.of({"age": [30]})
    copies = pa.table(
        {
            "image_id": ["a", "a", "d", "d"],
            "copy": [1, 2, 1, 2],
            "donor": pa.array(["b", "c", "a", None], pa.string()),
            "policy": ["morph", "morph", "background", "light"],
            "replay": [json.dumps({"morph": {"amount": 0.25}}), json.dumps({"morph": {"amount": 0.5}}), "{}", "{}"],
        }
    )
    held = Opinions(np.array([18.0, 30.0, 40.0, 70.0]), {})
    seen = Opinions(np.array([23.0, 30.0, 69.0, 74.0]), {})
    rows = judged.of_copies("age", copies, seen, PHOTOS, held, np.array([0, 0, 1, 1]), cells).to_pylist()
    found = {(row["image_id"], row["copy"]): row["off"] for row in rows}
    assert found == {("a", 1): 23 - 18 - 0.25 * 12, ("d", 1): -1.0, ("d", 2): 4.0}  # c is of another fold than a
    assert {row["kind"] for row in rows} == {"copy"}


def test_of_many_copies_some_are_judged_evenly_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    index = pa.table({"image_id": ["a"] * 6 + ["x"] * 3, "copy": [0, 1, 2, 3, 4, 5, 1, 2, 3]})
    assert judged.chosen(index, PHOTOS)["copy"].to_pylist() == [1, 2, 3, 4, 5]
    monkeypatch.setattr(judged, "MOST", 3)
    assert judged.chosen(index, PHOTOS)["copy"].to_pylist() == [1, 3, 5]


def test_another_judge_is_compared_with_the_labels() -> None:
    made, table = probe()
    assert mixes.labelled(made, table).tolist() == [0, 2, 5, 0, 0]


def test_histograms_know_directions_and_not_light() -> None:
    stripes = np.zeros((96, 96, 3), np.uint8)
    stripes[:, ::8] = 200
    across, dim = likeness.histograms(stripes), likeness.histograms(stripes // 2)
    down = likeness.histograms(np.ascontiguousarray(stripes.transpose(1, 0, 2)))
    assert np.linalg.norm(across - dim) < 0.05 * np.linalg.norm(across)
    assert np.linalg.norm(across - down) > np.linalg.norm(across)


def test_copies_are_compared_with_photos_that_are_no_parent() -> None:
    rng = np.random.default_rng(0)
    photos = rng.integers(0, 256, (6, 96, 96, 3), np.uint8)
    images = np.concatenate([photos[:2], photos[[4]]])  # two copies like their photos, one like another cell's photo
    parents = np.array([[0, 0], [1, 1], [1, 1]])
    rows = np.array([[0, -1], [1, 2]])
    steps, cell = [("copy", 1.0), ("odd", 1.0)], np.array([0, 0, 0, 1, 1, 1])
    original, copy, odd = likeness.likeness(steps, rows, ArrayRows(images), parents, ArrayRows(photos), cell)
    assert (original.policy, original.n, copy.n, odd.n) == ("original", 2, 2, 1)
    assert copy.own_cell == original.own_cell and copy.apart == original.apart and copy.own_cell > 1
    assert (
        odd.other_cells == pytest.approx(0, abs=0.05) and odd.own_cell > 1 and odd.apart is None and odd.distinct == 1
    )
