"""How the work grows: operations counted at two sizes, and what stands in for the pairs gives the same answers."""

from __future__ import annotations

from math import log

import cv2
import faiss
import numpy as np
import pyarrow as pa
import pytest

from augment.rendering import task_rows
from augment.rendering.task_rows import Rows
from balance import allocate, copies, donors
from balance.copies import CopyRules
from balance.counts import TrainPhotos
from manifests.core.cells import Cells
from manifests.scanning import near_duplicates
from manifests.sections.policies import Policies
from manifests.tables.pairs import Faces

CELLS = Cells.of({"gender": ["male", "female"]})


def greys(count: int, seed: int) -> np.ndarray:
    """uint8 (count, 64, 64): smooth noise, all bright in the middle as faces are."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 90, (count, 6, 6)).astype(np.uint8)
    small[:, 2:4, 2:4] += 120
    return np.stack([cv2.resize(one, (64, 64), interpolation=cv2.INTER_CUBIC) for one in small])


def test_an_index_compares_a_photo_with_few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "INDEXED", 1 << 9)  # as with many more photos
    monkeypatch.setattr(near_duplicates, "PROBES", 4)
    stats, counted = faiss.cvar.indexIVF_stats, []
    sizes = (1500, 6000)
    for size in sizes:
        stats.reset()
        near_duplicates.candidates(greys(size, 1), greys(size // 2, 2))
        counted.append(stats.ndis)
    assert log(counted[1] / counted[0]) / log(sizes[1] / sizes[0]) < 1.7


def test_the_index_finds_the_cropped_copies_that_comparing_all_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    scored = greys(3000, 3)
    train = greys(300, 4)
    for i in range(100):
        wide = cv2.resize(scored[7 * i], (256, 256))[20:246, 10:236]
        train[i] = cv2.resize(wide, (64, 64), interpolation=cv2.INTER_AREA)
    found = {tuple(pair) for pair in near_duplicates.candidates(train, scored).tolist()}
    assert {(i, 7 * i) for i in range(100)} <= found
    monkeypatch.setattr(near_duplicates, "INDEXED", 1 << 30)
    every = {tuple(pair) for pair in near_duplicates.candidates(train, scored).tolist()}
    assert {(i, 7 * i) for i in range(100)} <= every


def rules(count: int) -> CopyRules:
    ids = [f"{number:016x}" for number in range(count)]
    photos = TrainPhotos(ids, np.zeros(count, np.int64), np.arange(count), np.arange(count))
    tone = Policies.model_validate({"tone": {"weight": 1, "severity": 1}})
    return CopyRules(photos, CELLS, tone, 7, Faces.unknown(count))


@pytest.mark.parametrize("count", [500, 5000])
def test_a_donor_is_another_photo_and_a_new_photo_changes_only_the_copies_that_draw_it(count: int) -> None:
    augment = np.array([count, 0])
    before = copies.plan_copies(rules(count), augment, {})
    assert (before.donor != before.photo).all()
    more = rules(count + 1)
    photo, number = np.arange(count), np.ones(count, np.int64)
    old, new = (copies._donors(each, "own", photo, number) for each in (rules(count), more))
    assert set(new[old != new].tolist()) <= {count}


def test_donors_of_a_large_cell_are_not_found_by_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    scored, mix = [], donors.mix

    def counted(x: np.ndarray) -> np.ndarray:
        scored.append(x.size)
        return mix(x)

    monkeypatch.setattr(donors, "mix", counted)
    for size in (5000, 20000):
        copies._donors(rules(size), "own", np.arange(size), np.ones(size, np.int64))
    assert scored == [5000, 20000]


def test_thousands_of_copies_of_one_photo_take_few_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    steps, sequence = [], allocate.policy_sequence

    def counted(weight: np.ndarray, offset: np.ndarray, length: int) -> np.ndarray:
        steps.append(len(weight) * length)
        return sequence(weight, offset, length)

    monkeypatch.setattr(allocate, "policy_sequence", counted)
    made = rules(200)
    photo, number = allocate.copy_numbers(np.arange(1, 201) * 10, {})
    copies._policies(made, photo, number)
    assert sum(steps) <= 2 * len(photo) + 200


def rows(photos: int, each: int) -> Rows:
    ids = [f"{number:08x}" for number in range(photos) for _ in range(each)]
    count = len(ids)
    table = pa.table(
        {
            "image_id": ids,
            "path": ids,
            "copy": pa.array(np.tile(np.arange(each), photos), pa.int32()),
            "policy": ["original"] * count,
            "severity": np.zeros(count),
            "seed": pa.array(np.arange(count), pa.uint64()),
            "donor": pa.nulls(count, pa.string()),
            "donor_path": pa.nulls(count, pa.string()),
            "shard": pa.array([f"train-{at // 30:05d}.tar" for at in range(count)]).dictionary_encode(),
        }
    )
    return Rows(table, CELLS, np.repeat(np.arange(photos), each).astype(np.int32))


def test_a_wave_looks_at_its_own_photos_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_rows, "WAVE", 60)
    looked = []
    tasks = Rows.tasks
    monkeypatch.setattr(Rows, "tasks", lambda self, at: (looked.append(len(at)), tasks(self, at))[1])
    made = rows(400, 4)
    groups = [group for start, end in made.waves() for group in made.groups(start, end)]
    assert {task.row for group in groups for task in group.tasks} == set(range(1600))
    assert sum(looked) < 1.2 * 1600  # a photo that lies in two waves brings its earlier copies again
