"""What a nested cross-validation found, as Markdown and for the terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from experiments.nested.trial import Setting, Trial
from manifests.core import text
from manifests.core.cells import Cells
from manifests.sections.score import Score
from manifests.tables.comparison import Pair
from train.scoring.metrics import Grouping, bias, group_means, groupings
from train.scoring.paired import pair, resampled
from train.scoring.resampling import strata, weights
from train.scoring.verdict import Verdict, verdict


@dataclass(frozen=True)
class Found:
    """One way's errors on the outer folds, float64 (photos,) in years, and the setting chosen in each."""

    error: np.ndarray
    chosen: list[Setting]


def score(error: np.ndarray, cells: Cells, photos: pa.Table) -> float:
    """What a setting is chosen by: MAE plus average bias, in years, over the photos whose error is not NaN."""
    there = ~np.isnan(error)
    axes = _axes(cells, photos["cell"].to_numpy()[there])
    return float(error[there].mean() + np.mean(_biases(axes, error[there])))


def markdown(trial: Trial, found: dict[str, Found], photos: pa.Table, cells: Cells, options: Score, seed: int) -> str:
    """The whole report."""
    axes, pairs = _compared(found, photos, cells, options, seed)
    names = [axis.axis for axis in axes]
    lines = [f"# {trial.title}", "", trial.about.strip(), "", f"**{_verdict(trial, found, pairs, axes).sentence}**", ""]
    lines += [
        f"{len(photos):,} photos of train and valid, {trial.folds.outer} outer and {trial.folds.inner} inner folds, "
        f"{trial.networks.outer} networks per outer fold. Errors and biases in years; lower is better.",
        "",
    ]
    head = ("way", "MAE", *(f"bias, {name}" for name in names), "average bias", "chosen: steps, strength (folds)")
    lines += [*text.markdown(head, (_row(way, one, axes) for way, one in found.items())), ""]
    lines += ["## Differences, with paired 95% intervals", ""]
    lines += [*text.markdown(("first - second", "MAE", "average bias"), _rows(found, pairs)), ""]
    return "\n".join(lines)


def terminal(trial: Trial, found: dict[str, Found], photos: pa.Table, cells: Cells, options: Score, seed: int) -> str:
    """The table of the ways, and the verdict."""
    axes, pairs = _compared(found, photos, cells, options, seed)
    head = ["way", "MAE", *(axis.axis for axis in axes), "average bias"]
    rows = [_row(way, one, axes)[:-1] for way, one in found.items()]
    return "\n".join([*text.columns([head, *rows]), "", _verdict(trial, found, pairs, axes).sentence])


def _compared(
    found: dict[str, Found], photos: pa.Table, cells: Cells, options: Score, seed: int
) -> tuple[list[Grouping], dict[tuple[str, str], Pair]]:
    cell = photos["cell"].to_numpy()
    axes = _axes(cells, cell)
    weight = weights(strata(cell), options.resamples, seed)
    noisy = {way: resampled(way, one.error, axes, weight) for way, one in found.items()}
    return axes, {(a, b): pair(noisy[a], noisy[b]) for a in noisy for b in noisy if a != b}


def _verdict(
    trial: Trial, found: dict[str, Found], pairs: dict[tuple[str, str], Pair], axes: list[Grouping]
) -> Verdict:
    scores = {way: float(one.error.mean() + np.mean(_biases(axes, one.error))) for way, one in found.items()}
    return verdict(scores, pairs, trial.plain, trial.repeated, trial.rendered)


def _axes(cells: Cells, cell: np.ndarray) -> list[Grouping]:
    return [axis for axis in groupings(cells, cell) if len(axis.groups) > 1]


def _biases(axes: list[Grouping], error: np.ndarray) -> list[float]:
    return [float(bias(group_means(axis.member, error))) for axis in axes]


def _row(way: str, one: Found, axes: list[Grouping]) -> list[str]:
    biases = _biases(axes, one.error)
    counts = Counter(one.chosen)
    chosen = "; ".join(f"{s.steps}, {s.adjust:g} ({n})" for s, n in sorted(counts.items()))
    return [way, text.figure(one.error.mean()), *map(text.figure, biases), text.figure(float(np.mean(biases))), chosen]


def _rows(found: dict[str, Found], pairs: dict[tuple[str, str], Pair]) -> list[list[str]]:
    ways = list(found)
    return [
        [f"{a} - {b}", *(text.signed(d.value, d.low, d.high) for d in (pairs[a, b].mae, pairs[a, b].average_bias))]
        for at, a in enumerate(ways)
        for b in ways[at + 1 :]
    ]
