"""Who is shown, where the layout does not say: train photos that nearly equal one another show one subject.

That is one photo, cropped or compressed again, or two frames that hardly differ. Someone who is photographed again at
another moment is not found.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def shared(image_ids: Sequence[str], known: Sequence[str | None], pairs: Sequence[Sequence[int]]) -> dict[str, str]:
    """Name the subject of photos that nearly equal others.

    Args:
        image_ids: the photos.
        known: each one's subject as the layout says; None where it does not.
        pairs: positions of photos that nearly equal each other.
    Returns:
        image_id -> subject, of the photos in pairs that have none: the first that the layout names for a photo of the
        group, or else the image_id of its first photo.
    """
    group = joined(len(image_ids), pairs)
    named: dict[int, str] = {}
    for at, subject in zip(group.tolist(), known, strict=True):
        if subject is not None:
            named.setdefault(at, subject)
    lone = sorted({at for pair in pairs for at in pair if known[at] is None})
    return {image_ids[at]: named.get(int(group[at]), image_ids[group[at]]) for at in lone}


def joined(count: int, pairs: Sequence[Sequence[int]]) -> np.ndarray:
    """int64 (count,): the smallest member of each one's group, where pairs chain."""
    group = np.arange(count)
    for one, other in pairs:
        low, high = sorted((group[one], group[other]))
        group[group == high] = low
    return group
