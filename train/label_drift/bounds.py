"""The verdict on each policy: what is over its bound, up to which severity it is safe, and where it is used above that.

A figure is over its bound only where the whole interval of what it has beyond a flip is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from manifests.core.cells import AGE, Cells
from manifests.sections.audit import Bounds
from manifests.sections.policies import Policies
from manifests.tables.audit import AgeDrift, AuditReport, Skill, Step

LEAST = 20  # photos; figures of fewer are shown, but give no verdict


def audit(
    judge: str, skill: Skill, steps: Sequence[Step], policies: Policies, cells: Cells, bounds: Bounds, params: str
) -> AuditReport:
    """Put the audit together; `params` is the parameter file, which the warnings name."""
    safest = safe(steps)
    named = {axis: bounds.of(axis) for axis in skill.accuracy}
    if skill.mae:
        named = {AGE: bounds.shift, "age by bin": bounds.bin_shift, "distance": bounds.distance, **named}
    return AuditReport(
        judge=judge,
        photos=max(step.n for step in steps),
        skill=skill,
        bounds=named,
        steps=list(steps),
        safe=safest,
        warnings=warnings(policies, cells, steps, safest, params),
    )


def over(step: Step, bounds: Bounds) -> list[str]:
    """Name what is over its bound, by the end of the interval that is nearer to it."""
    found = []
    if step.age and _beyond(step.age, bounds.shift, bounds.distance):
        found.append(AGE)
    found += [f"{AGE} {value}" for value, drift in step.bins.items() if _beyond(drift, bounds.bin_shift, float("inf"))]
    for axis, value in step.axes.items():
        if value.n >= LEAST and value.changed.beyond.low > bounds.of(axis):
            found.append(axis)
    return found


def safe(steps: Sequence[Step]) -> dict[str, float | None]:
    """Policy -> the severity up to which every step of it is within the bounds; None where the first is not."""
    found: dict[str, float | None] = {}
    stopped = set()
    for step in sorted(steps, key=lambda step: step.severity):
        found.setdefault(step.policy, None)
        if step.over:
            stopped.add(step.policy)
        if step.policy not in stopped:
            found[step.policy] = step.severity
    return {policy: found[policy] for policy in dict.fromkeys(step.policy for step in steps)}


def _beyond(drift: AgeDrift, shift: float, distance: float) -> bool:
    beyond = drift.shift.beyond
    return drift.n >= LEAST and (beyond.low > shift or beyond.high < -shift or drift.distance.beyond.low > distance)


def warnings(
    policies: Policies, cells: Cells, steps: Sequence[Step], safe: Mapping[str, float | None], params: str
) -> list[str]:
    """One line for each policy that is used above its largest safe severity.

    A severity between two that were probed counts as the higher one.

    Args:
        policies: the section.
        cells: the axes.
        steps: of `train.label_drift.drift.steps`.
        safe: of `safe`.
        params: the parameter file, which the lines name.
    """
    found = []
    for policy, use in policies.root.items():
        if policy not in safe:
            continue
        labels = (dict(zip(cells.names, cells.labels(cell), strict=True)) for cell in range(len(cells)))
        used = [severity for weight, severity in map(use.at, labels) if weight > 0]
        limit = safe[policy]
        if used and (limit is None or _probed(policy, max(used), steps) > limit):
            above = [step for step in steps if step.policy == policy and step.severity > (limit or 0)]
            over = dict.fromkeys(one for step in above for one in step.over)
            rule = "no probed severity is" if limit is None else f"{limit:g} is the largest that is"
            found.append(f"{params}: policies.{policy}: severity {max(used):g}, but {rule} safe ({_listed(over)})")
    return found


def _probed(policy: str, severity: float, steps: Sequence[Step]) -> float:
    """The next severity of a policy that was probed, or its largest; a policy without severities was probed at 1."""
    severities = sorted(step.severity for step in steps if step.policy == policy)
    return next((one for one in severities if one >= severity), severities[-1])


def _listed(words: Iterable[str]) -> str:
    return "over: " + ", ".join(words)
