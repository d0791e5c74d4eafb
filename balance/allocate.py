"""Split each cell's plan among its photos, so that a small change of the plan changes few tasks.

The photos of a cell are ordered by a hash of the seed and the image_id. The first ones are kept,
and the first ones are copied once more than the rest, so that a larger target only adds tasks.
What a copy is (policy, seed, donor) depends on the photo and the copy's number alone, never on
a total.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from manifests.core.seeds import derive


def photo_hash(seed: int, image_ids: list[str], purpose: str) -> np.ndarray:
    """uint64 (photos,): a hash of each photo for one purpose."""
    return np.array([derive(seed, purpose, image_id) for image_id in image_ids], np.uint64)


def ranks(cell: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """int64 (photos,): each photo's position in its cell, 0 the first, in order of `drawn`."""
    order = np.lexsort((drawn, cell))
    first = np.searchsorted(cell[order], cell[order])
    position = np.empty(len(cell), np.int64)
    position[order] = np.arange(len(cell)) - first
    return position


def copies(cell: np.ndarray, rank: np.ndarray, augment: np.ndarray) -> np.ndarray:
    """Split each cell's number to synthesise into copies per photo, differing by at most one.

    Args:
        cell: int64 (photos,).
        rank: int64 (photos,), as `ranks` gives it.
        augment: int64 (cells,), images to synthesise; 0 where a cell has no photo.
    Returns:
        int64 (photos,), copies of each.
    """
    available = np.bincount(cell, minlength=len(augment))
    each, over = np.divmod(augment, np.maximum(1, available))
    return each[cell] + (rank < over[cell])


def copies_of_persons(
    cell: np.ndarray, person: np.ndarray, drawn: np.ndarray, augment: np.ndarray, most: np.ndarray | None = None
) -> np.ndarray:
    """Split each cell's number to synthesise evenly among its persons, and each person's among their photos.

    With one photo per person it is `copies` of `ranks`. A person whose photos lie in several cells counts in each.

    Args:
        cell, person: int64 (photos,).
        drawn: uint64 (photos,), what photos are ordered by; persons by their first photo.
        augment: int64 (cells,), images to synthesise; 0 where a cell has no photo.
        most: int64 (photos,), how many copies its person may get in its cell; None: any number.
    Returns:
        int64 (photos,), copies of each.
    """
    pairs, group = np.unique(np.stack([cell, person]), axis=1, return_inverse=True)
    group = group.reshape(-1)
    first = np.full(pairs.shape[1], np.iinfo(np.uint64).max, np.uint64)
    np.minimum.at(first, group, drawn)
    if most is None:
        of_person = copies(pairs[0], ranks(pairs[0], first), augment)
    else:
        limit = np.zeros(pairs.shape[1], np.int64)
        limit[group] = most
        of_person = _filled(pairs[0], first, augment, limit)
    return copies(group, ranks(group, drawn), of_person)


def _filled(cell: np.ndarray, drawn: np.ndarray, augment: np.ndarray, limit: np.ndarray) -> np.ndarray:
    """Fill each cell's persons evenly, each up to a limit: int64 (persons,), copies of each."""

    def filled(level: np.ndarray) -> np.ndarray:
        return np.minimum(level[cell], limit)

    level, high = np.zeros_like(augment), np.full_like(augment, limit.max(initial=0))
    while (level < high).any():
        middle = (level + high + 1) // 2
        fits = np.bincount(cell, filled(middle), len(augment)) <= augment
        level, high = np.where(fits, middle, level), np.where(fits, high, middle - 1)
    made = filled(level)
    open_ = np.flatnonzero(made < limit)
    over = augment - np.bincount(cell, made, len(augment)).astype(np.int64)
    made[open_] += ranks(cell[open_], drawn[open_]) < over[cell[open_]]
    return made


def copy_numbers(count: np.ndarray, rejected: Mapping[int, frozenset[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Number each photo's copies 1, 2, ..., without the numbers that the user rejected.

    Args:
        count: int64 (photos,), copies of each.
        rejected: photo -> rejected copy numbers.
    Returns:
        int64 (copies,) the photo, int64 (copies,) the copy's number, in order of both.
    """
    photo = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(photo)) - np.repeat(np.cumsum(count) - count, count) + 1
    ends = np.cumsum(count)
    for i, numbers in rejected.items():
        begin, end = int(ends[i] - count[i]), int(ends[i])
        most = int(count[i]) + len(numbers)
        number[begin:end] = [n for n in range(1, most + 1) if n not in numbers][: end - begin]
    return photo, number


def policy_sequence(weight: np.ndarray, offset: np.ndarray, length: int) -> np.ndarray:
    """Choose each photo's policies, copy by copy, as evenly as whole numbers allow.

    Stride scheduling (Waldspurger and Weihl 1995): a policy comes due at (times used + offset) /
    weight, and the one due first is next. After k copies each was used k times its share, to
    within one, and a longer sequence begins with the shorter one.

    Args:
        weight: float64 (photos, policies), 0 for a policy that the photo's cell does not use.
        offset: float64 (photos, policies) in [0, 1), drawn for each photo.
        length: copies to choose for.
    Returns:
        int16 (photos, length), the policy of each copy; copy 1 first.
    """
    with np.errstate(divide="ignore"):
        stride = np.where(weight > 0, 1.0 / weight, np.inf)
    due = (offset + 2.0**-60) * stride  # 0 times an infinite stride is not a number
    chosen = np.empty((len(weight), length), np.int16)
    every = np.arange(len(weight))
    for k in range(length):
        chosen[:, k] = policy = due.argmin(axis=1)
        due[every, policy] += stride[every, policy]
    return chosen
