"""Compare ways to train by nested cross-validation over train and valid together, each with its own best setting.

    python -m experiments.crossval [--table experiments/trials/appa_real.yaml ...]

Every outer fold's train photos are planned and rendered anew. Within them each way chooses its steps and its
adjustment on inner folds, by the sum of error and average bias; the outer folds give the figures. Near duplicates
share a fold, and so do the photos of one person. What was computed is kept below .cache: a stopped run goes on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from experiments.nested import divide, report, rounds, trial
from experiments.nested.report import Found, Trialled
from experiments.nested.rounds import Round, Setup
from experiments.nested.trial import Setting
from experiments.report import environment
from manifests.core import command, params, places, pool
from manifests.core.errors import UserError, located
from manifests.core.files import write_text
from manifests.sections.score import Score
from manifests.sections.source import Source
from manifests.sections.task import Task
from manifests.sections.train import Train
from manifests.tables import source
from train import targets

T = TypeVar("T")
Numbered = tuple[int, np.ndarray]
TRIALS = Path("experiments/trials")
Errors = dict[tuple[str, str, Setting], np.ndarray]  # round, way and setting -> of the scored photos


def main() -> None:
    """Run each table's trial, and write one report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0], allow_abbrev=False)
    parser.add_argument("--table", type=command.place, nargs="+", help=f"default: every one in {TRIALS}")
    parser.add_argument("--cache", type=command.place, default=Path(".cache"), help="default: .cache")
    parser.add_argument(
        "--output", type=command.place, default=Path("docs/results.md"), help="default: docs/results.md"
    )
    options = parser.parse_args()
    tables = options.table or sorted(TRIALS.glob("*.yaml"))
    for path in tables:
        check(path)
    parts = [run(path, options.cache.absolute()) for path in tables]
    write_text(options.output, report.markdown(parts, environment()))
    print(report.terminal(parts))


def check(path: Path) -> None:
    """Check a table, its parameters, and that its photos and weights are there.

    Raises:
        UserError: one of them is not.
    """
    wanted = trial.read(path)
    file = Path(wanted.params)
    section, photos = params.section(file, Train), params.section(file, Source)
    with located(str(path)):
        for way in wanted.ways:
            trial.resolved(wanted, section, way, trial.settings(wanted)[0], 1)
    for key, text in (("source.root", photos.root), ("train.weights", section.weights)):
        if text not in ("none", "imagenet") and not places.reached(text).exists():
            raise UserError(f"{file}: {key}", "a path that exists", text, "Link the photos or weights there")


def run(path: Path, cache: Path) -> Trialled:
    """Run the trial of one table.

    Args:
        path: the table.
        cache: where features, shards and errors are kept; absolute.
    """
    wanted = trial.read(path)
    file = Path(wanted.params)
    section, seed, score = params.section(file, Train), params.seed(file), params.section(file, Score)
    target = targets.of(params.section(file, Task, Task()).target, params.cells(file))
    setup = Setup(wanted, file.absolute(), section, target, seed, cache, cache / "crossval" / path.stem)
    setup.folder.mkdir(parents=True, exist_ok=True)
    rounds.call(
        setup.params, setup.folder, "manifests.scan", {name: f"{name}.parquet" for name in ("source", "quarantine")}
    )
    table, cells = source.read(setup.folder / "source.parquet")
    photos = divide.pool(table)
    outer, inner = divide.folds_of(wanted.folds, photos, params.section(file, Source), seed)
    every = rounds.rounds(wanted, outer, inner, setup.folder)
    with command.progress(len(every), f"{path.stem}: plan and render", "round") as bar:
        for one in every:
            rounds.prepare(setup, one, photos, cells)
            bar.update()
    parts = command.jobs()
    _each(rounds.extract, [(setup, one, part, parts) for one in every for part in range(parts)], "features")
    found = _chosen(setup, every, lambda errors: report.score(errors, cells, photos, target), len(photos))
    return Trialled(path, wanted, found, photos, cells, score, seed, target)


def _chosen(setup: Setup, every: list[Round], score: report.Scorer, photos: int) -> dict[str, Found]:
    """Choose each way's setting within each outer fold, then score it: way -> what was found."""
    wanted, settings, name = setup.trial, trial.settings(setup.trial), setup.folder.name
    outer = [one for one in every if one.within is None]
    tried = [(setup, one, way, setting, wanted.networks.inner) for one in every if one.within is not None
             for way in wanted.ways for setting in settings]  # fmt: skip
    errors = _trained(tried, f"{name}: choose")
    picked: dict[tuple[str, str], Setting] = {}
    for one in outer:
        inner = [other for other in every if other.within == one.name]
        for way in wanted.ways:
            scores = [score(_joined(inner, errors, way, setting, photos)) for setting in settings]
            picked[one.name, way] = settings[int(np.argmin(scores))]
    final = [(setup, one, way, picked[one.name, way], wanted.networks.outer) for one in outer for way in wanted.ways]
    scored = _trained(final, f"{name}: score")
    found = {}
    for way in wanted.ways:
        made = np.zeros(photos)
        for one in outer:
            made[one.scored] = scored[one.name, way, picked[one.name, way]]
        found[way] = Found(made, [picked[one.name, way] for one in outer])
    return found


def _joined(inner: list[Round], errors: Errors, way: str, setting: Setting, photos: int) -> np.ndarray:
    """float64 (photos,): the errors of the inner folds together; NaN for photos of the outer fold."""
    made = np.full(photos, np.nan)
    for one in inner:
        made[one.scored] = errors[one.name, way, setting]
    return made


def _trained(calls: list[tuple[Setup, Round, str, Setting, int]], what: str) -> Errors:
    keys = [(one.name, way, setting) for _, one, way, setting, _ in calls]
    found = _each(_numbered, [(number, *call) for number, call in enumerate(calls)], what)
    return {keys[number]: errors for number, errors in found}


def _numbered(number: int, setup: Setup, one: Round, way: str, setting: Setting, networks: int) -> Numbered:
    return number, rounds.errors(setup, one, way, setting, networks)


def _each(call: Callable[..., T], calls: Sequence[tuple[Any, ...]], what: str) -> list[T]:
    """Call in the workers, with a bar; the results are in no order."""
    found = []
    with command.progress(len(calls), what, "call") as bar, closing(pool.each(command.jobs(), call, calls, what)) as it:
        for one in it:
            found.append(one)
            bar.update()
    return found


if __name__ == "__main__":
    command.run(main)
