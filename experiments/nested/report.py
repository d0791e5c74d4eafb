"""What a nested cross-validation found, as Markdown and for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from experiments.nested.trial import Setting, Trial
from manifests.core import text
from manifests.core.cells import Cells
from manifests.sections.score import Score
from manifests.tables.comparison import Pair
from train.scoring.metrics import Grouping, bias, compared, group_means, groupings
from train.scoring.paired import pair, resampled
from train.scoring.resampling import strata, weights
from train.scoring.verdict import Verdict, verdict
from train.targets import YEARS, Target


@dataclass(frozen=True)
class Found:
    """One way's errors on the outer folds, float64 (photos,) in the target's unit, and the setting chosen in each."""

    error: np.ndarray
    chosen: list[Setting]


Scorer = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Trialled:
    """One trial that has been run.

    Attributes:
        path: its table.
        trial: what the table holds.
        found: way -> what was found.
        photos: rows of the source table, those of `found`.
        cells: the axes.
        score, seed: of the parameter file.
        target: what is predicted.
    """

    path: Path
    trial: Trial
    found: dict[str, Found]
    photos: pa.Table
    cells: Cells
    score: Score
    seed: int
    target: Target = YEARS


def score(error: np.ndarray, cells: Cells, photos: pa.Table, target: Target) -> float:
    """What a setting is chosen by: error plus average bias, over the photos whose error is not NaN."""
    there = ~np.isnan(error)
    axes = _axes(cells, photos["cell"].to_numpy()[there], target)
    return float(error[there].mean() + np.mean(_biases(axes, error[there])))


def markdown(parts: Sequence[Trialled], environment: str) -> str:
    """The whole report; `environment` is what it was made with."""
    units = " or ".join(dict.fromkeys(one.target.words.unit for one in parts))
    lines = [
        "# Results: does rendering pay?",
        "",
        "Written by `python -m experiments.crossval`; [trust.md](trust.md) says what the figures are worth. Errors",
        f"and biases in {units}; lower is better. Every figure is of photos that the fold's networks, plan and chosen",
        "setting have not seen. What all ways share was chosen earlier on the same photos: the backbone's crops, the",
        "head, the shares that the plan wants. Intervals are over photos; another seed moves a bias by up to .1.",
        "",
        f"Made with {environment}.",
        "",
    ]
    for one in parts:
        lines += _part(one)
    return "\n".join(lines)


def _part(one: Trialled) -> list[str]:
    trial, axes, pairs = one.trial, _axes(one.cells, one.photos["cell"].to_numpy(), one.target), _compared(one)
    candidates = " or ".join(f"{steps:,}" for steps in trial.candidates.steps)
    strengths = " or ".join(f"{strength:g}" for strength in trial.candidates.adjust)
    count = trial.networks.outer
    predicts = "one network predicts" if count == 1 else f"the mean of {count} networks predicts"
    words = one.target.words
    head = (
        "way",
        words.error,
        *(f"bias, {axis.axis}" for axis in axes),
        "average bias",
        "chosen: steps, strength (folds)",
    )
    return [
        f"## {trial.title}",
        "",
        f"**{_verdict(one, pairs, axes).sentence}**",
        "",
        trial.about.strip(),
        "",
        f"{len(one.photos):,} photos of train and valid in {trial.folds.outer} outer folds; each way chooses "
        f"{candidates} steps and a strength of {strengths} on {trial.folds.inner} inner folds, each with a network "
        f"of its own and fewer photos, anew for each outer fold; "
        f"{predicts}. Table: `{one.path}`.",
        "",
        *text.markdown(head, (_row(way, found, axes) for way, found in one.found.items())),
        "",
        "Differences, with paired 95% intervals:",
        "",
        *text.markdown(("first - second", words.error, "average bias"), _rows(one.found, pairs)),
        "",
        f"{words.full[:1].upper()}{words.full[1:]} by group:",
        "",
        *text.markdown(("group", "photos", *one.found), _groups(one, axes)),
        "",
    ]


def terminal(parts: Sequence[Trialled]) -> str:
    """Of each trial the table of the ways, and the verdict."""
    lines = []
    for one in parts:
        axes = _axes(one.cells, one.photos["cell"].to_numpy(), one.target)
        head = ["way", one.target.words.error, *(axis.axis for axis in axes), "average bias"]
        rows = [_row(way, found, axes)[:-1] for way, found in one.found.items()]
        lines += [one.trial.title, *text.columns([head, *rows]), "", _verdict(one, _compared(one), axes).sentence, ""]
    return "\n".join(lines[:-1])


Pairs = dict[tuple[str, str], Pair]


def _compared(one: Trialled) -> Pairs:
    cell = one.photos["cell"].to_numpy()
    axes, weight = _axes(one.cells, cell, one.target), weights(strata(cell), one.score.resamples, one.seed)
    noisy = {way: resampled(way, found.error, axes, weight) for way, found in one.found.items()}
    return {(a, b): pair(noisy[a], noisy[b]) for a in noisy for b in noisy if a != b}


def _verdict(one: Trialled, pairs: Pairs, axes: list[Grouping]) -> Verdict:
    scores = {way: float(each.error.mean() + np.mean(_biases(axes, each.error))) for way, each in one.found.items()}
    return verdict(scores, pairs, one.trial.plain, one.trial.repeated, one.trial.rendered, one.target.words)


def _groups(one: Trialled, axes: list[Grouping]) -> list[list[str]]:
    rows = []
    for axis in axes:
        for value, member in zip(axis.groups, axis.member.T.astype(bool), strict=True):
            errors = (text.figure(each.error[member].mean()) for each in one.found.values())
            rows.append([f"{axis.axis}: {value}", f"{int(member.sum()):,}", *errors])
    return rows


def _axes(cells: Cells, cell: np.ndarray, target: Target) -> list[Grouping]:
    return compared(groupings(cells, cell), target.own)


def _biases(axes: list[Grouping], error: np.ndarray) -> list[float]:
    return [float(bias(group_means(axis.member, error))) for axis in axes]


def _row(way: str, one: Found, axes: list[Grouping]) -> list[str]:
    biases = _biases(axes, one.error)
    counts = Counter(one.chosen)
    chosen = "; ".join(f"{s.steps}, {s.adjust:g} ({n})" for s, n in sorted(counts.items()))
    return [way, text.figure(one.error.mean()), *map(text.figure, biases), text.figure(float(np.mean(biases))), chosen]


def _rows(found: dict[str, Found], pairs: Pairs) -> list[list[str]]:
    ways = list(found)
    return [
        [f"{a} - {b}", *(text.signed(d.value, d.low, d.high) for d in (pairs[a, b].error, pairs[a, b].average_bias))]
        for at, a in enumerate(ways)
        for b in ways[at + 1 :]
    ]
