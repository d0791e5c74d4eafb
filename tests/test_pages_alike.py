"""Photos that look alike: neighbours and the map."""

from __future__ import annotations

import numpy as np
import pytest

from manifests.core import codec
from pages import gallery_alike
from tests.support import small_photos


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    return [codec.decode(small_photos.jpeg(seed, (90, 90))) for seed in range(60)]


def features(images: list[np.ndarray]) -> np.ndarray:
    return np.stack([gallery_alike.features(image) for image in images])


def test_a_photo_cropped_and_saved_again_is_nearest_to_itself(photos: list[np.ndarray]) -> None:
    again = [codec.decode(codec.encode((photo[2:-2, 3:-1] * 0.95).astype(np.uint8), 60)) for photo in photos]
    found = gallery_alike.find(features(photos + again))
    count = len(photos)
    assert found.neighbours[:count, 0].tolist() == list(range(count, 2 * count))
    assert found.neighbours[count:, 0].tolist() == list(range(count))
    assert found.likeness[:, 0].min() > 600 > found.likeness[:, 1].mean()


def test_neighbours_are_others_the_most_alike_first(photos: list[np.ndarray]) -> None:
    found = gallery_alike.find(features(photos))
    assert found.neighbours.shape == found.likeness.shape == (len(photos), gallery_alike.EACH)
    assert (found.neighbours != np.arange(len(photos))[:, None]).all()
    assert (np.diff(found.likeness, axis=1) <= 0).all()
    assert ((found.likeness > 0) == (found.neighbours >= 0)).all()


def test_the_index_of_many_photos_finds_nearly_all_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    middles = rng.integers(40, 200, (60, 336))
    many = np.clip(middles[rng.integers(0, 60, 1500)] + rng.normal(0, 30, (1500, 336)), 0, 255).astype(np.uint8)
    whole = gallery_alike.find(many)
    monkeypatch.setattr(gallery_alike, "_FLAT", 100)
    indexed = gallery_alike.find(many, jobs=3)
    hits = [len(set(a) & set(b)) for a, b in zip(whole.neighbours.tolist(), indexed.neighbours.tolist(), strict=True)]
    assert np.mean(hits) > 0.9 * gallery_alike.EACH


def test_one_thread_or_three_find_the_same(photos: list[np.ndarray]) -> None:
    one, three = (gallery_alike.find(features(photos), jobs) for jobs in (1, 3))
    for name in ("neighbours", "likeness", "spot"):
        assert np.array_equal(getattr(one, name), getattr(three, name)), name


@pytest.mark.parametrize("count", [0, 1, 2, 60])
def test_the_map_reaches_from_side_to_side(photos: list[np.ndarray], count: int) -> None:
    spot = gallery_alike.find(features(photos)[:count]).spot
    assert spot.shape == (count, 2)
    if count > 1:
        assert spot.min(axis=0).tolist() == [0, 0] and spot[:, 0].max() == gallery_alike.SPAN


def test_dark_photos_lie_apart_from_bright_ones_on_the_map(photos: list[np.ndarray]) -> None:
    bright = [np.clip(photo.astype(int) // 3 + 160, 0, 255).astype(np.uint8) for photo in photos]
    dark = [(photo // 3).astype(np.uint8) for photo in photos]
    across = gallery_alike.find(features(bright + dark)).spot[:, 0]
    assert abs(across[: len(photos)].mean() - across[len(photos) :].mean()) > gallery_alike.SPAN / 3
