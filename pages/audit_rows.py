"""The audit page's rows: each policy with its verdict at every severity, its drift, and copies to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from manifests.core.text import figure, signed
from manifests.tables.audit import AuditReport, Step
from pages.audit_faces import Drifted, Place


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
        drifted: a severity as text, and the copies that drift most at it; None where nothing was judged.
        link: its copies in the gallery; empty where there are none.
    """

    name: str
    used: str
    safe: str
    steps: list[Judged]
    faces: list[list[Place]]
    drifted: tuple[str, list[Drifted]] | None
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
    drifted: Mapping[str, tuple[str, list[Drifted]]],
    links: Mapping[str, int],
) -> list[PolicyRow]:
    """One row per policy: those that the plan uses first, and of each kind what is over before what is not.

    Args:
        report: the audit.
        verdicts: (policy, severity) -> in words.
        used: policy -> severity, of those that the plan uses.
        faces: policy -> the thumbnails of each photo.
        drifted: policy -> a severity, and the copies that drift most at it.
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
            drifted.get(name),
            f"../gallery_judged/index.html#/images?policy={links[name]}&copy=copies&sort=drift"
            if name in links
            else "",
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
