"""Some mixes of two photos at several amounts, for the gallery's slider, by the kernels that made the copies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from augment.kernels import ops
from augment.kernels.mesh import Face
from manifests.core import codec
from manifests.core.shards import Shards
from manifests.sections.policies import MIXED
from manifests.tables import landmarks

COPIES = 12  # those on the first screen; each costs as many renderings as there are amounts
AMOUNTS = (0.0, 0.3, 0.5, 0.7)
QUALITY = 90


def rendered(rows: pa.Table, table: pa.Table, shards: Path, faces: Path) -> dict[str, list[tuple[float, bytes]]]:
    """task_id -> (amount of the donor, JPEG) of some copies made by `morph`, spread over all of them.

    Args:
        rows: the index in the page's order.
        table: the whole index, in which each copy's photo and donor are.
        shards: where the tars lie.
        faces: the table of landmarks.
    """
    copies = rows.filter(pc.and_(pc.equal(rows["policy"].cast(pa.string()), MIXED), pc.greater(rows["copy"], 0)))
    step = max(1, len(copies) // COPIES)
    chosen = copies.take(pa.array(np.arange(0, len(copies), step)[:COPIES])).to_pylist()
    ids = pa.array({row[name] for row in chosen for name in ("image_id", "donor")}, pa.string())
    if not chosen:
        return {}
    known = _faces(landmarks.read(faces)[0], ids)
    originals = table.filter(pc.and_(pc.equal(table["copy"], 0), pc.is_in(table["image_id"], ids))).to_pylist()
    with Shards(shards) as opened:
        content = {row["image_id"]: opened.read(row["shard"], row["offset"], row["size"]) for row in originals}
    there = content.keys() & known.keys()
    return {row["task_id"]: _mixes(row, content, known) for row in chosen if {row["image_id"], row["donor"]} <= there}


def _faces(table: pa.Table, ids: pa.Array) -> dict[str, Face]:
    found = table.filter(pc.and_(pc.is_in(table["image_id"], ids), pc.greater_equal(table["score"], landmarks.FACE)))
    names = found["image_id"].to_pylist()
    return {name: Face(points.astype(np.float32)) for name, points in zip(names, landmarks.points(found), strict=True)}


def _mixes(
    row: Mapping[str, Any], content: Mapping[str, bytes], faces: Mapping[str, Face]
) -> list[tuple[float, bytes]]:
    photo, donor = codec.decode(content[row["image_id"]], "RGBX"), codec.decode(content[row["donor"]], "RGBX", ops.LENT)
    face, other = (faces[row[name]] for name in ("image_id", "donor"))
    drawn = json.loads(row["replay"])
    return [
        (amount, ops.develop(photo, drawn | {MIXED: {"amount": amount}}, donor, QUALITY, face, other)[1])
        for amount in AMOUNTS
    ]
