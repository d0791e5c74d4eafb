"""Judge how far each policy moves the perceived age and the other labels, against a plain flip.

python -m train.audit
python -m train.audit --opinions mine.csv
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.core import command, costs, params
from manifests.core.cells import Cells
from manifests.core.errors import located
from manifests.core.files import write_text
from manifests.scanning.photos import SIDE
from manifests.sections.audit import Audit
from manifests.sections.policies import Policies
from manifests.sections.task import Task
from manifests.sections.train import Train
from manifests.tables import audit as contract
from manifests.tables import index, source
from manifests.tables import judged as images
from train.data import samples
from train.data.readers import Images
from train.label_drift import bounds, drift, folds, judge_predictions, judged, likeness, mixes
from train.label_drift.judge_predictions import Opinions
from train.reports import audit as audit_text


def main() -> None:
    """Read the probe, ask a judge, write the four files and print the closing table."""
    parser = command.parser(
        __doc__,
        remote=("shards",),
        probe="datasets/probe",
        shards="datasets/shards",
        source="manifests/built/source.parquet",
        cache=".cache",
        json="manifests/built/audit.json",
        markdown="datasets/audit.md",
        csv="datasets/audit.csv",
        judged="manifests/built/judged.parquet",
    )
    parser.add_argument(
        "--opinions", type=command.place, help="another judge's opinions of the probe's images: CSV or Parquet"
    )
    options = parser.parse_args()
    audit, seed = params.section(options.params, Audit), params.seed(options.params)
    policies, task = params.section(options.params, Policies), params.section(options.params, Task, Task())
    probe, cells = index.read(options.probe / "index.parquet", "augment.probe")
    with located(f"{options.params}: audit.bounds"):
        audit.bounds.check(cells)
    said = _theirs(options.opinions, probe, cells) if options.opinions else _ours(options, audit, seed, probe, cells)
    target = next(
        (axis.name for axis in cells.axes if axis.column == task.target and axis.name in said.seen.shares), None
    )
    held, seen = said.held.led_by(target), said.seen.led_by(target)
    worth = drift.skill(said.photos, held, cells, audit.resamples, seed)
    ladder, expected, found = _with_parents(said, drift.ladder(probe, audit.resamples, seed), probe, options)
    steps = drift.steps(ladder, seen, cells, audit.bounds, worth.guesses, expected)
    made = bounds.audit(said.judge, worth, steps, policies, cells, audit.bounds, str(options.params), target)
    made = made.model_copy(update={"likeness": found})
    label = judged.label(target, seen)
    rows = [judged.table(label, said.photos, held, probe, seen, ladder, expected, cells)]
    if said.ours:
        rows.append(judged.of_copies(label, said.ours.copies, said.ours.seen, said.photos, held, said.ours.fold, cells))
    images.write(pa.concat_tables(rows), options.judged, cells, label)
    contract.write(made, options.json)
    write_text(options.markdown, audit_text.markdown(made))
    write_text(options.csv, audit_text.csv_text(made))
    print(audit_text.terminal(made))
    costs.say("audit", probe.num_rows, options.json, unit="image")


@dataclass(frozen=True)
class _Ours:
    """What is known of our own judges alone.

    Attributes:
        chosen: the train photos.
        fold: int64 (photos,), which of the judges has not seen it.
        copies: rows of the shards' index, copies of those photos.
        seen: what the judges see in them.
    """

    chosen: samples.Samples
    fold: np.ndarray
    copies: pa.Table
    seen: Opinions


@dataclass(frozen=True)
class _Said:
    """What a judge says of photos that it has not seen, and of the probe's images."""

    judge: str
    photos: pa.Table
    held: Opinions
    seen: Opinions
    ours: _Ours | None = None


def _theirs(path: Path, probe: pa.Table, cells: Cells) -> _Said:
    seen = judge_predictions.read(path, probe, cells)
    return _Said(path.name, *drift.originals(probe, seen), seen)


def _ours(options: Namespace, audit: Audit, seed: int, probe: pa.Table, cells: Cells) -> _Said:
    train = params.section(options.params, Train)
    whole = index.read(options.shards / "index.parquet")[0]
    chosen = samples.train_samples(whole, "original", "none", cells)
    copies = judged.chosen(whole, chosen.table)
    pixels = Images(options.shards, chosen.table, chosen.views, SIDE)
    fold = folds.of(chosen, pixels, source.read(options.source)[0], audit.folds, seed)

    from train.label_drift import judges
    from train.model import runtime

    runtime.prepare(seed)
    asked = (samples.plain(probe), options.probe), (samples.plain(copies), options.shards)
    with located(f"{options.params}: train"):
        bench = judges.bench(train, (chosen, options.shards), asked, cells, options.cache)
    of = folds.shown(chosen, probe), mixes.parents(copies, chosen.table)[:, 0]
    held, seen, others = judges.judge(bench, fold, of, audit.epochs, seed)
    return _Said(judges.NAME, chosen.table, held, seen, _Ours(chosen, fold, copies, others))


def _with_parents(
    said: _Said, ladder: drift.Ladder, probe: pa.Table, options: Namespace
) -> tuple[drift.Ladder, np.ndarray, list[contract.Likeness]]:
    """The copies that may be judged, by how much their ages should change, and how like real photos they are."""
    if said.ours is None:
        ladder = mixes.merged(ladder)
        return ladder, mixes.labelled(ladder, probe), []
    chosen = said.ours.chosen
    ladder, expected = mixes.fair(ladder, probe, chosen.table, said.held.age, said.ours.fold)
    shown = Images(options.probe, probe, None, likeness.SIDE)
    real = Images(options.shards, chosen.table, chosen.views, likeness.SIDE)
    cell = chosen.table["cell"].to_numpy().astype(np.int64)
    parents = mixes.parents(probe, chosen.table)
    return ladder, expected, likeness.likeness(ladder.steps, ladder.rows, shown, parents, real, cell)


if __name__ == "__main__":
    command.run(main)
