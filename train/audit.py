"""Judge how far each policy moves the perceived age and the other labels, against a plain flip.

python -m train.audit
python -m train.audit --opinions mine.csv
"""

from __future__ import annotations

import numpy as np

from manifests.core import command, costs, params
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
from train.data.views import PLAIN
from train.label_drift import bounds, drift, folds, judge_predictions, judged, likeness, mixes
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
    if options.opinions:
        name, seen = options.opinions.name, judge_predictions.read(options.opinions, probe, cells)
        photos, held = drift.originals(probe, seen)
    else:
        train = params.section(options.params, Train)
        chosen = samples.train_samples(index.read(options.shards / "index.parquet")[0], "original", "none", cells)
        pixels = Images(options.shards, chosen.table, chosen.views, SIDE)
        fold = folds.of(chosen, pixels, source.read(options.source)[0], audit.folds, seed)

        from train.label_drift import judges
        from train.model import runtime

        runtime.prepare(seed)
        asked = (chosen, options.shards), (samples.Samples(probe, [PLAIN] * len(probe)), options.probe)
        with located(f"{options.params}: train"):
            bench = judges.bench(train, *asked, cells, options.cache)
        held, seen = judges.judge(bench, fold, folds.shown(chosen, probe), audit.epochs, seed)
        name, photos = judges.NAME, chosen.table
    target = next((axis.name for axis in cells.axes if axis.column == task.target and axis.name in seen.shares), None)
    held, seen = held.led_by(target), seen.led_by(target)
    worth = drift.skill(photos, held, cells, audit.resamples, seed)
    ladder = drift.ladder(probe, audit.resamples, seed)
    if options.opinions:
        ladder, found = mixes.merged(ladder), []
        expected = mixes.labelled(ladder, probe)
    else:
        ladder, expected = mixes.fair(ladder, probe, chosen.table, held.age, fold)
        shown, real = (Images(folder, of.table, of.views, likeness.SIDE) for of, folder in reversed(asked))
        cell = chosen.table["cell"].to_numpy().astype(np.int64)
        found = likeness.likeness(ladder.steps, ladder.rows, shown, mixes.parents(probe, chosen.table), real, cell)
    steps = drift.steps(ladder, seen, cells, audit.bounds, worth.guesses, expected)
    made = bounds.audit(name, worth, steps, policies, cells, audit.bounds, str(options.params), target)
    made = made.model_copy(update={"likeness": found})
    label = judged.label(target, seen)
    rows = judged.table(label, photos, held, probe, seen, ladder, expected, cells)
    images.write(rows, options.judged, cells, label)
    contract.write(made, options.json)
    write_text(options.markdown, audit_text.markdown(made))
    write_text(options.csv, audit_text.csv_text(made))
    print(audit_text.terminal(made))
    costs.say("audit", probe.num_rows, options.json, unit="image")


if __name__ == "__main__":
    command.run(main)
