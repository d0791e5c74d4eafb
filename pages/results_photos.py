"""The results page's pictures: worst and ordinary photos as one grid, and the runs' saliency maps."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.shards import Shards
from manifests.core.text import figure
from manifests.tables.scorecard import EVERYONE, Scorecard, ShownPhoto
from manifests.tables.tasks import task_id
from pages import sprites


def write(folder: Path, shards: Path, index: pa.Table, cards: Mapping[str, Scorecard]) -> dict[str, Any]:
    """Write the sheets of thumbnails, and say which photos the page shows for each run and group.

    Args:
        folder: the page's folder.
        shards: where the tars lie.
        index: the table of the shards.
        cards: run -> its scorecard.
    Returns:
        what `worst.js` draws: `sheet`, how sheets are laid out; `photos`, each photo once, with its place on the
        sheets (-1: not in the shards) and its link; `shown`, run -> group -> kind -> (photo, error, labels).
    """
    scores = {run: card.splits[card.split] for run, card in cards.items() if card.split in card.splits}
    kinds = {run: {"worst": each.worst, "ordinary": each.ordinary} for run, each in scores.items()}
    photos = {
        photo.image_id: photo
        for of in kinds.values()
        for axes in of.values()
        for groups in axes.values()
        for found in groups.values()
        for photo in found
    }
    ids = sorted(photos)
    places, number = _sheets(folder, shards, index, ids), {image: i for i, image in enumerate(ids)}
    return {
        "sheet": {"across": sprites.ACROSS, "images": sprites.SHEET, "size": sprites.THUMB},
        "photos": [
            {
                "path": photos[i].path,
                "place": places.get(i, -1),
                "link": f"../gallery/index.html#/image/{task_id(i, 0)}",
            }
            for i in ids
        ],
        "shown": {run: _by_group(of, number) for run, of in kinds.items()},
    }


def options(shown: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The groups that can be chosen, everyone first."""
    return list(dict.fromkeys(group for groups in shown.values() for group in groups))


def _by_group(
    kinds: Mapping[str, Mapping[str, Mapping[str, Sequence[ShownPhoto]]]], number: Mapping[str, int]
) -> dict[str, dict[str, list[tuple[int, str, str]]]]:
    """Group -> kind -> its photos."""
    made: dict[str, dict[str, list[tuple[int, str, str]]]] = {}
    for kind, axes in kinds.items():
        for axis, groups in axes.items():
            for group, photos in groups.items():
                name = "all photos" if axis == EVERYONE else f"{axis}: {group}"
                made.setdefault(name, {})[kind] = _listed(photos, number)
    return made


def _listed(photos: Iterable[ShownPhoto], number: Mapping[str, int]) -> list[tuple[int, str, str]]:
    return [(number[p.image_id], p.said, f"{_label(p.label)}, said {_label(p.pred)}") for p in photos]


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


def _label(value: float | str) -> str:
    return value if isinstance(value, str) else figure(value, digits=0)


def pictures(folder: Path, saliency: Path, names: Sequence[str]) -> list[tuple[str, str]]:
    """Copy each run's saliency picture into the page's folder: (run, file) of those that have one."""
    found = []
    for number, name in enumerate(names):
        source = saliency / f"{name}.png"
        if source.is_file():
            file = f"saliency-{number:02d}.png"
            shutil.copyfile(source, folder / file)
            found.append((name, file))
    return found
