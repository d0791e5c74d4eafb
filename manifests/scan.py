"""Check every photo and label row of a source, and list what can be used.

    python -m manifests.scan [--params params.yaml] [--source manifests/built/source.parquet]
                             [--quarantine manifests/built/quarantine.parquet]

Reads the sections `task`, `source` and `cells`, and `manifests/exclude.csv`; those of later stages are checked alone.
The quarantine table is written even where too little is left and the command fails, so that it can say why; the
source table is not.
"""

from __future__ import annotations

from collections.abc import Sequence

from manifests.core import command, costs, params
from manifests.core.cells import AGE
from manifests.core.errors import located
from manifests.scanning import checks, report
from manifests.sections import ahead
from manifests.sections.source import Source
from manifests.sections.task import Task
from manifests.tables import excluded, quarantine
from manifests.tables import source as source_table


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the parameters, survey the source, write both tables, print the counts."""
    parser = command.parser(
        __doc__,
        exclude="manifests/exclude.csv",
        source="manifests/built/source.parquet",
        quarantine="manifests/built/quarantine.parquet",
    )
    options = parser.parse_args(arguments)
    source, declared = params.section(options.params, Source), params.cells(options.params)
    ahead.check(options.params, declared)
    section = f"{options.params}: source"
    with located(section):
        labelled = checks.labelled_axes(source, declared)
    with located(f"{options.params}: cells"):
        cells = checks.present(declared, labelled, source.layout)
    task = params.section(options.params, Task, Task())
    with located(f"{options.params}: task"):
        task.check(cells)
    with located(section):
        aged = AGE in labelled and task.needs(AGE)
        found = checks.survey(source, cells, aged, command.jobs(), excluded.read(options.exclude))
    quarantine.write(report.quarantine_rows(found), options.quarantine, cells)
    print(report.summary(found, source, declared))
    with located(section):
        report.check_usable(found, source, options.quarantine)
    source_table.write(report.source_rows(found, source.near_duplicates == "keep"), options.source, cells)
    costs.say("scan", found.read, options.source, options.quarantine)


if __name__ == "__main__":
    command.run(main)
