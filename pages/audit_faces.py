"""The audit page's pictures: policies at every severity, the copies that drift most, and the labels in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import AGE
from manifests.core.shards import Shards
from manifests.tables import judged
from manifests.tables.tasks import task_id
from pages import sprites

PHOTOS = 2  # of each policy, in every severity
DRIFTED = 6  # copies of each policy
DOUBTED = 24  # photos
Place = tuple[str, int, int, str]  # sheet, x and y of a thumbnail in pixels as CSS positions it, what it is


@dataclass(frozen=True)
class Drifted:
    """A copy that a judge sees differently, beside its photo.

    Attributes:
        photo, copy: their thumbnails.
        said: how far it drifted, in words.
    """

    photo: Place
    copy: Place
    said: str


@dataclass(frozen=True)
class Doubted:
    """A photo whose label is far from what a judge sees that was not trained on it.

    Attributes:
        photo: its thumbnail.
        said: how far, in words.
        label: what it is labelled as.
        link: the photo in the gallery.
    """

    photo: Place
    said: str
    label: str
    link: str


def faces(folder: Path, probe: Path, rows: pa.Table) -> dict[str, list[list[Place]]]:
    """Write thumbnails of some probed photos in every policy and severity; policy -> its photos' thumbnails.

    Args:
        folder: the page's folder.
        probe: where the probe's tars lie.
        rows: the probe's index.
    """
    ids = sorted(pc.unique(rows["image_id"]).to_pylist())[:PHOTOS]
    shown = rows.filter(pc.is_in(rows["image_id"], pa.array(ids))).sort_by(
        [("image_id", "ascending"), ("copy", "ascending")]
    )
    listed = shown.to_pylist()
    places = _sheets(folder, probe, shown, "faces")
    found: dict[str, list[list[Place]]] = {}
    for policy in sorted({row["policy"] for row in listed if row["copy"]}):
        found[policy] = [
            [
                places[image, 0],
                *(places[image, row["copy"]] for row in listed if (row["image_id"], row["policy"]) == (image, policy)),
            ]
            for image in ids
            if (image, 0) in places
        ]
    return found


def drifted(
    folder: Path,
    probe: Path,
    rows: pa.Table,
    off: Mapping[tuple[str, int], float],
    label: str,
    used: Mapping[str, float],
) -> dict[str, tuple[str, list[Drifted]]]:
    """Write thumbnails of the copies that drift most: policy -> a severity as text, and its copies, the farthest first.

    Args:
        folder, probe, rows: as for `faces`.
        off: (image_id, copy) -> its drift.
        label: what was judged.
        used: policy -> the severity at which the plan uses it; others are shown at their largest one.
    """
    copies: dict[str, dict[float, list[dict[str, Any]]]] = {}
    for row in rows.to_pylist():
        if row["copy"] and (row["image_id"], row["copy"]) in off:
            copies.setdefault(row["policy"], {}).setdefault(round(row["severity"], 6), []).append(row)

    def far(row: dict[str, Any]) -> tuple[float, str]:
        return -abs(off[row["image_id"], row["copy"]]), row["image_id"]

    chosen = {}
    for policy, severities in sorted(copies.items()):
        severity = min((one for one in severities if one >= used.get(policy, 1)), default=max(severities))
        chosen[policy] = severity, sorted(severities[severity], key=far)[:DRIFTED]
    named = {(row["image_id"], at) for _, found in chosen.values() for row in found for at in (0, row["copy"])}
    places = _sheets(folder, probe, _named(rows, named), "drifted")
    return {
        policy: (f"{severity:g}", [_drifted(row, places, judged.said(off[_key(row)], label)) for row in found])
        for policy, (severity, found) in chosen.items()
    }


def doubted(
    folder: Path, shards: Path, rows: pa.Table, off: Mapping[tuple[str, int], float], label: str
) -> list[Doubted]:
    """Write thumbnails of the train photos that lie farthest from what a judge sees, the farthest first.

    Args:
        folder: the page's folder.
        shards: where the tars lie.
        rows: the index of the shards.
        off: (image_id, 0) -> its residual.
        label: what was judged.
    """
    far = sorted((key for key in off if key[1] == 0), key=lambda key: (-abs(off[key]), key))[:DOUBTED]
    shown = _named(rows, set(far))
    places, known = _sheets(folder, shards, shown, "doubted"), {_key(row): row for row in shown.to_pylist()}

    def labelled(row: dict[str, Any]) -> str:
        return f"label {row['age']:.0f}" if label == AGE else f"label {row[label]}"

    return [
        Doubted(
            places[key],
            judged.said(off[key], label),
            labelled(known[key]),
            f"../gallery_judged/index.html#/image/{task_id(*key)}",
        )
        for key in far
        if key in known
    ]


def _key(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["image_id"], row["copy"]


def _drifted(row: Mapping[str, Any], places: Mapping[tuple[str, int], Place], said: str) -> Drifted:
    return Drifted(places[row["image_id"], 0], places[_key(row)], said)


def _named(rows: pa.Table, wanted: set[tuple[str, int]]) -> pa.Table:
    """The rows of those images, in order of image_id and copy."""
    keys = zip(rows["image_id"].to_pylist(), rows["copy"].to_pylist(), strict=True)
    order = [("image_id", "ascending"), ("copy", "ascending")]
    return rows.filter(pa.array([key in wanted for key in keys], pa.bool_())).sort_by(order)


def _sheets(folder: Path, shards: Path, rows: pa.Table, name: str) -> dict[tuple[str, int], Place]:
    """Write sheets of the rows' thumbnails: (image_id, copy) -> its place."""
    listed = rows.to_pylist()
    places: dict[tuple[str, int], Place] = {}
    with Shards(shards) as opened:
        for start in range(0, len(listed), sprites.SHEET):
            part, file = listed[start : start + sprites.SHEET], f"{name}-{start // sprites.SHEET:02d}.jpg"
            contents = [opened.read(row["shard"], row["offset"], row["size"]) for row in part]
            (folder / file).write_bytes(sprites.sheet(contents))
            for i, row in enumerate(part):
                said = f"severity {row['severity']:g}" if row["copy"] else "photo"
                x, y = -sprites.THUMB * (i % sprites.ACROSS), -sprites.THUMB * (i // sprites.ACROSS)
                places[_key(row)] = file, x, y, said
    return places
