"""Put the runs, the published rows and any given predictions into one table per split."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import rankdata

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.sections.score import Score
from manifests.tables.comparison import Comparison, Marginal, Place, SplitComparison, System
from manifests.tables.parts import Words
from manifests.tables.plan_report import PlanReport
from train.scoring.classes import balanced_weights
from train.scoring.metrics import compared, groupings
from train.scoring.paired import Resampled, pair, resampled
from train.scoring.predictions import LabelledPhotos
from train.scoring.published import Rows
from train.scoring.resampling import strata, weights
from train.scoring.scored_runs import ROLES, ScoredRun
from train.scoring.systems import BALANCED, of_predictions, of_published, of_run
from train.scoring.verdict import Verdict, verdict

MOVED = 0.01  # of a class' share, beyond which the plan has changed the prior
LEADS = "The plan changes the prior of the classes, so that the balanced error rate leads: each class counts alike."


def in_order(runs: Sequence[ScoredRun]) -> list[ScoredRun]:
    """One run of each role in the order of `ROLES`, then the others as `params.yaml` lists them.

    They are the first run of each role with one recipe and network, the baseline's, so that they differ in the images,
    the sample weights and the adjustment alone.
    """
    baseline = next((run for run in runs if run.role == "baseline"), runs[0])
    alike = [run for run in runs if (run.recipe, run.network) == (baseline.recipe, baseline.network)]
    leading = [next((run for run in alike if run.role == role), None) for role in ROLES]
    first = [run for run in leading if run]
    return first + [run for run in runs if run not in first]


def compare(
    runs: Sequence[ScoredRun],
    given: Mapping[str, np.ndarray],
    cells: Cells,
    plan: PlanReport,
    options: Score,
    seed: int,
    published: tuple[Rows, str] = ((), ""),
) -> Comparison:
    """Compare on every labelled split.

    Args:
        runs: the runs, all on the same photos; predictions of other programs, on one split at least, stand last.
        given: name -> float64 (photos,), predictions for the headline split in order of path, as the target numbers
            them.
        cells: the axes.
        plan: the plan that the balanced set follows.
        options: the `score` section.
        seed: 64-bit seed.
        published: rows on the same photos, which stand beside the runs, and a note on them.
    Raises:
        UserError: runs with other photos, or predictions of another length.
    """
    ordered = in_order(runs)
    headline = ordered[0].card.split
    words, balanced = ordered[0].card.words, _moves_prior(plan, next(iter(ordered[0].photos.values())).target.own)
    if balanced:
        words = words.model_copy(update={"error": BALANCED})
    return Comparison(
        words=words,
        split=headline,
        splits={
            split: _table(ordered, split, given if split == headline else {}, cells, options, seed, published[0], words)
            for split in ordered[0].photos
        },
        plan=_marginals(plan),
        warnings=_unequal_steps(ordered),
        notes=[
            *([published[1]] if published[1] else []),
            *([LEADS] if balanced else []),
            *ordered[0].card.splits[headline].notes,
        ],
    )


def _moves_prior(plan: PlanReport, own: str | None) -> bool:
    """Whether the plan changes how frequent the classes are: then every class counts alike in the leading figure."""
    values = plan.marginals.get(own, []) if own else []
    return any(abs(each.reached_share - each.before_share) > MOVED for each in values)


def _unequal_steps(runs: Sequence[ScoredRun]) -> list[str]:
    """A warning where the runs took unequal numbers of gradient steps."""
    steps = {run.name: run.card.steps for run in runs if run.card.steps is not None}
    if len(set(steps.values())) < 2:
        return []
    told = ", ".join(f"{name} {count}" for name, count in steps.items())
    return [f"The runs took unequal numbers of gradient steps ({told}); a difference may be due to longer training."]


def _marginals(plan: PlanReport) -> list[Marginal]:
    """What the plan wanted and reached for every value of every axis, in the plan's order."""
    return [
        Marginal(axis=axis, value=each.value, wanted=each.wanted_share, reached=each.reached_share)
        for axis, values in plan.marginals.items()
        for each in values
    ]


def _table(
    runs: Sequence[ScoredRun],
    split: str,
    given: Mapping[str, np.ndarray],
    cells: Cells,
    options: Score,
    seed: int,
    published: Rows,
    words: Words,
) -> SplitComparison:
    runs = [run for run in runs if run.kind == "run" or split in run.photos]
    photos = _shared(runs, split)
    axes = compared(groupings(cells, photos.cell), photos.target.own)
    weight = weights(strata(photos.cell), options.resamples, seed)
    importance = balanced_weights(photos.truth) if words.error == BALANCED else np.ones(len(photos.truth))
    noisy = [resampled(run.name, run.photos[split].error, axes, weight, importance) for run in runs]
    timed = (
        len({run.network for run in runs if run.kind == "run"}) > 1
    )  # of one network the times are noise, and bytes that differ
    rows = [of_run(run, split, words, timed) for run in runs]
    rows += [of_predictions(name, numbers, photos, axes, importance) for name, numbers in given.items()]
    names = [axis.axis for axis in axes]
    rows += [of_published(row) for row in published if not row.bias or row.bias.keys() == set(names)]
    found = _verdict(runs, noisy, words)
    return SplitComparison(
        n=len(photos.truth),
        axes=names,
        rows=rows,
        pairs=[pair(first, second) for first, second in itertools.combinations(noisy, 2)],
        leaderboard=_leaderboard(rows, names, words.key("error")),
        verdict=found.sentence if found else None,
        outcome=found.outcome if found else None,
    )


def _verdict(runs: Sequence[ScoredRun], noisy: Sequence[Resampled], words: Words) -> Verdict | None:
    """Whether rendering pays; None without a plain run on the originals, a repeating and a rendering one.

    Only runs count whose recipe and network some run on the originals has too: a better network is no merit of images.
    """
    fair = {(run.recipe, run.network) for run in runs if run.images == "original"}
    runs = [run for run in runs if (run.recipe, run.network) in fair]
    noisy = [one for one in noisy if one.run in {run.name for run in runs}]
    kinds = {"original": "original", "repeated": "repeated"}  # online copies are as new as rendered ones
    of = {kind: [run.name for run in runs if kinds.get(run.images, "new") == kind] for kind in (*kinds, "new")}
    plain = next((run.name for run in runs if run.role == "baseline"), None)
    if plain is None or not all(of.values()):
        return None
    score = {one.run: one.mean + float(np.mean(list(one.bias.values()))) if one.bias else one.mean for one in noisy}
    pairs = {(a.run, b.run): pair(a, b) for a, b in itertools.permutations(noisy, 2)}
    repeated = min(of["repeated"], key=lambda name: score[name])
    wanted = {name: value for name, value in score.items() if name == repeated or name not in of["repeated"]}
    return verdict(wanted, pairs, plain, repeated, of["new"], words)


def _shared(runs: Sequence[ScoredRun], split: str) -> LabelledPhotos:
    """The photos of a split, which must be the same in every run."""
    first = runs[0].photos[split]
    for run in runs[1:]:
        other = run.photos.get(split)
        if other is None or not np.array_equal(other.image_id, first.image_id) or (other.truth != first.truth).any():
            raise UserError(
                f"{run.kind} {run.name}: {split}",
                f"the {len(first.truth)} photos and labels of run {runs[0].name}",
                "none" if other is None else f"{len(other.truth)} photos, or other labels",
                "Train and score both on the same shards"
                if run.kind == "run"
                else "Predict each of them, and score with --labels manifests/built/source.parquet",
            )
    return first


def _leaderboard(rows: Sequence[System], axes: Sequence[str], error: str) -> list[Place]:
    """All rows with a bias on each axis, best average rank first; ties in order of name."""
    rows = [row for row in rows if row.bias.keys() >= set(axes)]
    columns = np.array([[*(row.bias[axis].value for axis in axes), row.error.value] for row in rows])
    ranked = rankdata(columns, axis=0)  # lower is better; systems that tie share the mean of their ranks
    places = [
        Place(
            name=row.name,
            kind=row.kind,
            ranks=dict(zip([*axes, error], map(float, own), strict=True)),
            average_rank=float(own.mean()),
        )
        for row, own in zip(rows, ranked, strict=True)
    ]
    return sorted(places, key=lambda place: (place.average_rank, place.name))
