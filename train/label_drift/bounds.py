"""The verdict on each policy: what is over its bound, up to which severity it is safe, and where it is used above that.

Each figure has one of three verdicts, by the 95% interval of what it has beyond a flip: `over` where the whole interval
is beyond the bound, `within` where the whole interval is inside it, and `unclear` where it contains the bound.
"""

from __future__ import annotations

from collections.abc import Sequence

from manifests.core.cells import AGE, Cells
from manifests.sections.audit import Bounds
from manifests.sections.policies import Policies
from manifests.tables.audit import AuditReport, Skill, Step
from manifests.tables.parts import Estimate

LEAST = 20  # photos; figures of fewer are shown, but give no verdict


def audit(
    judge: str,
    skill: Skill,
    steps: Sequence[Step],
    policies: Policies,
    cells: Cells,
    bounds: Bounds,
    params: str,
    target: str | None = None,
) -> AuditReport:
    """Put the audit together; `params` is the parameter file, which the warnings name, `target` the predicted axis."""
    safest = safe(steps)
    named = {axis: bounds.of(axis) for axis in skill.accuracy}
    if skill.mae:
        named = {AGE: bounds.shift, "age by bin": bounds.bin_shift, "distance": bounds.distance, **named}
    return AuditReport(
        target=target,
        judge=judge,
        photos=max(step.n for step in steps),
        skill=skill,
        bounds=named,
        steps=list(steps),
        safe=safest,
        warnings=[*unjudged(skill), *warnings(policies, cells, steps, params)],
    )


def verdicts(step: Step, bounds: Bounds, guesses: Sequence[str] = ()) -> dict[str, str]:
    """Judge each figure of a step: `age`, an age bin or an axis -> `over`, `within` or `unclear`.

    A figure of fewer than `LEAST` photos, and one that the judge only guesses, has no verdict.
    """
    ages = {} if AGE in guesses else {f"{AGE} {value}": drift for value, drift in step.bins.items()}
    found = {}
    if step.age and AGE not in guesses and step.age.n >= LEAST:
        shift, distance = step.age.shift.beyond, step.age.distance.beyond
        found[AGE] = _worse(_two_sided(shift, bounds.shift), _verdict(distance, bounds.distance))
    found |= {name: _two_sided(of.shift.beyond, bounds.bin_shift) for name, of in ages.items() if of.n >= LEAST}
    for axis, value in step.axes.items():
        if axis not in guesses and value.n >= LEAST:
            found[axis] = _verdict(value.changed.beyond, bounds.of(axis))
    return found


def judged(step: Step, bounds: Bounds, guesses: Sequence[str] = ()) -> Step:
    """The step with what is over its bound, and what is unclear."""
    found = verdicts(step, bounds, guesses)
    named = {kind: [name for name, verdict in found.items() if verdict == kind] for kind in ("over", "unclear")}
    return step.model_copy(update=named)


def _verdict(beyond: Estimate, bound: float) -> str:
    return "over" if beyond.low > bound else "within" if beyond.high <= bound else "unclear"


def _two_sided(beyond: Estimate, bound: float) -> str:
    younger = Estimate(value=-beyond.value, low=-beyond.high, high=-beyond.low)
    return _worse(_verdict(beyond, bound), _verdict(younger, bound))


def _worse(first: str, second: str) -> str:
    return next(verdict for verdict in ("over", "unclear", "within") if verdict in (first, second))


def safe(steps: Sequence[Step], accepted: Sequence[str] = ()) -> dict[str, float | None]:
    """Policy -> the severity up to which every step of it is within the bounds; None where the first is not.

    `accepted` may hold `unclear`: then only what is over its bound counts.
    """
    found: dict[str, float | None] = {}
    stopped = set()
    for step in sorted(steps, key=lambda step: step.severity):
        found.setdefault(step.policy, None)
        if step.over or (step.unclear and "unclear" not in accepted):
            stopped.add(step.policy)
        if step.policy not in stopped:
            found[step.policy] = step.severity
    return {policy: found[policy] for policy in dict.fromkeys(step.policy for step in steps)}


def unjudged(skill: Skill) -> list[str]:
    """One line where the judge only guesses: nothing is known of the policies there."""
    if not skill.guesses:
        return []
    return [f"no verdict on {', '.join(skill.guesses)}: the judge is hardly better than guessing there"]


def warnings(policies: Policies, cells: Cells, steps: Sequence[Step], params: str) -> list[str]:
    """One line for each policy that is used at a severity that is over a bound, or above such a one.

    A severity between two that were probed counts as the higher one.

    Args:
        policies: the section.
        cells: the axes.
        steps: of `train.label_drift.drift.steps`.
        params: the parameter file, which the lines name.
    """
    found, allowed = [], safe(steps, accepted=("unclear",))
    for policy, use in policies.root.items():
        if policy not in allowed:
            continue
        labels = (dict(zip(cells.names, cells.labels(cell), strict=True)) for cell in range(len(cells)))
        used = [severity for weight, severity in map(use.at, labels) if weight > 0]
        limit = allowed[policy]
        if used and (limit is None or _probed(policy, max(used), steps) > limit):
            above = [step for step in steps if step.policy == policy and step.severity > (limit or 0)]
            over = dict.fromkeys(one for step in above for one in step.over)
            rule = "every probed severity is" if limit is None else f"those above {limit:g} are"
            found.append(f"{params}: policies.{policy}: severity {max(used):g}, but {rule} over ({', '.join(over)})")
    return found


def _probed(policy: str, severity: float, steps: Sequence[Step]) -> float:
    """The next severity of a policy that was probed, or its largest; a policy without severities was probed at 1."""
    severities = sorted(step.severity for step in steps if step.policy == policy)
    return next((one for one in severities if one >= severity), severities[-1])
