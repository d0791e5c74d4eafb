"""The results page's pictures: the worst photos as thumbnails, and the runs' saliency maps."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.shards import Shards
from manifests.core.text import figure
from manifests.tables.scorecard import Scorecard, WorstPhoto
from pages import sprites


@dataclass(frozen=True)
class Thumbnail:
    """One photo of a group's worst, as the page shows it.

    Attributes:
        sheet: the sheet with its thumbnail; None where the photo is not in the shards.
        x, y: of the thumbnail within the sheet, in pixels, 0 or below as CSS positions a background.
        error: how far off the prediction is, in words.
        labels: the label and the prediction.
        path: of the photo.
    """

    sheet: str | None
    x: int
    y: int
    error: str
    labels: str
    path: str


Groups = list[tuple[str, list[Thumbnail]]]  # (group, its photos)
Axes = list[tuple[str, Groups]]  # (axis, its groups)


def write(folder: Path, shards: Path, index: pa.Table, cards: Mapping[str, Scorecard]) -> list[tuple[str, Axes]]:
    """Write the sheets of thumbnails and say which photos each run's groups show.

    Args:
        folder: the page's folder.
        shards: where the tars lie.
        index: the table of the shards.
        cards: run -> its scorecard.
    Returns:
        (run, its axes); a photo that is not in the shards has no sheet.
    """
    worst = {run: card.splits[card.split].worst for run, card in cards.items() if card.split in card.splits}
    groups = [photos for axes in worst.values() for groups in axes.values() for photos in groups.values()]
    places = _sheets(folder, shards, index, sorted({photo.image_id for photos in groups for photo in photos}))
    shown = [(run, [(axis, _groups(groups, places)) for axis, groups in axes.items()]) for run, axes in worst.items()]
    return [(run, axes) for run, axes in shown if any(groups for _, groups in axes)]


def _groups(groups: Mapping[str, Sequence[WorstPhoto]], places: Mapping[str, int]) -> Groups:
    return [(group, [_shown(each, places) for each in photos]) for group, photos in groups.items() if photos]


def _sheets(folder: Path, shards: Path, index: pa.Table, ids: Sequence[str]) -> dict[str, int]:
    """Write the thumbnails of the originals among `ids`; image_id -> its place among them."""
    wanted = pc.and_(pc.equal(index["copy"], 0), pc.is_in(index["image_id"], pa.array(ids, pa.string())))
    rows = index.select(["image_id", "shard", "offset", "size"]).filter(wanted).sort_by("image_id").to_pylist()
    if rows:
        (folder / "sheets").mkdir()
    with Shards(shards) as opened:
        for start in range(0, len(rows), sprites.SHEET):
            part = rows[start : start + sprites.SHEET]
            contents = [opened.read(row["shard"], row["offset"], row["size"]) for row in part]
            (folder / "sheets" / f"{start // sprites.SHEET:05d}.jpg").write_bytes(sprites.sheet(contents))
    return {row["image_id"]: place for place, row in enumerate(rows)}


def _shown(photo: WorstPhoto, places: Mapping[str, int]) -> Thumbnail:
    place = places.get(photo.image_id)
    number, inside = divmod(place or 0, sprites.SHEET)
    return Thumbnail(
        sheet=None if place is None else f"{number:05d}",
        x=-sprites.THUMB * (inside % sprites.ACROSS),
        y=-sprites.THUMB * (inside // sprites.ACROSS),
        error=photo.said,
        labels=f"{_label(photo.label)}, said {_label(photo.pred)}",
        path=photo.path,
    )


def _label(value: float | str) -> str:
    return value if isinstance(value, str) else figure(value, digits=0)


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
