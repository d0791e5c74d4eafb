"""A table's report in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from experiments import findings
from experiments.figures import ReportRow, ScoredRows
from experiments.grid import Point
from experiments.sets import ExperimentTable, TablePart
from manifests.core.text import difference, figure, interval, markdown
from manifests.sections.score import Score


def page(
    wanted: ExperimentTable, scored: ScoredRows, environment: str, score: Score, seed: int, stem: str = "report"
) -> str:
    """The whole report; `stem` is its file's name, which those of its pictures begin with."""
    first = next(iter(scored.rows.values()))
    lines = [
        f"# {wanted.title}",
        "",
        "Written by `python -m experiments.report`; do not edit.",
        "",
        wanted.about.strip(),
        "",
        f"- Scored on {scored.split}: {first.scores.n} photos. Errors and biases in",
        f"  {first.run.card.words.unit}, lower is better.",
        *_seeds(wanted.seeds, seed),
        f"- In brackets 95% intervals from {score.resamples} bootstrap replicates of the photos, the same for every",
        "  row, stratified by joint cell (docs/scores.md). Differences are paired; one in twenty pairs of equal rows",
        "  has p < .05, and this page has many.",
        f"- Made with {environment}.",
        "",
        f"## `{wanted.best}` against `{wanted.against}`",
        "",
        *_chosen(wanted, scored),
    ]
    if wanted.published:
        lines += ["## Beside the published rows", "", *_published(wanted, scored), ""]
    if wanted.findings:
        lines += ["## What the studies found", "", *_findings(wanted, scored), ""]
    for part in wanted.parts:
        lines += _part(part, wanted, scored)
        for name, points in wanted.sweeps(part).items():
            lines += _sweep(name, points, scored, stem)
    return "\n".join([*lines, "## The sets", "", *_sets(wanted), ""])


def _seeds(seeds: int, seed: int) -> list[str]:
    if seeds == 1:
        return [f"- Every row is one network, seed {seed}: how much another seed moves it is not shown."]
    return [
        f"- Every row is {seeds} networks, seeds {seed} to {seed + seeds - 1}; its prediction is their mean, and",
        "  `one network` gives the mean and the standard deviation of their own figures.",
    ]


def _chosen(wanted: ExperimentTable, scored: ScoredRows) -> list[str]:
    """The best row against the one without a plan, on every axis and in every group."""
    best, other = scored.rows[wanted.best], scored.rows[wanted.against]
    found = scored.difference(best.name, other.name)
    fall = 1 - best.scores.average_bias.value / max(other.scores.average_bias.value, 1e-9)
    head = ("", f"`{other.name}`", f"`{best.name}`", "difference")
    rows = [
        (
            best.run.card.words.error,
            interval(other.scores.overall),
            interval(best.scores.overall),
            difference(found.error),
        )
    ]
    for axis in scored.axes:
        pair = (other.scores.bias[axis], best.scores.bias[axis])
        rows.append((f"bias, {axis}", interval(pair[0]), interval(pair[1]), difference(found.bias[axis])))
    average = (interval(other.scores.average_bias), interval(best.scores.average_bias), difference(found.average_bias))
    rows.append(("average bias", *average))
    lines = [f"The average bias is {abs(100 * fall):.0f}% {'lower' if fall >= 0 else 'higher'}.", ""]
    lines += [*markdown(head, rows), ""]
    lines += [f"{best.run.card.words.error} by group; a * marks groups of few photos, whose intervals are wide.", ""]
    groups = []
    for axis, values in best.run.card.by_group[scored.split].items():
        for value, group in values.items():
            before = other.run.card.by_group[scored.split][axis][value]
            name = f"{axis}, {value}{' *' if group.marked else ''}"
            groups.append((name, str(group.n), interval(before), interval(group)))
    return [*lines, *markdown(("group", "photos", f"`{other.name}`", f"`{best.name}`"), groups), ""]


def _published(wanted: ExperimentTable, scored: ScoredRows) -> list[str]:
    about = (
        "Published rows are as printed, from the starting kit's ResNet50 and on splits that not all studies state: "
        "what can be compared is the direction between rows, not a figure with ours. Rates and strategies are the "
        "study's; docs/recipes.md has our reading of each row."
    )
    return [about, "", *findings.beside(list(scored.rows), scored)]


def _findings(wanted: ExperimentTable, scored: ScoredRows) -> list[str]:
    about = (
        "A row agrees or disagrees where the 95% interval of the difference leaves out 0. A study's own figures are "
        "one network each, without intervals."
    )
    sets = {name: list(one.runs) for name, one in wanted.sets.items()}
    return [about, "", *findings.checked(wanted.findings, sets, scored)]


def _part(part: TablePart, wanted: ExperimentTable, scored: ScoredRows) -> list[str]:
    against = part.against or wanted.against
    names = [*part.also, *(f"{name}.{run}" for name, one in part.sets.items() for run in one.runs)]
    several = ("one network",) if wanted.seeds > 1 else ()
    error = scored.rows[against].run.card.words.error
    differences = (f"{error}, difference", "average bias, difference")
    head = ("row", "images", "steps", error, *scored.axes, "average bias", *several, *differences)
    rows = (_row(scored.rows[name], scored, against, wanted.seeds > 1) for name in names)
    note = f"Differences are from `{against}`: below 0 is better."
    about = [part.about.strip(), ""] if part.about else []
    return [f"## {part.title}", "", *about, note, "", *markdown(head, rows), ""]


def unit_of(scored: ScoredRows) -> str:
    """Of the errors."""
    return next(iter(scored.rows.values())).run.card.words.unit


def on_valid(rows: Mapping[str, ReportRow]) -> dict[str, float]:
    """Row -> its error on valid, which the best is chosen by; where valid has no labels, that of the scored split."""
    cards = {name: row.run.card for name, row in rows.items()}
    return {name: card.splits.get("valid", card.splits[card.split]).overall.error for name, card in cards.items()}


def _sweep(name: str, points: Mapping[str, Point], scored: ScoredRows, stem: str) -> list[str]:
    """The runs of a grid or a search, the best on valid first, and their parallel coordinates."""
    errors, unit = on_valid({row: scored.rows[row] for row in points}), unit_of(scored)
    ranked = sorted(errors, key=lambda row: (errors[row], row))
    parameters = list(next(iter(points.values())))
    head = ("", "run", *parameters, f"error on valid ({unit})", "accuracy on valid", f"error on {scored.split}")
    rows = []
    for each in ranked:
        row = scored.rows[each]
        classes = row.run.card.splits.get("valid", row.scores).classes
        accuracy = f"{classes.accuracy.value:.4f}" if classes else ""
        values = [f"{points[each][parameter]:.4g}" for parameter in parameters]
        best = "best" if each == ranked[0] else ""
        run = each.partition(".")[2]
        rows.append((best, f"`{run}`", *values, figure(errors[each]), accuracy, interval(row.scores.overall)))
    note = f"{len(ranked)} runs of `{name}`, the best on valid first; that figure of it is flattered by the choice."
    picture = f"![Parallel coordinates of {name}: each line is a run, the best one red]({stem}-{name}.svg)"
    return [note, "", *markdown(head, rows), "", picture, ""]


def _row(row: ReportRow, scored: ScoredRows, against: str, several: bool) -> Iterable[str]:
    scores, seeds = row.scores, row.scores.seeds
    images = f"{row.originals}" + (f" + {row.copies}" if row.copies else "")
    error, bias = seeds.error, seeds.average_bias
    alone = [f"{figure(error.mean)} ± {figure(error.sd)}; {figure(bias.mean)} ± {figure(bias.sd)}"] if several else []
    biases = [figure(scores.bias[axis].value) for axis in scored.axes]
    less = ("", "")
    if row.name != against:
        found = scored.difference(row.name, against)
        less = (difference(found.error), difference(found.average_bias))
    steps = "" if row.run.card.steps is None else str(row.run.card.steps)
    return (
        f"`{row.name}`",
        images,
        steps,
        interval(scores.overall),
        *biases,
        interval(scores.average_bias),
        *alone,
        *less,
    )


def _sets(wanted: ExperimentTable) -> list[str]:
    for_each = []
    for name, one in wanted.sets.items():
        changes = {"source": one.source, "plan": one.plan, "policies": one.policies, "emphasis of": one.emphasis}
        changed = "; ".join(f"{key} {json.dumps(value)}" for key, value in changes.items() if value)
        for_each.append((f"`{name}`", one.about, changed or "nothing"))
    return markdown(("set", "what it is", "what it changes"), for_each)
