"""Compare ways to train by nested cross-validation over train and valid together, each with its own best setting.

    python -m experiments.crossval --table experiments/trials/appa_real.yaml --params params.appa_real.yaml

Every outer fold's train photos are planned and rendered anew. Within them each way chooses its steps and its
adjustment on inner folds, by the sum of MAE and average bias; the outer folds give the figures. Subjects and near
duplicates are never parted. What was computed is kept below .cache: a stopped run continues where it stopped.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa

from experiments.nested import report, rounds, trial
from experiments.nested.rounds import Round, Setup
from experiments.nested.trial import Setting
from manifests.core import command, params, pool
from manifests.core.cells import Cells
from manifests.core.errors import located
from manifests.core.files import write_text
from manifests.scanning import near_duplicates, photos
from manifests.scanning.photos import CheckedPhoto, SizeLimits
from manifests.sections.score import Score
from manifests.sections.source import Source
from manifests.sections.train import Train
from manifests.tables import source
from train.label_drift import folds


def main() -> None:
    """Read the table and the scanned photos, run every round, write the report."""
    parser = command.parser(
        __doc__,
        table="experiments/trials/appa_real.yaml",
        source="manifests/built/source.parquet",
        cache=".cache",
        output="docs/crossval.md",
    )
    options = parser.parse_args()
    wanted = trial.read(options.table)
    section, seed = params.section(options.params, Train), params.seed(options.params)
    with located(str(options.table)):
        for way in wanted.ways:
            trial.resolved(wanted, section, way, trial.settings(wanted)[0], 1)
    table, cells = source.read(options.source)
    chosen = rounds.pool(table)
    setup = Setup(wanted, options.params.absolute(), section, seed, options.cache.absolute())
    outer, inner = _folds(setup, chosen, params.section(options.params, Source))
    every = rounds.rounds(wanted, outer, inner, setup.cache / "crossval" / options.table.stem)
    with command.progress(len(every), "plan and render", "round") as bar:
        for one in every:
            rounds.prepare(setup, one, chosen, cells)
            bar.update()
    found = _run(setup, every, cells, chosen)
    text = report.markdown(wanted, found, chosen, cells, params.section(options.params, Score), seed)
    write_text(options.output, text)
    print(report.terminal(wanted, found, chosen, cells, params.section(options.params, Score), seed))


def _folds(setup: Setup, chosen: pa.Table, section: Source) -> tuple[np.ndarray, list[np.ndarray]]:
    """The outer folds, and for each of them the inner folds of its train photos (-1 for the scored ones)."""
    ids, cell = chosen["image_id"].to_pylist(), chosen["cell"].to_numpy()
    limits = SizeLimits(section.max_bytes, section.max_pixels)
    seen = photos.check_all(Path(section.root), chosen["path"].to_pylist(), limits, command.jobs())
    greys = np.stack(
        [one.grey if isinstance(one, CheckedPhoto) else np.zeros((photos.SIDE,) * 2, np.uint8) for one in seen]
    )
    alike = near_duplicates.candidates(greys, greys).tolist()
    together = [(a, b) for a, b in alike if a < b and near_duplicates.likeness(greys[a], greys[b]) > 0]
    together += folds.same(chosen["subject"].to_pylist())
    outer = folds.assign(ids, cell, together, setup.trial.folds.outer, setup.seed)
    inner = []
    for number in range(setup.trial.folds.outer):
        rows = np.flatnonzero(outer != number)
        at = {int(row): position for position, row in enumerate(rows)}
        pairs = [(at[a], at[b]) for a, b in together if a in at and b in at]
        fold = np.full(len(ids), -1)
        fold[rows] = folds.assign(
            [ids[row] for row in rows], cell[rows], pairs, setup.trial.folds.inner, setup.seed + 1 + number
        )
        inner.append(fold)
    return outer, inner


def _run(setup: Setup, every: list[Round], cells: Cells, chosen: pa.Table) -> dict[str, report.Found]:
    """Choose each way's setting within each outer fold, then score it: way -> what was found."""
    wanted, settings = setup.trial, trial.settings(setup.trial)
    tried = [(setup, one, way, setting, wanted.networks.inner) for one in every if "inner" in one.name
             for way in wanted.ways for setting in settings]  # fmt: skip
    errors = _each(tried, "choose")
    picked: dict[tuple[str, str], Setting] = {}
    for one in every:
        if "inner" not in one.name:
            inner = [other for other in every if other.name.startswith(f"{one.name}-inner")]
            for way in wanted.ways:
                score = [report.score(_joined(inner, errors, way, s, chosen), cells, chosen) for s in settings]
                picked[one.name, way] = settings[int(np.argmin(score))]
    outer = [one for one in every if "inner" not in one.name]
    final = [(setup, one, way, picked[one.name, way], wanted.networks.outer) for one in outer for way in wanted.ways]
    scored = _each(final, "score")
    return {
        way: report.Found(
            sum(
                (
                    _spread(one, scored[one.name, way, picked[one.name, way]], len(chosen))
                    for one in outer
                ),
                np.zeros(len(chosen)),
            ),
            [picked[one.name, way] for one in outer],
        )
        for way in wanted.ways
    }  # fmt: skip


def _each(calls: list[tuple[Setup, Round, str, Setting, int]], what: str) -> dict[tuple[str, str, Setting], np.ndarray]:
    found = {}
    with (
        command.progress(len(calls), what, "network") as bar,
        closing(pool.each(command.jobs(), _one, ((call,) for call in calls), what)) as done,
    ):
        for key, errors in done:
            found[key] = errors
            bar.update()
    return found


def _one(call: tuple[Setup, Round, str, Setting, int]) -> tuple[tuple[str, str, Setting], np.ndarray]:
    setup, one, way, setting, networks = call
    return (one.name, way, setting), rounds.errors(setup, one, way, setting, networks)


def _joined(
    inner: list[Round], errors: dict[tuple[str, str, Setting], np.ndarray], way: str, setting: Setting, chosen: pa.Table
) -> np.ndarray:
    """float64 (photos,): the errors of the inner folds together; NaN for photos of the outer fold."""
    made = np.full(len(chosen), np.nan)
    for one in inner:
        made[one.scored] = errors[one.name, way, setting]
    return made


def _spread(one: Round, errors: np.ndarray, count: int) -> np.ndarray:
    made = np.zeros(count)
    made[one.scored] = errors
    return made


if __name__ == "__main__":
    command.run(main)
