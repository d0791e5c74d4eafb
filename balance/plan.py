"""Plan the balanced set: how many originals each cell keeps, how many copies it gets, and every task.

python -m balance.plan
python -m balance.plan --counts counts.csv    # from a table of counts: a plan without tasks
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from balance import axes, copies, counts, pairs, tasks
from balance.report import tables
from balance.report.spread import Spread
from balance.report.summary import summary
from balance.report.variety import variety
from balance.solver import planner
from manifests.core import command, costs, params
from manifests.core.errors import located
from manifests.core.files import write_text
from manifests.sections.plan import PAIR, PHOTO, Plan
from manifests.sections.policies import GLASSES, ON_FACES, Policies
from manifests.tables import emphasis, plan_report, rejects
from manifests.tables import plan as plan_table
from manifests.tables import source as source_table
from manifests.tables import tasks as tasks_table
from manifests.tables.pairs import Faces


def main() -> None:
    """Read the photos or the counts, plan, write the tables, print the report."""
    parser = command.parser(
        __doc__,
        source="manifests/built/source.parquet",
        landmarks="manifests/built/landmarks.parquet",
        rejects="manifests/rejects.csv",
        emphasis="manifests/emphasis.json",
        plan="manifests/built/plan.parquet",
        summary="manifests/built/plan.json",
        tasks="manifests/built/tasks.parquet",
        shares="manifests/built/plan_shares.csv",
        heat="manifests/built/plan_heat.csv",
        copies="manifests/built/plan_copies.csv",
        tradeoff="manifests/built/plan_tradeoff.csv",
    )
    parser.add_argument("--counts", type=command.place, help="plan from this table of counts: no photos, no tasks")
    options = parser.parse_args()
    section, declared = params.section(options.params, Plan), params.cells(options.params)
    rejected, varied, mixed, room, asked = {}, [], None, None, False  # of a plan from counts
    if options.counts:
        cells, available, persons = declared, counts.read(options.counts, declared), None
    else:
        policies, seed = params.section(options.params, Policies), params.seed(options.params)
        with located(f"{options.params}: policies"):
            policies.check(declared)
        source, cells = source_table.read(options.source)
        photos = counts.photos(source)
        available, persons = counts.available(photos, cells), counts.persons(photos, cells)
        rows, asked = source.take(photos.row), not (ON_FACES | {GLASSES}).isdisjoint(policies.root)
        faces = Faces.of(rows, options.landmarks) if asked else Faces.unknown(len(rows))
        rules = copies.CopyRules(photos, cells, policies, seed, faces, section.max_copies_of != PHOTO)
        numbers = copies.rejected_numbers(rejects.read(options.rejects), photos.image_ids)
        room = partial(pairs.room, rules, numbers)
    factors = emphasis.read(options.emphasis, cells)
    with located(f"{options.params}: plan"):
        planned = planner.make(axes.only_present(section, declared, cells), cells, available, factors, persons, room)
    if options.counts:
        spread = Spread.of_counts(available, planned.augment)
    else:
        rules = replace(rules, most=planned.problem.room.photos)
        with located(f"{options.params}: policies"):
            made = copies.plan_copies(rules, planned.augment, numbers)
            rejected = copies.rejected_policies(rules, made, numbers)
        varied = variety(rules, made)
        if section.max_copies_of == PAIR:
            mixed = pairs.counted(rules, made, planned.problem.caps.copies)
        spread = Spread.of_photos(photos.cell, np.bincount(made.photo, minlength=len(photos.cell)), len(cells))
        tasks_table.write(tasks.table(source, rules, made, planned.keep, section.shard_size), options.tasks, cells)
    with located(f"{options.params}: plan"):
        report = summary(planned, spread, rejected, varied, mixed)
    plan_table.write(tables.plan_table(planned, spread), options.plan, cells)
    for name, content in tables.plots(planned, report).items():
        write_text(getattr(options, name), content)
    plan_report.write(report, options.summary)
    print(tables.printed(report))
    if asked:
        print(copies.left_out(rules))
    if section.max_copies_of != PHOTO and np.array_equal(planned.problem.persons, available):
        print("No two photos of a cell are known to show one person: each photo counts as a person of its own.")
    for axis in axes.lost(declared, cells):
        print(f"The photos have no labels for {axis}: its targets and constraints are left out.")
    written = (options.plan, options.summary, *(() if options.counts else (options.tasks,)))
    costs.say("plan", int(available.sum()), *written)


if __name__ == "__main__":
    command.run(main)
