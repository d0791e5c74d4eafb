"""The gallery's images: thumbnails in sprite sheets, and photos in full as parts of the page.

A folder of 10,000 image files is slow to copy and to open. A sheet is one JPEG of many thumbnails; a
part is one script that holds the full images of neighbouring rows, and what is known of each, as the
page may read no other file. Both are made by workers, each from its own rows: the bytes do not depend
on how many there are.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from manifests.core import codec, command, pool
from manifests.core.shards import Shards
from pages import gallery_alike, gallery_text, shell, sprites
from pages.gallery_alike import Alike

PART = 2_000_000  # bytes of images a part: what a disk reads in an instant
PARTS = 350  # most parts, so that a folder of a few thousand large photos stays below 500 files

Meshes = Mapping[str, list[list[int]]]  # image_id -> points (x, y) in thousandths of the sides
Mixes = Mapping[str, list[tuple[float, bytes]]]  # task_id -> (amount of the donor, the image)
Back = Callable[[Mapping[str, Any], int, int], list[float] | None]
"""From what was drawn for a copy, its width and its height to the map that leads back to its photo."""

_NONE = np.zeros((0, len(gallery_alike.features(np.zeros((8, 8, 3), np.uint8)))), np.uint8)  # features of no photo
SHOWN_AS_THEY_ARE = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "BMP": "image/bmp"}


@dataclass(frozen=True)
class Block:
    """Neighbouring rows that become one file, and the file's number."""

    number: int
    rows: pa.Table


def sheets(rows: pa.Table) -> list[Block]:
    """Cut the rows into sheets of `sprites.SHEET` thumbnails."""
    return [
        Block(i, rows.slice(start, sprites.SHEET)) for i, start in enumerate(range(0, rows.num_rows, sprites.SHEET))
    ]


def parts(rows: pa.Table) -> list[Block]:
    """Cut the rows into parts of about PART bytes of images, at most PARTS of them where photos are large.

    Args:
        rows: the index, with `size` in bytes.
    """
    if not rows.num_rows:
        return []
    sizes = rows["size"].to_numpy()
    ends = np.cumsum(sizes)
    goal = max(PART, int(ends[-1]) // PARTS + 1)
    starts = np.flatnonzero(np.diff((ends - sizes) // goal, prepend=-1))
    stops = [*starts[1:], rows.num_rows]
    return [Block(i, rows.slice(a, b - a)) for i, (a, b) in enumerate(zip(starts, stops, strict=True))]


def write_sheets(folder: Path, shards: Path, rows: pa.Table) -> Alike:
    """Write the thumbnails with `command.jobs()` workers.

    Args:
        folder: the page's folder.
        shards: where the tars lie.
        rows: the index in the order of the page.
    Returns:
        which photos look alike, numbered by their rows: a photo's copies are not looked at.
    Raises:
        UserError: a shard is missing or too short.
    """
    (folder / "sheets").mkdir()
    made: dict[int, np.ndarray] = {}
    blocks = sheets(rows)
    for number, found in _each(folder, shards, [(_sheet, block) for block in blocks]):
        made[number] = found
    photos = np.flatnonzero(rows["copy"].to_numpy() == 0)
    alike = gallery_alike.find(np.concatenate([made[block.number] for block in blocks] or [_NONE]), command.jobs())
    rows_of = np.append(photos, -1)  # -1, no neighbour, stays -1
    return replace(alike, neighbours=rows_of[alike.neighbours])


def write_parts(
    folder: Path,
    shards: Path,
    rows: pa.Table,
    alike: Alike,
    meshes: Meshes | None = None,
    back: Back | None = None,
    mixes: Mixes | None = None,
) -> list[Block]:
    """Write the photos in full, and what is known of each, with `command.jobs()` workers.

    Args:
        folder, shards, rows: as for `write_sheets`.
        alike: what that returns.
        meshes: image_id -> the points of its face, for photos in which one was found.
        back: how a copy is laid on its photo; None: as it is.
        mixes: some copies at other amounts of the donor.
    Returns:
        the parts, for the page to know which rows each holds.
    """
    (folder / "parts").mkdir()
    made = parts(rows)
    known = meshes or {}
    originals = rows["copy"].to_numpy() == 0
    before = np.append(0, np.cumsum(originals))
    calls = []
    start = 0
    for block in made:
        own = slice(before[start], before[start + block.rows.num_rows])
        calls.append((_part, block, _of(block, known), alike.neighbours[own], alike.likeness[own], back, mixes or {}))
        start += block.rows.num_rows
    for _ in _each(folder, shards, calls):
        pass
    return made


def _each(folder: Path, shards: Path, calls: list[tuple[Any, ...]]) -> Iterator[Any]:
    folder, shards = folder.absolute(), shards.absolute()
    whole = [(call, folder, shards, *arguments) for call, *arguments in calls]
    with (
        command.progress(len(calls), "gallery", "file") as bar,
        closing(pool.each(command.jobs(), _call, whole, "gallery", (folder, shards))) as done,
    ):
        for one in done:
            yield one
            bar.update()


def contents(shards: Path, rows: pa.Table) -> Sequence[bytes]:
    """The bytes of each row's image."""
    with Shards(shards) as opened:
        places = zip(rows["shard"].to_pylist(), rows["offset"].to_pylist(), rows["size"].to_pylist(), strict=True)
        return [opened.read(*place) for place in places]


def _of(block: Block, meshes: Meshes) -> Meshes:
    return {image: meshes[image] for image in set(block.rows["image_id"].to_pylist()) if image in meshes}


def _call(write: Callable[..., Any], *arguments: Any) -> Any:
    return write(*arguments)


def _sheet(folder: Path, shards: Path, block: Block) -> tuple[int, np.ndarray]:
    """Write one sheet; its number, and the features of its photos."""
    images = [sprites.decoded(content) for content in contents(shards, block.rows)]
    (folder / "sheets" / f"{block.number:05d}.jpg").write_bytes(sprites.laid(images))
    copies = block.rows["copy"].to_pylist()
    found = [gallery_alike.features(image) for image, copy in zip(images, copies, strict=True) if not copy]
    return block.number, np.stack(found) if found else _NONE


def _part(
    folder: Path,
    shards: Path,
    block: Block,
    meshes: Meshes,
    neighbours: np.ndarray,
    likeness: np.ndarray,
    back: Back | None,
    mixes: Mixes,
) -> None:
    facts = []
    alike = iter(zip(neighbours.tolist(), likeness.tolist(), strict=True))
    for row, content in zip(block.rows.to_pylist(), contents(shards, block.rows), strict=True):
        fact = gallery_text.facts(row) | {"image": address(content)}
        if not row["copy"]:
            fact["mesh"] = meshes.get(row["image_id"])
            fact["alike"] = [pair for pair in zip(*next(alike), strict=True) if pair[0] >= 0]
        elif back:
            head = codec.header(content)
            fact["back"] = back(json.loads(row["replay"]), head.width, head.height)
        if row["task_id"] in mixes:
            fact["mixes"] = [(amount, address(image)) for amount, image in mixes[row["task_id"]]]
        facts.append(fact)
    name = f"parts/{block.number:05d}"
    (folder / f"{name}.js").write_text(shell.script(name, facts), encoding="utf-8")


def address(content: bytes) -> str:
    """An image as a `data:` address: its own bytes where browsers show the format, else as PNG."""
    kind = codec.header(content).format
    if kind not in SHOWN_AS_THEY_ARE:
        with io.BytesIO() as file:
            Image.fromarray(codec.decode(content)).save(file, "PNG")
            content, kind = file.getvalue(), "PNG"
    return f"data:{SHOWN_AS_THEY_ARE[kind]};base64,{base64.b64encode(content).decode()}"
