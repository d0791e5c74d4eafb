"""What the quarantine page shows: the reasons, the most frequent first, with values and thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from manifests.core import codec
from manifests.core.places import is_remote
from manifests.core.plain import NotReadable, read_plain
from manifests.scanning.photos import CheckedPhoto, SizeLimits, check
from manifests.tables.quarantine import REASONS
from pages import sprites

MOST = 60  # photos listed of each reason
NEAR = "near_duplicate"

WORDS = {
    "malformed_name": "The file's name does not follow the layout",
    "malformed_row": "The label row lacks a field, or has one that can't be read",
    "outside_root": "The path leaves the folder of the photos",
    "missing_file": "A label row without its photo",
    "not_a_file": "No ordinary file",
    "unreadable": "The file can't be read",
    "empty_file": "The file is empty",
    "too_large": "The file has too many bytes",
    "too_many_pixels": "The photo has too many pixels",
    "unknown_format": "No format that is known",
    "undecodable": "The pixels can't be decoded",
    "missing_label": "A label is missing",
    "unknown_label": "A label that params.yaml does not list",
    "age_out_of_range": "The age is out of range",
    "age_range_straddles": "A range of ages that spans two bins",
    "age_range_backwards": "A range of ages that ends before it begins",
    "unknown_split": "A split that is not known",
    "excluded": "Left out by you, in manifests/exclude.csv",
    "no_label_row": "A photo that no label row names",
    "duplicate_row": "The same path labelled twice",
    "duplicate_in_split": "The same bytes earlier in the same split",
    "duplicate_across_splits": "The same bytes in valid or test",
    NEAR: "Nearly the same photo in valid or test",
}


@dataclass(frozen=True)
class Reason:
    """Why photos were left out.

    Attributes:
        words: the reason.
        count: how many.
        rows: the first of them: path, and the value that was received.
    """

    words: str
    count: int
    rows: list[tuple[str, str]]


def reasons(left: pa.Table, usable: pa.Table) -> list[Reason]:
    """The reasons that occur, the most frequent first; near duplicates come from the source table."""
    listed: dict[str, list[tuple[str, str]]] = {}
    names = left["reason"].cast(pa.string()).to_pylist()
    for path, reason, detail in zip(left["path"].to_pylist(), names, left["detail"].to_pylist(), strict=True):
        listed.setdefault(reason, []).append((path, detail or ""))
    near = usable.filter(pc.is_valid(usable["near_of"]))
    paths = dict(zip(usable["image_id"].to_pylist(), usable["path"].to_pylist(), strict=True))
    for path, other in zip(near["path"].to_pylist(), near["near_of"].to_pylist(), strict=True):
        listed.setdefault(NEAR, []).append((path, f"like {paths.get(other, other)}"))
    order = (*REASONS, NEAR)
    found = sorted(listed.items(), key=lambda each: (-len(each[1]), order.index(each[0])))
    return [Reason(WORDS[name], len(rows), sorted(rows)[:MOST]) for name, rows in found]


def sentence(left: pa.Table, usable: pa.Table) -> str:
    """How much was left out."""
    near = int(pc.sum(pc.is_valid(usable["near_of"])).as_py() or 0)
    out, used = left.num_rows + near, usable.num_rows
    if not out:
        return f"Nothing was left out: all {used:,} photos can be used."
    share = out / max(left.num_rows + used, 1)
    return f"{out:,} of {left.num_rows + used:,} photos and label rows were left out ({share:.1%})."


def sheets(folder: Path, root: Path, found: Sequence[Reason], limits: SizeLimits) -> dict[str, tuple[str, int, int]]:
    """Write thumbnails of the photos that can be read; path -> sheet, and x and y of its thumbnail in pixels.

    What the scan would not read, such as a path outside the root or a photo that is too large, is not read here either.
    """
    places: dict[str, tuple[str, int, int]] = {}
    contents: list[bytes] = []
    paths = sorted({path for reason in found for path, _ in reason.rows})
    for path in paths:
        content = _readable(root, path, limits)
        if content is None:
            continue
        number, inside = divmod(len(contents), sprites.SHEET)
        x, y = -sprites.THUMB * (inside % sprites.ACROSS), -sprites.THUMB * (inside // sprites.ACROSS)
        places[path] = (f"faces-{number:02d}.jpg", x, y)
        contents.append(content)
    for number in range(-(-len(contents) // sprites.SHEET)):
        part = contents[number * sprites.SHEET : (number + 1) * sprites.SHEET]
        (folder / f"faces-{number:02d}.jpg").write_bytes(sprites.sheet(part))
    return places


def _readable(root: Path, path: str, limits: SizeLimits) -> bytes | None:
    """A small JPEG of the photo, where the scan can read it."""
    if not path or not isinstance(check(root if is_remote(root) else root.resolve(), path, limits), CheckedPhoto):
        return None
    try:
        image = codec.decode(read_plain(root / path, limits.max_bytes))
    except (NotReadable, OSError, codec.Undecodable):
        return None
    return codec.encode(sprites.thumbnail(image), 95)
