"""Plan the balanced set: how many originals each cell keeps, how many copies it gets, and every task.

python -m balance.plan
python -m balance.plan --counts counts.csv    # from a table of counts: a plan without tasks
"""

from __future__ import annotations

import json
from pathlib import Path

from manifests import command, params


def main() -> None:
    """Read the photos or the counts, plan, write the tables, print the report."""
    from balance import counts, report, tasks, wishes
    from balance.formulation import Formulation
    from balance.solve import solve
    from manifests.files import write_text
    from manifests.sections.plan import Plan
    from manifests.sections.policies import Policies
    from manifests.tables import plan as plan_table
    from manifests.tables import source as source_table
    from manifests.tables import tasks as tasks_table

    parser = command.parser(
        __doc__,
        source="manifests/built/source.parquet",
        rejects="manifests/rejects.csv",
        emphasis="manifests/emphasis.json",
        plan="manifests/built/plan.parquet",
        summary="manifests/built/plan.json",
        tasks="manifests/built/tasks.parquet",
    )
    parser.add_argument("--counts", type=Path, help="plan from this table of counts, without photos")
    options = parser.parse_args()
    section = params.section(options.params, Plan)
    policies = params.section(options.params, Policies)
    seed = params.seed(options.params)
    source, cells = source_table.read(options.source)
    photos = counts.photos(source)
    available = counts.available(photos, cells)
    problem = wishes.problem(section, cells, available, int(section.total), {}, f"{options.params}: plan")
    solution = solve(Formulation(problem), section.nodes)
    keep, augment = report.parts(problem, solution.target)
    plan_table.write(report.plan_table(problem, cells, solution.target), options.plan, cells)
    made = tasks.plan_copies(photos, cells, augment, policies, seed, {})
    table = tasks.table(source, cells, photos, keep, made, policies, seed, section.shard_size)
    tasks_table.write(table, options.tasks, cells)
    write_text(options.summary, json.dumps({"levels": [level.__dict__ for level in solution.levels]}, indent=1))


if __name__ == "__main__":
    command.run(main)
