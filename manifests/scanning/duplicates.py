"""Exact duplicates: photos with the same bytes, within and across splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from manifests.sources.rows import Quarantined

# Which split keeps a photo that several have. Taking it from train keeps the scored splits as
# published; between valid and test, valid loses it, since test is what is reported.
PRECEDENCE = ("test", "valid", "train")


@dataclass(frozen=True)
class Labelled:
    """A photo as it is compared with others; `labels` is None where they are hidden."""

    path: str
    split: str
    image_id: str
    labels: object


def find(photos: Sequence[Labelled]) -> dict[int, Quarantined]:
    """Find the photos to leave out, so that each image_id is left once.

    Of equal photos the one in the first split of PRECEDENCE stays; of several in that split, the
    first by path.

    Returns:
        position -> why it is left out.
    """
    kept: dict[str, Labelled] = {}
    order = sorted(range(len(photos)), key=lambda i: (PRECEDENCE.index(photos[i].split), photos[i].path))
    left_out = {}
    for i in order:
        photo = photos[i]
        first = kept.setdefault(photo.image_id, photo)
        if first is not photo:
            reason = "duplicate_in_split" if first.split == photo.split else "duplicate_across_splits"
            known = first.labels is not None and photo.labels is not None
            differ = "; its labels differ" if known and first.labels != photo.labels else ""
            left_out[i] = Quarantined(photo.path, reason, f"same bytes as {first.path}{differ}")
    return left_out
