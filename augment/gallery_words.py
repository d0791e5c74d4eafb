"""One output image in words: where it lies, where it comes from, and every parameter that was drawn."""

from __future__ import annotations

import json
from typing import Any

from manifests.tables.tasks import task_id

UNITS = {"angle": "degrees", "seed": "", "quality": "of 100"}


def facts(row: dict[str, Any]) -> dict[str, Any]:
    """What the page shows of one row of the index, beside the labels.

    Args:
        row: a row of the index.
    Returns:
        `place`, (name, value) pairs of words; `drawn`, likewise; `donor`, a task_id or null. A seed
        is a word: JavaScript's numbers keep 53 of its 64 bits.
    """
    place = [
        ("file", row["path"]),
        ("shard", row["shard"]),
        ("offset", f"{row['offset']:,} bytes"),
        ("size", f"{row['size']:,} bytes"),
        ("SHA-256", row["sha256"]),
    ]
    drawn = words(json.loads(row["replay"]))
    if row["copy"]:
        drawn += [("seed", str(row["seed"])), ("redrawn", f"{row['attempt']} times" if row["attempt"] else "never")]
    return {
        "place": place,
        "drawn": drawn,
        "donor": task_id(row["donor"], 0) if row["donor"] else None,
    }


def words(replay: Any, name: str = "") -> list[tuple[str, str]]:
    """The drawn parameters as (name, value) pairs, in the order in which they were drawn."""
    if isinstance(replay, dict):
        return [pair for key, value in replay.items() for pair in words(value, f"{name} {_plain(key)}".strip())]
    if isinstance(replay, list) and any(isinstance(value, dict | list) for value in replay):
        return [pair for i, value in enumerate(replay, start=1) for pair in words(value, f"{name} {i}".strip())]
    if isinstance(replay, list):
        return [(name, ", ".join(map(_value, replay)))]
    unit = UNITS.get(name.rpartition(" ")[2], "")
    return [(name, f"{_value(replay)} {unit}".strip())]


def _plain(key: str) -> str:
    return key.replace("_", " ")


def _value(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
