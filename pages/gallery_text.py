"""One output image in words: where it lies, and every parameter that was drawn for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from manifests.tables.tasks import task_id

# What policies draw and `augment.kernels.ops.apply` understands, each with a title and its value in words.
WORDS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "flip": ("mirror image", lambda on: "yes" if on else "no"),
    "angle": ("turned", lambda angle: f"{abs(angle):.4g}° {'counterclockwise' if angle >= 0 else 'clockwise'}"),
    "scale": ("size", lambda scale: f"{scale:.4g} times"),
    "shift": ("moved", lambda by: f"{_toward(by[0], 'right', 'left')}, {_toward(by[1], 'down', 'up')}"),
    "tilt": ("tilted", lambda by: f"{by[0]:.1%} across, {by[1]:.1%} down"),
    "gain": ("light", lambda by: f"red {by[0]:.4g}, green {by[1]:.4g}, blue {by[2]:.4g} times"),
    "gamma": ("gamma", lambda gamma: f"{gamma:.4g}"),
    "contrast": ("contrast", lambda contrast: f"{contrast:.4g} times"),
    "tone": ("tone of the donor", lambda share: f"{share:.1%}"),
    "grey": ("black and white", lambda on: "yes" if on else "no"),
    "noise": (
        "noise",
        lambda drawn: f"{drawn['photon']:.4g} levels at white, {drawn['read']:.4g} at black, its seed {drawn['seed']}",
    ),
    "blur": ("blur", lambda sigma: f"{sigma:.4g} pixels of a photo 224 wide"),
    "rescale": ("made smaller in between", lambda scale: f"to {scale:.1%} of its sides"),
    "compress": ("saved in between as JPEG", lambda quality: f"quality {quality}"),
    "shadow": (
        "shadow",
        lambda drawn: (
            f"{drawn['strength']:.1%} of the light, edge turned by {drawn['angle']:.4g}°, "
            f"{drawn['offset']:.1%} from the centre, {drawn['soft']:.1%} wide"
        ),
    ),
    "glasses": ("glasses", lambda drawn: _list(drawn)),
    "hand": ("hand", lambda drawn: _list(drawn)),
    "albumentations": ("albumentations", lambda drawn: ", ".join(_applied(drawn["replay"])) or "nothing"),
    "morph": ("mixed with the donor", lambda drawn: f"{drawn['amount']:.1%}"),
    "turn": (
        "head turned",
        lambda by: f"{_side(by['yaw'], 'right', 'left')}, {_side(by['pitch'], 'down', 'up')}",
    ),
    "relight": (
        "lamp",
        lambda by: f"{by['strength']:.1%} strong, at {by['angle']:.4g}°, {by['height']:.4g}° over the picture",
    ),
    "background": ("background", lambda drawn: _list(drawn) if drawn else "the donor's"),
}


def _side(angle: float, ahead: str, back: str) -> str:
    return f"{abs(angle):.4g}° {ahead if angle >= 0 else back}"


def _applied(replay: Mapping[str, Any]) -> list[str]:
    """The transforms that a pipeline applied, each with what it drew."""
    inner = [one for part in replay.get("transforms", ()) for one in _applied(part)]
    if "transforms" in replay or not replay.get("applied"):
        return inner
    drawn = {key: value for key, value in (replay.get("params") or {}).items() if key not in ("shape", "cols", "rows")}
    shown = {key: value for key, value in drawn.items() if not isinstance(value, dict)}
    return [f"{replay['__class_fullname__']} ({_list(shown)})"]


def facts(row: Mapping[str, Any]) -> dict[str, Any]:
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
        drawn += [("seed", str(row["seed"])), ("redrawn", _times(row["attempt"]))]
    return {"place": place, "drawn": drawn, "donor": task_id(row["donor"], 0) if row["donor"] else None}


def words(replay: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The drawn parameters as (title, value) pairs, in the order in which they were recorded.

    A parameter that WORDS does not know, from a policy of the user's own, is shown as it is.
    """
    return [_pair(name, value) for name, value in replay.items()]


def _pair(name: str, value: Any) -> tuple[str, str]:
    title, say = WORDS.get(name, (name.replace("_", " "), _list))
    try:
        return title, say(value)
    except (TypeError, ValueError, IndexError, KeyError):  # recorded by another version of the policy
        return title, _list(value)


def _list(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_list(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_list, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _toward(share: float, ahead: str, back: str) -> str:
    return f"{abs(share):.1%} {ahead if share >= 0 else back}"


def _times(number: int) -> str:
    return "never" if number == 0 else "once" if number == 1 else f"{number} times"
