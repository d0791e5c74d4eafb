"""The audit page's rows: each policy with its verdict at every severity, its drift, and copies to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.shards import Shards
from manifests.core.text import figure, signed
from manifests.tables.audit import AuditReport, Step
from pages import sprites

PHOTOS = 2  # of each policy, in every severity
Place = tuple[str, int, int, str]  # sheet, x and y of a thumbnail in pixels as CSS positions it, what it is


@dataclass(frozen=True)
class Judged:
    """A policy at one severity.

    Attributes:
        severity: as text.
        word: `within`, `over`, `unclear`, or `none` where nothing can be said.
        verdict: in full, such as `over: age`.
        drift: what the judge sees change beyond a flip, in words.
    """

    severity: str
    word: str
    verdict: str
    drift: str


@dataclass(frozen=True)
class PolicyRow:
    """One policy.

    Attributes:
        name: the policy's.
        used: the severity at which the plan uses it, as text; empty where it does not.
        safe: the largest severity within all bounds, as text.
        steps: each severity.
        faces: photos beside their copies, from the weakest to the strongest.
        link: its copies in the gallery; empty where there are none.
    """

    name: str
    used: str
    safe: str
    steps: list[Judged]
    faces: list[list[Place]]
    link: str

    @property
    def over(self) -> bool:
        """Whether it is over a bound at the severity at which the plan uses it, or below."""
        return any(step.word == "over" and float(step.severity) <= float(self.used or 0) for step in self.steps)

    @property
    def word(self) -> str:
        """The verdict at the largest severity."""
        return self.steps[-1].word


def rows(
    report: AuditReport,
    verdicts: Mapping[tuple[str, float], str],
    used: Mapping[str, float],
    faces: Mapping[str, list[list[Place]]],
    links: Mapping[str, int],
) -> list[PolicyRow]:
    """One row per policy: those that the plan uses first, and of each kind what is over before what is not.

    Args:
        report: the audit.
        verdicts: (policy, severity) -> in words.
        used: policy -> severity, of those that the plan uses.
        faces: policy -> the thumbnails of each photo.
        links: policy -> its number in the gallery's filter, of those that have copies there.
    """
    steps: dict[str, list[Step]] = {}
    for step in report.steps:
        steps.setdefault(step.policy, []).append(step)
    made = [
        PolicyRow(
            name,
            f"{used[name]:g}" if name in used else "",
            "none" if report.safe[name] is None else f"{report.safe[name]:g}",
            [_judged(step, verdicts[step.policy, step.severity]) for step in own],
            faces.get(name, []),
            f"../gallery/index.html#/images?policy={links[name]}&copy=copies" if name in links else "",
        )
        for name, own in steps.items()
    ]
    order = ("over", "unclear", "none", "within")
    return sorted(made, key=lambda row: (not row.over, not row.used, order.index(row.word)))


def _judged(step: Step, verdict: str) -> Judged:
    kinds = [kind for kind in ("over", "unclear", "within") if verdict.startswith(kind)]
    told = []
    if step.age:
        told.append(
            f"age shift {signed(step.age.shift.beyond.value)}, distance {signed(step.age.distance.beyond.value)}"
        )
    told += [f"{axis} {signed(100 * each.changed.beyond.value, digits=0)}%" for axis, each in step.axes.items()]
    drift = ", ".join(told).replace("-", "\u2212")
    return Judged(f"{step.severity:g}", kinds[0] if kinds else "none", verdict, drift)


def words(report: AuditReport, made: Sequence[PolicyRow]) -> dict[str, Any]:
    """The page's sentences: what the audit found, and what the judge is worth."""
    count = {word: sum(row.word == word for row in made) for word in ("within", "over", "unclear")}
    used = [row for row in made if row.used]
    over = sorted(row.name for row in used if row.over)
    of = f"of the {len(used)} policies in use"
    if over:
        told = (
            f"{len(over)} {of} {'changes' if len(over) == 1 else 'change'} labels beyond the bounds: {', '.join(over)}."
        )
    else:
        told = f"None {of} is known to change labels beyond the bounds."
    return {
        "sentence": told,
        "counts": f"At full severity, of {len(made)} policies: {count['within']} within all bounds, "
        f"{count['over']} over one, {count['unclear']} unclear.",
        "judge": _worth(report),
    }


def _worth(report: AuditReport) -> list[str]:
    """What the judge's opinion is worth, a line for each label that it reads."""
    skill = report.skill
    told = []
    if skill.mae is not None and skill.mae_of_mean is not None:
        told.append(
            f"Age: it errs by {figure(skill.mae.value, digits=1)} years on photos that it has not seen; "
            f"saying the mean age for all would err by {figure(skill.mae_of_mean, digits=1)}."
        )
    told += [
        f"{axis.capitalize()}: it is right for {each.value.value:.0%}; always saying the most frequent value, "
        f"for {each.most_frequent:.0%}."
        for axis, each in skill.accuracy.items()
    ]
    return told


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
    places: dict[tuple[str, int], Place] = {}
    with Shards(probe) as opened:
        for start in range(0, len(listed), sprites.SHEET):
            part, name = listed[start : start + sprites.SHEET], f"faces-{start // sprites.SHEET:02d}.jpg"
            contents = [opened.read(row["shard"], row["offset"], row["size"]) for row in part]
            (folder / name).write_bytes(sprites.sheet(contents))
            for i, row in enumerate(part):
                said = f"severity {row['severity']:g}" if row["copy"] else "photo"
                place = (name, -sprites.THUMB * (i % sprites.ACROSS), -sprites.THUMB * (i // sprites.ACROSS), said)
                places[row["image_id"], row["copy"]] = place
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
