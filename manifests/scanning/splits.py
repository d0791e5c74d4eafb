"""Splits by hash, for a layout that has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from manifests.core.errors import UserError
from manifests.core.seeds import rendezvous


def by_hash(keys: Sequence[str], valid: float, test: float) -> list[str]:
    """Choose a split for each photo by the hash of its key, a number from 0 to 1.

    A number below `test` is test, one in the next `valid` is valid, the rest is train: a key's split
    depends on no other key. There is one exception, so that small sets stay usable: a split whose share is
    above 0 and that no key falls in takes a key of a split that has several, the lowest number first
    (train: the highest).

    Args:
        keys: each photo's subject, so that a subject's photos stay together, or its image_id where that is unknown.
        valid: share of valid, in expectation.
        test: share of test, in expectation.
    Returns:
        `train`, `valid` or `test` for each key, in order.
    """
    points = sorted((_point(key), key) for key in set(keys))
    chosen = {key: "test" if point < test else "valid" if point < test + valid else "train" for point, key in points}
    for split, share in (("train", 1.0), ("test", test), ("valid", valid)):
        sizes = Counter(chosen.values())
        spare = [key for _, key in points if sizes[chosen[key]] > 1]
        if share > 0 and not sizes[split] and spare:
            chosen[spare[-1] if split == "train" else spare[0]] = split
    return [chosen[key] for key in keys]


def with_valid(keys: Sequence[str], given: Sequence[str], valid: float) -> list[str]:
    """Take valid photos out of train, by hash, where there is none.

    A run is stopped and corrected by valid, so it can't do without; the test photos stay as the layout has them.

    Args:
        keys: as for `by_hash`.
        given: each photo's split.
        valid: the share of the train photos' keys, in expectation; 0: none.
    """
    if valid == 0 or "valid" in given:
        return list(given)
    train = [number for number, split in enumerate(given) if split == "train"]
    chosen = dict(zip(train, by_hash([keys[number] for number in train], valid, 0), strict=True))
    return [chosen.get(number, split) for number, split in enumerate(given)]


def by_fold(keys: Sequence[str], folds: Sequence[int | None], fold: int, count: int, valid: float) -> list[str]:
    """Choose a split for each photo by its fold of cross-validation.

    Args:
        keys: each photo's subject, or its image_id where that is unknown.
        folds: each photo's fold, where the layout has it; else one of `count` by the key's hash. A subject in several
            folds is in the first of them.
        fold: the one that is tested on.
        count: how many folds.
        valid: the share of valid among the keys of the other folds.
    Raises:
        UserError: no photo is in the fold, or none is outside it; the key is relative to the section.
    """
    of: dict[str, int] = {}
    for key, known in zip(keys, folds, strict=True):
        own = int(_point(key) * count) if known is None else known
        of[key] = min(own, of.get(key, own))
    rest = [key for key in of if of[key] != fold]
    if not rest or len(rest) == len(of):
        received = f"photos in {', '.join(map(str, sorted(set(of.values()))))}"
        raise UserError(".fold", f"photos in fold {fold} and in others", received, "Name another fold")
    # Hashed anew, or the keys of the folds by hash would all lie on one side.
    others = dict(zip(rest, by_hash([f"valid/{key}" for key in rest], valid, 0), strict=True))
    return [others.get(key, "test") for key in keys]


def _point(key: str) -> float:
    return rendezvous(key) / 2**64
