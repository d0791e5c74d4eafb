"""Batches: the shards' photos, each exactly once, in an order that is a function of seed and epoch."""

from __future__ import annotations

import gc
import threading
import weakref
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from manifests.core import codec
from manifests.core.errors import UserError
from manifests.core.shards import Shards
from manifests.tables import index
from tests.support.train_fixtures import write_shards
from train.data import tfdata
from train.data.readers import ALIGNMENT, ArrayRows, Images, Memory, fit, order, ready
from train.data.views import VIEWS
from train.model.runtime import Devices, over, prepare, tf


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pa.Table]:
    folder = tmp_path_factory.mktemp("shards")
    table, _ = index.read(write_shards(folder, {"train": 20, "valid": 5}, size=48))
    return folder, table


def pixels_of(folder: Path, table: pa.Table, row: int) -> np.ndarray:
    with Shards(folder) as opened:
        return codec.decode(opened.read(*(table[name][row].as_py() for name in ("shard", "offset", "size"))))


def test_each_photo_once_and_as_decoded(shards: tuple[Path, pa.Table]) -> None:
    folder, table = shards
    images, seen = Images(folder, table, None, 48), {}
    for rows, content in ready(images, order(len(images), 1, 1), 7):
        assert content.dtype == np.uint8 and content.shape == (len(rows), 48, 48, 3)
        seen.update(zip(rows.tolist(), content, strict=True))
    assert sorted(seen) == list(range(len(table)))
    for row, content in seen.items():
        np.testing.assert_array_equal(content, pixels_of(folder, table, row))


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_batches_do_not_depend_on_the_workers(
    shards: tuple[Path, pa.Table], jobs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("N_JOBS", jobs)
    images = Images(shards[0], shards[1], None, 48)
    rows = [cut.tolist() for cut, _ in ready(images, order(len(images), 5, 2), 8)]
    assert [row for cut in rows for row in cut] == order(len(images), 5, 2).tolist()
    assert [len(cut) for cut in rows][:-1] == [8] * (len(rows) - 1)


@pytest.mark.parametrize("shape", [(40, 40), (60, 60), (32, 72), (72, 32), (48, 48)])
def test_a_photo_of_any_shape_fills_its_own_place_in_the_batch(tmp_path: Path, shape: tuple[int, int]) -> None:
    images = [np.random.default_rng(number).integers(0, 255, (*shape, 3), np.uint8) for number in range(3)]
    contents = [codec.encode(image, 90) for image in images]
    table, _ = index.read(write_shards(tmp_path, {"train": 3}, copies=0, contents=contents))
    out = np.zeros((3, 48, 48, 3), np.uint8)
    Images(tmp_path, table, None, 48).fill(np.arange(3), out)
    for row in range(3):
        np.testing.assert_array_equal(out[row], fit(pixels_of(tmp_path, table, row), 48))


def test_other_sizes_are_resized_by_area(shards: tuple[Path, pa.Table]) -> None:
    folder, table = shards
    out = np.zeros((1, 32, 32, 3), np.uint8)
    Images(folder, table, None, 32).fill(np.array([3]), out)
    expected = cv2.resize(pixels_of(folder, table, 3), (32, 32), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(out[0], expected)
    assert fit(np.zeros((10, 20, 3), np.uint8), 32).shape == (32, 32, 3)


def test_views_are_made_of_the_plain_photo(shards: tuple[Path, pa.Table]) -> None:
    folder, table = shards
    table = table.take(pa.array([0, 0, 0, 0]))
    out = np.zeros((4, 48, 48, 3), np.uint8)
    Images(folder, table, ["plain", "flip", "blur", "flip_blur"], 48).fill(np.arange(4), out)
    np.testing.assert_array_equal(out[1], out[0][:, ::-1])
    np.testing.assert_array_equal(out[3], out[2][:, ::-1])


def test_the_blurred_view_is_the_starting_kits() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
    np.testing.assert_array_equal(VIEWS["blur"](photo), cv2.GaussianBlur(photo, (5, 5), 1.0))


def test_order_is_a_permutation_by_seed_and_epoch() -> None:
    first = order(100, 7, 0)
    assert sorted(first.tolist()) == list(range(100))
    np.testing.assert_array_equal(first, order(100, 7, 0))
    assert not np.array_equal(first, order(100, 7, 1))
    assert not np.array_equal(first, order(100, 8, 0))


def test_rows_are_copied_in_order() -> None:
    (_, content), *_ = ready(ArrayRows(np.arange(12, dtype=np.float32).reshape(6, 2)), np.array([4, 1, 5]), 3)
    np.testing.assert_array_equal(content, [[8, 9], [2, 3], [10, 11]])


def test_memory_is_aligned_and_lent_again_once_no_view_of_it_is_held() -> None:
    memory, byte = Memory(), np.dtype(np.uint8)
    first = memory.array((4, 3, 5), byte)
    place = first.ctypes.data
    assert place % ALIGNMENT == 0 and first.shape == (4, 3, 5)
    view = first[1:3, 0].view(np.int8)
    del first
    assert memory.array((4, 3, 5), byte).ctypes.data != place  # the view still needs it
    del view
    smaller = memory.array((2, 3), np.dtype(np.float32))
    assert smaller.ctypes.data == place and smaller.dtype == np.float32
    assert memory.array((100, 3, 5), byte).size == 1500  # no block is that long


def test_tensors_rest_on_the_decoded_memory_and_keep_it(shards: tuple[Path, pa.Table]) -> None:
    folder, table = shards
    images = Images(folder, table, None, 48)
    rows = np.tile(order(len(images), 1, 1), 10)
    places, taken = set(), images.take

    def noted(cut: np.ndarray) -> np.ndarray:
        content = taken(cut)
        places.add(content.ctypes.data)
        return content

    images.take = noted  # type: ignore[method-assign]
    held = [np.asarray(memoryview(batch)) for batch in tfdata.batches(images, rows, 8)]
    assert {batch.ctypes.data for batch in held} <= places  # handed over, not copied
    np.testing.assert_array_equal(np.concatenate(held), images.take(rows))
    del held
    places.clear()
    for _ in tfdata.batches(images, rows, 8):
        pass
    assert len(places) < len(rows) // 8  # used again


@pytest.mark.parametrize("outputs", [["years"], ["years", "left"]])
def test_an_epoch_brings_each_photo_with_its_own_labels(shards: tuple[Path, pa.Table], outputs: list[str]) -> None:
    folder, table = shards
    images, rows = Images(folder, table, None, 48), order(len(table), 3, 0)
    targets = np.arange(2 * len(table), dtype=np.float32).reshape(-1, 2)
    weights = np.arange(len(outputs) * len(table), dtype=np.float32).reshape(-1, len(outputs))
    devices = over(tf.config.list_logical_devices("CPU"))
    for inputs in (images, ArrayRows(images.take(np.arange(len(images))))):
        feed = tfdata.Feed(tfdata.TrainingData(inputs, targets, weights), outputs, 8, devices)
        for wanted in (rows, rows[::-1], rows[:9]):  # epochs of one dataset, the last one shorter
            made = list(feed.epoch(wanted))
            assert len(made) == len(wanted) // 8  # a smaller rest is left out
            for position, (content, target, weight) in enumerate(made):
                cut = wanted[8 * position : 8 * position + 8]
                np.testing.assert_array_equal(content, images.take(cut))
                for column, name in enumerate(outputs):
                    one, of = (target, weight) if len(outputs) == 1 else (target[name], weight[name])
                    np.testing.assert_array_equal(one, targets[cut])
                    np.testing.assert_array_equal(of, weights[cut, column])


def test_what_a_feed_reads_is_freed_with_it() -> None:
    """The maps of an epoch or of a repeat may be gigabytes, and TensorFlow keeps the functions of its datasets."""
    rows = ArrayRows(np.zeros((6, 2), np.float32))
    data = tfdata.TrainingData(rows, np.zeros((6, 1), np.float32), np.ones((6, 1), np.float32))
    feed = tfdata.Feed(data, ["age"], 3, Devices(tf.distribute.get_strategy(), ("CPU:0",), False))
    assert len(list(feed.epoch(np.arange(6)))) == 2
    left = weakref.ref(rows)
    del rows, data, feed
    gc.collect()
    assert left() is None


def test_several_threads_read_the_batches_of_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """With deterministic kernels TensorFlow reads a dataset by one thread where anything in it has a state."""
    monkeypatch.setenv("N_JOBS", "2")
    devices, both = prepare(7), threading.Barrier(2)
    rows = ArrayRows(np.zeros((8, 1), np.float32))

    class Waiting:
        shape, dtype = rows.shape, rows.dtype

        def __len__(self) -> int:
            return 8

        def take(self, asked: np.ndarray) -> np.ndarray:
            both.wait(timeout=20)
            return rows.take(asked)

    feed = tfdata.Feed(tfdata.TrainingData(Waiting(), rows.array, rows.array), ["age"], 2, devices)
    assert len(list(feed.epoch(np.arange(8)))) == 4


def test_damage_is_an_error_with_the_place(shards: tuple[Path, pa.Table], tmp_path: Path) -> None:
    folder, table = shards
    shard = table["shard"][0].as_py()
    content = bytearray((folder / shard).read_bytes())
    offset = table["offset"][0].as_py()
    content[offset : offset + 40] = bytes(40)
    (tmp_path / shard).write_bytes(content)
    with pytest.raises(UserError, match=rf"{shard} at byte {offset}: expected a photo.*augment.render` again"):
        list(ready(Images(tmp_path, table, None, 48), np.array([0]), 4))


def test_a_missing_shard_is_named(shards: tuple[Path, pa.Table], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected a shard"):
        list(ready(Images(tmp_path, shards[1], None, 48), np.arange(4), 2))


def test_all_datasets_read_one_tensor() -> None:
    """A tensor for each dataset stayed in memory: of the maps below a block that is a gigabyte a time."""
    rows = ArrayRows(np.arange(12, dtype=np.float32).reshape(6, 2))
    data = tfdata.TrainingData(rows, np.zeros((6, 1), np.float32), np.ones((6, 1), np.float32))
    devices, held = Devices(tf.distribute.get_strategy(), ("CPU:0",), False), []
    for _ in range(2):
        batches = list(tfdata.Feed(data, ["age"], 3, devices).epoch(np.arange(6)[::-1]))
        held.append(rows.held)
        np.testing.assert_array_equal(np.concatenate([each[0].numpy() for each in batches]), rows.array[::-1])
    assert held[0] is held[1]
