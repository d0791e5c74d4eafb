"""Plan the balanced set: how many originals each cell keeps, how many copies it gets, and every task.

python -m balance.plan
python -m balance.plan --counts counts.csv    # from a table of counts: a plan without tasks
"""

from __future__ import annotations

from argparse import Namespace
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa

from balance import axes, copies, counts, pairs, tasks
from balance.report import tables
from balance.report.spread import Spread
from balance.report.summary import summary
from balance.report.variety import variety
from balance.solver import planner
from balance.solver.planner import Planned
from manifests.core import command, costs, params
from manifests.core.cells import Cells
from manifests.core.errors import located
from manifests.core.files import write_text
from manifests.sections.plan import PAIR, PHOTO, Plan
from manifests.sections.policies import GLASSES, ON_FACES, Policies
from manifests.tables import emphasis, plan_report, rejects
from manifests.tables import plan as plan_table
from manifests.tables import source as source_table
from manifests.tables import tasks as tasks_table
from manifests.tables.pairs import Faces
from manifests.tables.plan_report import PlanReport


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
    if options.counts:
        photos, cells, available = None, declared, counts.read(options.counts, declared)
        persons = room = None
    else:
        source, cells = source_table.read(options.source)
        photos = _photos(options, section, declared, source, cells)
        available, persons = counts.available(photos.rules.photos, cells), counts.persons(photos.rules.photos, cells)
        room = partial(pairs.room, photos.rules, photos.rejected)
    factors = emphasis.read(options.emphasis, cells)
    with located(f"{options.params}: plan"):
        planned = planner.make(axes.only_present(section, declared, cells), cells, available, factors, persons, room)
    if photos is None:
        with located(f"{options.params}: plan"):
            spread = Spread.of_counts(available, planned.augment)
            report = summary(planned, spread, {})
    else:
        spread, report = _copied(options, section, photos, planned)
    plan_table.write(tables.plan_table(planned, spread), options.plan, cells)
    for name, content in tables.plots(planned, report).items():
        write_text(getattr(options, name), content)
    plan_report.write(report, options.summary)
    print(tables.printed(report))
    if photos is not None and photos.looked_at:
        print(copies.left_out(photos.rules))
    if section.max_copies_of != PHOTO and np.array_equal(planned.problem.persons, available):
        print("No two photos of a cell are known to show one person: each photo counts as a person of its own.")
    for axis in axes.lost(declared, cells):
        print(f"The photos have no labels for {axis}: its targets and constraints are left out.")
    written = (options.plan, options.summary, *(() if options.counts else (options.tasks,)))
    costs.say("plan", int(available.sum()), *written)


@dataclass(frozen=True)
class _Photos:
    """The photos that are planned with: the source table, the rules, the copies never planned, whether faces count."""

    source: pa.Table
    rules: copies.CopyRules
    rejected: copies.Rejected
    looked_at: bool


def _photos(options: Namespace, section: Plan, declared: Cells, source: pa.Table, cells: Cells) -> _Photos:
    policies, seed = params.section(options.params, Policies), params.seed(options.params)
    with located(f"{options.params}: policies"):
        policies.check(declared)
    chosen = counts.photos(source)
    rows, looked_at = source.take(chosen.row), not (ON_FACES | {GLASSES}).isdisjoint(policies.root)
    faces = Faces.of(rows, options.landmarks) if looked_at else Faces.unknown(len(rows))
    rules = copies.CopyRules(chosen, cells, policies, seed, faces, section.max_copies_of != PHOTO)
    rejected = copies.rejected_numbers(rejects.read(options.rejects), chosen.image_ids)
    return _Photos(source, rules, rejected, looked_at)


def _copied(options: Namespace, section: Plan, photos: _Photos, planned: Planned) -> tuple[Spread, PlanReport]:
    """Say what each copy is, write the tasks, and report the plan."""
    rules, mixed = replace(photos.rules, most=planned.problem.room.photos), None
    with located(f"{options.params}: policies"):
        made = copies.plan_copies(rules, planned.augment, photos.rejected)
        rejected = copies.rejected_policies(rules, made, photos.rejected)
    if section.max_copies_of == PAIR:
        mixed = pairs.counted(rules, made, planned.problem.caps.copies)
    cell, cells = rules.photos.cell, rules.cells
    spread = Spread.of_photos(cell, np.bincount(made.photo, minlength=len(cell)), len(cells))
    tasks_table.write(tasks.table(photos.source, rules, made, planned.keep, section.shard_size), options.tasks, cells)
    with located(f"{options.params}: plan"):
        return spread, summary(planned, spread, rejected, variety(rules, made), mixed)


if __name__ == "__main__":
    command.run(main)
