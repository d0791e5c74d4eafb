"""The plan in words and rows, for its page: plan.json's keys are those of `balance.report.summary`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from manifests.core.errors import UserError

Summary = dict[str, Any]
_KEYS = {"status", "total", "available", "keep", "augment", "marginals", "binding", "shopping", "copies", "price"}


def read(path: Path) -> Summary:
    """Read a plan.json.

    Raises:
        UserError: no such file, no JSON, or not one that the plan stage wrote.
    """
    again = "Run `python -m balance.plan` first"
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(str(path), "a plan", "no such file", again) from error
    except ValueError as error:
        raise UserError(str(path), "a plan in JSON", " ".join(str(error).split()), again) from error
    missing = sorted(_KEYS - summary.keys()) if isinstance(summary, dict) else sorted(_KEYS)
    if missing:
        raise UserError(str(path), f"a plan with the key {missing[0]}", "none", again)
    return summary


def lead(plan: Summary) -> str:
    """The plan in two sentences."""
    kept = "every photo" if plan["keep"] == plan["available"] else f"{plan['keep']:,} of {plan['available']:,} photos"
    proof = "This is proven to be the best plan" if plan["status"] == "optimal" else "A better plan is not ruled out"
    return (
        f"{plan['total']:,} train images: {kept} kept and {plan['augment']:,} copies made. "
        f"{proof}; its deviation from the wish is {plan['objective']:,.6g} images, "
        f"and no plan has less than {plan['bound']:,.6g}."
    )


def figures(plan: Summary) -> list[tuple[str, str]]:
    """The headline: (name, number)."""
    cells = plan["cells"]
    most = max((entry["copies"] for entry in plan["copies"]), default=0)
    return [
        ("images", f"{plan['total']:,}"),
        ("photos kept", f"{plan['keep']:,}"),
        ("copies", f"{plan['augment']:,}"),
        ("most copies of one photo", f"{most}"),
        ("cells with photos", f"{cells['with_photos']} of {cells['all']}"),
    ]


def warnings(plan: Summary) -> list[str]:
    """What must not be passed over: levels without a proof, shares out of reach, policies rejected often."""
    found = [
        f"Level {level['name']} is not proven: its value is {level['objective']:,.6g}, its bound {level['bound']:,.6g}."
        for level in plan["levels"]
        if not level["proven"]
    ]
    if plan["shares_reached"] is False:
        found.append("No total reaches the shares within the hard wishes; this is the least that comes closest.")
    return found + [
        f"Copies made by the policy {name} are rejected often: {each['rejected']:,} so far. "
        "Lower its weight or its severity."
        for name, each in plan["rejected"].items()
        if each["often"]
    ]


def wishes(plan: Summary) -> list[tuple[str, ...]]:
    """Joint targets, floors and ceilings: wish, least, most or wanted, reached, why not."""
    joint: list[tuple[str, ...]] = [
        (f"joint {each['pattern']}", "", f"{each['wanted']:,}", f"{each['reached']:,}", each["reason"])
        for each in plan["joint"]
    ]
    limits = [
        (each["wish"], _number(each["least"]), _number(each["most"]), f"{each['reached']:,}", "")
        for each in plan["limits"]
        if each["wish"] != "plan.total"
    ]
    return joint + limits


def binding(plan: Summary) -> list[str]:
    """The hard wishes in the way as sentences, those that save as much in one."""
    groups: dict[tuple[str, float], list[str]] = {}
    for each in plan["binding"]:
        groups.setdefault((each["wish"], each["saves"]), []).append(each["cell"])
    return [
        f"{wish}: one image more or less saves {_images(saves)} of deviation{_in(names)}."
        for (wish, saves), names in groups.items()
    ]


def _in(names: list[str]) -> str:
    named = [name for name in names if name]
    return (
        ""
        if not named
        else f", in {named[0]}"
        if len(named) == 1
        else f", in each of {len(named)} cells: {'; '.join(named)}"
    )


def shopping(plan: Summary) -> list[str]:
    """Each purchase as a sentence."""
    return [
        f"{each['photos']:,} {'photo' if each['photos'] == 1 else 'photos'} of {each['cell']}: "
        f"{each['saves'] / each['photos']:,.3g} a photo, which leaves a deviation of {_images(each['left'])}."
        for each in plan["shopping"]
    ]


def rejected(plan: Summary) -> list[tuple[str, ...]]:
    """Policy, copies planned, copies rejected, and a word where it is often."""
    return [
        (name, f"{each['planned']:,}", f"{each['rejected']:,}", "rejected often" if each["often"] else "")
        for name, each in plan["rejected"].items()
    ]


def _images(number: float) -> str:
    return f"{number:,.4g} {'image' if number == 1 else 'images'}" if number < 1e4 else f"{number:,.0f} images"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
