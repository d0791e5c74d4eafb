from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from balance.allocate import copies, copy_numbers, photo_hash, policy_sequence, ranks

PHOTOS = st.lists(st.integers(0, 3), min_size=1, max_size=40).map(np.array)


def ordered(cell: np.ndarray) -> np.ndarray:
    return ranks(cell, photo_hash(7, [f"{i:016x}" for i in range(len(cell))], "rank"))


@given(PHOTOS, st.lists(st.integers(0, 90), min_size=4, max_size=4))
@settings(deadline=None, max_examples=60)
def test_copies_add_up_to_the_cells_numbers_and_differ_by_at_most_one(cell, wanted):
    augment = np.where(np.bincount(cell, minlength=4) > 0, wanted, 0)
    count = copies(cell, ordered(cell), augment)
    assert np.bincount(cell, weights=count, minlength=4).tolist() == augment.tolist()
    assert all(np.ptp(count[cell == c]) <= 1 for c in np.unique(cell))


@given(
    PHOTOS, st.lists(st.integers(0, 40), min_size=4, max_size=4), st.lists(st.integers(0, 40), min_size=4, max_size=4)
)
@settings(deadline=None, max_examples=60)
def test_a_larger_number_only_adds_copies(cell, wanted, more):
    filled = np.bincount(cell, minlength=4) > 0
    few, many = np.where(filled, wanted, 0), np.where(filled, np.add(wanted, more), 0)
    assert (copies(cell, ordered(cell), few) <= copies(cell, ordered(cell), many)).all()


def test_the_order_of_photos_does_not_depend_on_the_table():
    ids, rng = [f"{i:016x}" for i in range(50)], np.random.default_rng(1)
    cell, order = rng.integers(0, 3, 50), rng.permutation(50)
    straight = ranks(cell, photo_hash(7, ids, "rank"))
    shuffled = ranks(cell[order], photo_hash(7, [ids[i] for i in order], "rank"))
    assert (straight[order] == shuffled).all()
    assert (ranks(cell, photo_hash(8, ids, "rank")) != straight).any()


def test_rejected_numbers_are_passed_over():
    photo, number = copy_numbers(np.array([3, 0, 2]), {0: frozenset({1, 3}), 2: frozenset({9})})
    assert photo.tolist() == [0, 0, 0, 2, 2]
    assert number.tolist() == [2, 4, 5, 1, 2]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=6).filter(any), st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_policies_are_spread_evenly_over_a_photos_copies(weights, seed):
    weight = np.tile(np.array(weights, float), (5, 1))
    offset = np.random.default_rng(seed).random(weight.shape)
    chosen = policy_sequence(weight, offset, 30)
    share = weight[0] / weight[0].sum()
    for k in range(1, 31):
        used = np.stack([(chosen[:, :k] == p).sum(axis=1) for p in range(len(weights))], axis=1)
        assert (used[:, share == 0] == 0).all()
        assert (np.abs(used - k * share) < 2).all()
    assert (policy_sequence(weight, offset, 7) == chosen[:, :7]).all()


def test_first_copies_use_every_policy():
    offset = np.random.default_rng(3).random((4000, 3))
    first = policy_sequence(np.tile([1.0, 2.0, 1.0], (4000, 1)), offset, 1)[:, 0]
    assert (np.bincount(first, minlength=3) > 500).all()
