"""Splits by hash, for a layout that has none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from manifests.core.seeds import rendezvous


def by_hash(keys: Sequence[str], valid: float, test: float) -> list[str]:
    """Choose a split for each photo by its key's place on the line from 0 to 1.

    Below `test` is test, then `valid`, the rest train: a key's split depends on no other key. The
    one exception keeps small sets usable: a wished split that no key falls in takes the outermost
    key of those splits that have several.

    Args:
        keys: a photo's subject, so that all of one are together, or else its image_id.
        valid: share of valid, in expectation.
        test: share of test, in expectation.
    Returns:
        `train`, `valid` or `test` a key, in order.
    """
    points = sorted((_point(key), key) for key in set(keys))
    chosen = {key: "test" if point < test else "valid" if point < test + valid else "train" for point, key in points}
    for split, share in (("train", 1.0), ("test", test), ("valid", valid)):
        sizes = Counter(chosen.values())
        spare = [key for _, key in points if sizes[chosen[key]] > 1]
        if share > 0 and not sizes[split] and spare:
            chosen[spare[-1] if split == "train" else spare[0]] = split
    return [chosen[key] for key in keys]


def _point(key: str) -> float:
    return rendezvous(key) / 2**64
