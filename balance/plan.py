"""Plan the balanced set: how many originals each cell keeps, how many copies it gets, and every task.

python -m balance.plan
python -m balance.plan --counts counts.csv    # from a table of counts: a plan without tasks
"""

from __future__ import annotations

import json
from pathlib import Path

from balance import axes, counts, emphasis, stage
from balance.report import tables
from balance.solver import planner
from manifests.core import command, params
from manifests.core.files import write_text
from manifests.sections.plan import Plan
from manifests.sections.policies import Policies
from manifests.tables import plan as plan_table
from manifests.tables import rejects
from manifests.tables import source as source_table
from manifests.tables import tasks as tasks_table


def main() -> None:
    """Read the photos or the counts, plan, write the tables, print the report."""
    parser = command.parser(
        __doc__,
        source="manifests/built/source.parquet",
        rejects="manifests/rejects.csv",
        emphasis="manifests/emphasis.json",
        plan="manifests/built/plan.parquet",
        summary="manifests/built/plan.json",
        tasks="manifests/built/tasks.parquet",
        shares="manifests/built/plan_shares.csv",
        heat="manifests/built/plan_heat.csv",
        copies="manifests/built/plan_copies.csv",
        price="manifests/built/plan_price.csv",
    )
    parser.add_argument("--counts", type=Path, help="plan from this table of counts: no photos, no tasks")
    options = parser.parse_args()
    section, where = params.section(options.params, Plan), f"{options.params}: plan"
    declared = params.cells(options.params)
    allocated = None
    if options.counts:
        cells = declared
        made = planner.make(
            section, cells, counts.read(options.counts, cells), emphasis.read(options.emphasis, cells), where
        )
    else:
        policies, seed = params.section(options.params, Policies), params.seed(options.params)
        policies.check(declared, named := f"{options.params}: policies")
        source, cells = source_table.read(options.source)
        section = axes.only_present(section, declared, cells)
        available = counts.available(photos := counts.photos(source), cells)
        made = planner.make(section, cells, available, emphasis.read(options.emphasis, cells), where)
        allocated = stage.allocate(made, source, photos, policies, seed, rejects.read(options.rejects), named)
    summary = stage.explain(made, allocated.rejected if allocated else {}, where)
    if allocated:
        tasks_table.write(allocated.tasks, options.tasks, cells)
    plan_table.write(tables.plan_table(made), options.plan, cells)
    for name, content in tables.plots(made, summary).items():
        write_text(getattr(options, name), content)
    write_text(options.summary, json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    print(tables.printed(summary))
    for axis in axes.lost(declared, cells):
        print(f"The photos have no labels for {axis}: its wishes are left out.")


if __name__ == "__main__":
    command.run(main)
