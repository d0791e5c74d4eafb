"""The results page's pictures: the worst photos as thumbnails, and the runs' saliency maps."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.shards import Shards
from manifests.tables.scorecard import Photo, Scorecard
from pages import sprites

Axes = list[tuple[str, list[tuple[str, list[dict[str, Any]]]]]]


def write(folder: Path, shards: Path, index: pa.Table, cards: Mapping[str, Scorecard]) -> list[tuple[str, Axes]]:
    """Write the sheets of thumbnails and say which photos each run's groups show.

    Args:
        folder: the page's folder.
        shards: where the tars lie.
        index: the table of the shards.
        cards: run -> its scorecard.
    Returns:
        (run, (axis, (group, photos))); a photo that is not in the shards has no sheet.
    """
    worst = {run: card.splits[card.split].worst for run, card in cards.items() if card.split in card.splits}
    ids = sorted(
        {
            each.image_id
            for axes in worst.values()
            for groups in axes.values()
            for photos in groups.values()
            for each in photos
        }
    )
    places = _sheets(folder, shards, index, ids)
    return [
        (
            run,
            [
                (
                    axis,
                    [(group, [_shown(each, places) for each in photos]) for group, photos in groups.items() if photos],
                )
                for axis, groups in axes.items()
            ],
        )
        for run, axes in worst.items()
        if any(photos for groups in axes.values() for photos in groups.values())
    ]


def _sheets(folder: Path, shards: Path, index: pa.Table, ids: Sequence[str]) -> dict[str, int]:
    """Write the thumbnails of the originals among `ids`; image_id -> its place among them."""
    wanted = pc.and_(pc.equal(index["copy"], 0), pc.is_in(index["image_id"], pa.array(ids, pa.string())))
    rows = index.select(["image_id", "shard", "offset", "size"]).filter(wanted).sort_by("image_id").to_pylist()
    if rows:
        (folder / "sheets").mkdir()
    with Shards(shards) as opened:
        for start in range(0, len(rows), sprites.SHEET):
            part = [
                opened.read(row["shard"], row["offset"], row["size"]) for row in rows[start : start + sprites.SHEET]
            ]
            (folder / "sheets" / f"{start // sprites.SHEET:05d}.jpg").write_bytes(sprites.sheet(part))
    return {row["image_id"]: place for place, row in enumerate(rows)}


def _shown(photo: Photo, places: Mapping[str, int]) -> dict[str, Any]:
    place = places.get(photo.image_id)
    number, inside = divmod(place or 0, sprites.SHEET)
    return {
        "sheet": None if place is None else f"{number:05d}",
        "x": -sprites.THUMB * (inside % sprites.ACROSS),
        "y": -sprites.THUMB * (inside // sprites.ACROSS),
        "error": f"{abs(photo.age_pred - photo.age):.1f} years too {'old' if photo.age_pred > photo.age else 'young'}",
        "ages": f"{photo.age:.0f}, said {photo.age_pred:.0f}",
        "path": photo.path,
    }


def pictures(folder: Path, runs: Path, names: Sequence[str]) -> list[tuple[str, str]]:
    """Copy each run's saliency picture into the page's folder: (run, file) of those that have one."""
    found = []
    for number, name in enumerate(names):
        source = runs / name / "saliency.png"
        if source.is_file():
            file = f"saliency-{number:02d}.png"
            shutil.copyfile(source, folder / file)
            found.append((name, file))
    return found
