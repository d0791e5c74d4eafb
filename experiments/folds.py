"""Cross-validate the runs of a parameter file: each fold is tested on once, by networks that know none of its subjects.

    python -m experiments.folds --params params.adience.yaml --output docs/folds.md

It runs `source.fold` 0, 1, ... in a folder each, and reports the figures of all photos together, each predicted by the
network of its fold, and the mean and the standard deviation over the folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experiments import projects
from manifests.core import command, params, text
from manifests.core.cells import Cells
from manifests.core.files import write_text
from manifests.core.text import escaped, figure, interval
from manifests.sections.score import Score
from manifests.sections.source import Source
from manifests.sections.train import Train
from manifests.tables import predictions, scorecard
from manifests.tables.scorecard import Scorecard
from train.scoring import scorecard as scores
from train.scoring.predictions import labelled


def main() -> None:
    """Run every fold, pool the predictions, score them, write the page."""
    parser = command.parser(__doc__, output="docs/folds.md", work=".cache/experiments/folds", cache=".cache")
    parser.set_defaults(params=Path("params.adience.yaml"))
    options = parser.parse_args()
    source, train = params.section(options.params, Source), params.section(options.params, Train)
    content = params.read(options.params)
    folders = []
    with command.progress(source.folds, "folds", "fold") as bar:
        for fold in range(source.folds):
            own = {**content, "source": {**content["source"], "fold": fold}}
            folders.append(projects.run(own, options.work / f"{options.params.stem}-{fold}", options.cache))
            bar.update(1)
    score, seed = params.section(options.params, Score), params.seed(options.params)
    whole = {name: pooled(folders, name, score, seed) for name in train.runs}
    each = {name: [_card(folder, name) for folder in folders] for name in train.runs}
    write_text(options.output, page(options.params.name, whole, each))
    print("\n".join(text.columns([HEAD, *rows(whole, each)])))


def pooled(folders: Sequence[Path], run: str, score: Score, seed: int) -> Scorecard:
    """Score a run's out-of-fold predictions together: every photo was tested on once.

    Args:
        folders: of the folds.
        run: its name.
        score: the section.
        seed: of the parameter file.
    """
    tables: list[pa.Table] = []
    cells = Cells(())
    for folder in folders:
        table, cells = predictions.read(folder / "datasets/runs" / run / "predictions.parquet")
        tables.append(table.filter(pc.equal(table["split"].cast(pa.string()), "test")))
    table = pa.concat_tables(tables).unify_dictionaries()
    return scores.scorecard(run, labelled(table, cells), cells, score, seed, predictions.training(table))


def _card(folder: Path, run: str) -> Scorecard:
    return scorecard.read(folder / "datasets/runs" / run / "scorecard.json")


HEAD = ("run", "photos", "error", "average bias", "accuracy", "balanced accuracy", "AUC", "each fold")


def rows(whole: Mapping[str, Scorecard], each: Mapping[str, Sequence[Scorecard]]) -> list[list[str]]:
    """One row per run: the figures of all photos, then the mean error and its deviation over the folds."""
    made = []
    for name, card in whole.items():
        of, errors = card.splits["test"].classes, [one.splits["test"].overall.error for one in each[name]]
        more = [of.accuracy, of.balanced_accuracy, of.auc] if of else []
        figures = [text.figure(one.value, one.low, one.high, 3) if one else "" for one in more] or [""] * 3
        deviation = float(np.std(errors, ddof=1)) if len(errors) > 1 else 0.0
        spread = f"{figure(float(np.mean(errors)))} ± {figure(deviation)}"
        scored = card.splits["test"]
        bias = figure(scored.average_bias.value, scored.average_bias.low, scored.average_bias.high)
        made.append([name, text.count(scored.n), interval(scored.overall), bias, *figures, spread])
    return made


def page(name: str, whole: Mapping[str, Scorecard], each: Mapping[str, Sequence[Scorecard]]) -> str:
    """The report in Markdown."""
    first = next(iter(whole.values()))
    count = len(next(iter(each.values())))
    lines = [
        f"# {count}-fold cross-validation of {escaped(name)}",
        "",
        "Written by `python -m experiments.folds`; do not edit.",
        "",
        f"Errors and biases in {first.words.unit}; lower is better. All photos, each predicted by the networks of the",
        "fold that was tested on it, with 95% bootstrap intervals; the mean and the standard deviation over the folds.",
        "",
        *text.markdown(HEAD, rows(whole, each)),
        "",
    ]
    for run, cards in each.items():
        lines += [f"## {escaped(run)}", "", *text.markdown(("fold", "photos", first.words.error), _folds(cards)), ""]
        lines += [*text.markdown(("axis", "group", "photos", "error"), _groups(whole[run])), ""]
    return "\n".join(lines)


def _folds(cards: Sequence[Scorecard]) -> list[list[str]]:
    scored = [card.splits["test"] for card in cards]
    return [[str(fold), text.count(each.n), interval(each.overall)] for fold, each in enumerate(scored)]


def _groups(card: Scorecard) -> list[list[str]]:
    return [
        [axis, name + (" *" if group.marked else ""), text.count(group.n), interval(group)]
        for axis, groups in card.by_group["test"].items()
        for name, group in groups.items()
    ]


if __name__ == "__main__":
    command.run(main)
