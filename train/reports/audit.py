"""The audit as Markdown, as CSV and for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from manifests.core import text
from manifests.core.text import escaped, figure
from manifests.tables.audit import AgeDrift, AuditReport, Drift, Likeness, Step
from manifests.tables.parts import Estimate
from train.label_drift.bounds import LEAST

READ = (
    "Each figure is the mean change from the original to the copy less that of a plain flip, in brackets its 95%",
    "interval over photos: years of the perceived age (shift signed, distance absolute) and, for each other",
    "axis, the percentage of photos whose perceived value changes. A figure is over its bound, or within it, only",
    "where the whole interval is; else it is unclear. docs/audit.md says how to read it and what it can't tell.",
)

SPACE = (
    "Mean distances in a space that nobody was trained in (histograms of gradients): from an image to the nearest",
    "photo of its cell and of other cells, its parents left out, and between two images of a row. The originals' own",
    "are the measure: copies much farther from photos than these look unreal, copies much closer together lack",
    "variety. Distinct is the number of different nearest photos by images.",
)


def markdown(audit: AuditReport) -> str:
    """All of it, the warnings first."""
    axes = list(audit.skill.accuracy)
    parts = ["# Label safety", "", f"Judge: {escaped(audit.judge)}. {audit.photos} train photos.", "", *READ, ""]
    if audit.warnings:
        parts += ["## Warnings", "", *(f"- {escaped(line)}" for line in audit.warnings), ""]
    parts += [
        "## Largest safe severity",
        "",
        *text.markdown(("policy", "severity", "what is over or unclear above it"), _safe(audit)),
        "",
    ]
    parts += ["## Beyond a flip", ""]
    changed = [f"{axis}, %" for axis in axes]
    ages = ["age shift", "age distance"] if _aged(audit) else []
    head = ("policy", "severity", "photos", *_led(audit, ages, changed), "verdict")
    parts += [*text.markdown(head, (_beyond(audit, step, axes) for step in audit.steps)), ""]
    parts += ["A flip itself:", "", *text.markdown(("figure", "change"), _flip(audit)), ""]
    bins = list(audit.steps[0].bins)
    if bins:
        parts += ["## Age shift by age bin, beyond a flip", ""]
        counts = [f"{name} ({drift.n})" for name, drift in audit.steps[0].bins.items()]
        parts += [*text.markdown(("policy", "severity", *counts), (_bins(step, bins) for step in audit.steps)), ""]
    if axes:
        parts += ["## Change of the label's probability, beyond a flip, in points", ""]
        parts += [*text.markdown(("policy", "severity", *axes), (_labels(step, axes) for step in audit.steps)), ""]
    if audit.likeness:
        head = ("policy", "severity", "images", "to its cell", "to other cells", "distinct", "apart")
        parts += ["## Realism and variety", "", *SPACE, "", *text.markdown(head, map(_likeness, audit.likeness)), ""]
    skill = text.markdown(("figure", "value", "beside"), _skill(audit))
    bounds = text.markdown(("figure", "bound"), ((name, f"{bound:g}") for name, bound in audit.bounds.items()))
    parts += ["## What the judge's opinion is worth", "", *skill, "", "## Bounds", "", *bounds, ""]
    return "\n".join(parts)


def csv_text(audit: AuditReport) -> str:
    """One row per figure: policy, severity, figure, group, n, the value and what is beyond a flip, with intervals."""
    head = ["policy", "severity", "figure", "group", "n"]
    head += [f"{kind}{end}" for kind in ("value", "beyond") for end in ("", "_low", "_high")]
    return text.csv_table([*head, "over", "unclear"], (row for step in audit.steps for row in _rows(step)))


def terminal(audit: AuditReport) -> str:
    """One line per policy, at its largest severity, then the warnings and the judge's skill."""
    axes = list(audit.skill.accuracy)
    last = {step.policy: step for step in audit.steps}
    ages = ["age shift", "distance"] if _aged(audit) else []
    names = _led(audit, ages, [f"{axis} %" for axis in axes])
    rows = [["policy", "safe up to", "severity", *names, "verdict"]]
    for name, step in last.items():
        figures = [step.age.shift, step.age.distance] if step.age else []
        numbers = [text.signed(drift.beyond.value) for drift in figures] or [""] * len(ages)
        changed = [step.axes[axis].changed.beyond.value if axis in step.axes else None for axis in axes]
        changes = ["" if share is None else text.signed(100 * share, digits=1) for share in changed]
        rows.append(
            [
                name,
                _severity(audit.safe[name]),
                f"{step.severity:g}",
                *_led(audit, numbers, changes),
                verdict(step, audit.skill.guesses),
            ]
        )
    skill = ", ".join(f"{name} {value}" for name, value, _ in _skill(audit))
    return "\n".join(
        [
            f"What {audit.judge} sees in copies of {audit.photos} photos, beyond what a flip changes.",
            "",
            *text.columns(rows, left=len(rows[0])),
            "",
            f"The judge itself, on photos that it has not seen: {skill}.",
            *(f"Warning: {line}." for line in audit.warnings),
        ]
    )


def _aged(audit: AuditReport) -> bool:
    """Whether any figure is of an age: a set without ages gets no columns for them."""
    return any(step.age for step in audit.steps)


def _led(audit: AuditReport, ages: list[str], axes: list[str]) -> list[str]:
    """The columns in order: the target's axis first, which is the first of them; then the age, then the others."""
    return [*axes[:1], *ages, *axes[1:]] if audit.target else [*ages, *axes]


def _safe(audit: AuditReport) -> Iterable[Sequence[str]]:
    for policy, severity in audit.safe.items():
        above = [step for step in audit.steps if step.policy == policy and step.severity > (severity or 0)]
        yield policy, _severity(severity), _found(above)


def _severity(severity: float | None) -> str:
    return "none" if severity is None else f"{severity:g}"


def _found(steps: Sequence[Step]) -> str:
    """Such as `over: age; unclear: gender`."""
    over = dict.fromkeys(one for step in steps for one in step.over)
    unclear = dict.fromkeys(one for step in steps for one in step.unclear if one not in over)
    named = {"over": over, "unclear": unclear}
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in named.items() if names)


def verdict(step: Step, guesses: Sequence[str]) -> str:
    """What is over or unclear; else `within`, or why there is no verdict."""
    if step.n < LEAST:
        return "too few photos"
    if not {*(["age"] if step.age else []), *step.axes} - set(guesses):
        return "the judge guesses"
    return _found([step]) or "within"


def _beyond(audit: AuditReport, step: Step, axes: Sequence[str]) -> list[str]:
    years = [_signed(d.beyond) for d in (step.age.shift, step.age.distance)] if step.age else []
    years = years or [""] * (2 * _aged(audit))
    changed = [_signed(step.axes[axis].changed.beyond, 100, 1) if axis in step.axes else "" for axis in axes]
    figures = _led(audit, years, changed)
    return [step.policy, f"{step.severity:g}", str(step.n), *figures, verdict(step, audit.skill.guesses)]


def _bins(step: Step, bins: Sequence[str]) -> list[str]:
    return [step.policy, f"{step.severity:g}", *(_signed(step.bins[one].shift.beyond) for one in bins)]


def _labels(step: Step, axes: Sequence[str]) -> list[str]:
    shares = [_signed(step.axes[axis].label.beyond, 100, 1) if axis in step.axes else "" for axis in axes]
    return [step.policy, f"{step.severity:g}", *shares]


def _flip(audit: AuditReport) -> Iterable[Sequence[str]]:
    step = next(step for step in audit.steps if step.policy == "flip")
    if step.age:
        yield "age shift, years", _signed(step.age.shift.value)
        yield "age distance, years", _signed(step.age.distance.value)
    for axis, drift in step.axes.items():
        yield f"{axis} changed, %", _signed(drift.changed.value, 100, 1)


def _likeness(each: Likeness) -> list[str]:
    numbers = ["" if value is None else f"{value:.3f}" for value in (each.own_cell, each.other_cells)]
    apart = "" if each.apart is None else f"{each.apart:.3f}"
    return [each.policy, f"{each.severity:g}", str(each.n), *numbers, f"{each.distinct:.2f}", apart]


def _skill(audit: AuditReport) -> Iterable[tuple[str, str, str]]:
    skill = audit.skill
    if skill.mae:
        beside = "" if skill.mae_of_mean is None else f"; predicting the mean gives {figure(skill.mae_of_mean)}"
        yield "MAE", f"{figure(skill.mae.value)} years", f"{skill.n} photos{beside}"
    for axis, accuracy in skill.accuracy.items():
        yield axis, f"{accuracy.value.value:.1%}", f"{accuracy.most_frequent:.1%} have the most frequent label"


def _signed(estimate: Estimate, scale: float = 1, digits: int = 2) -> str:
    return text.signed(scale * estimate.value, scale * estimate.low, scale * estimate.high, digits)


def _rows(step: Step) -> Iterable[list[object]]:
    ages: list[tuple[str, AgeDrift]] = [("all", step.age)] if step.age else []
    for group, drift in [*ages, *step.bins.items()]:
        name = "age" if group == "all" else f"age {group}"
        yield _row(step, "age_shift", group, drift.n, drift.shift, name)
        yield _row(step, "age_distance", group, drift.n, drift.distance, name)
    for axis, value in step.axes.items():
        yield _row(step, "changed", axis, value.n, value.changed, axis)
        yield _row(step, "label_probability", axis, value.n, value.label, axis)


def _row(step: Step, figure: str, group: str, n: int, drift: Drift, name: str) -> list[object]:
    numbers = [number for one in (drift.value, drift.beyond) for number in (one.value, one.low, one.high)]
    return [step.policy, step.severity, figure, group, n, *numbers, int(name in step.over), int(name in step.unclear)]
