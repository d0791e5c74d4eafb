"""Check every photo and label row of a source, and list what can be used.

    python -m manifests.scan [--params params.yaml] [--source manifests/built/source.parquet]
                             [--quarantine manifests/built/quarantine.parquet]

Reads the sections `source` and `cells`. The quarantine table is written even where too little is
left and the command fails, so that it can say why; the source table is not.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from manifests.core import command, params
from manifests.scanning import report
from manifests.scanning.checks import survey
from manifests.sections.source import Source
from manifests.tables import quarantine
from manifests.tables import source as source_table


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the parameters, survey the source, write both tables, print the counts."""
    options = _parser().parse_args(arguments)
    source, cells = params.section(options.params, Source), params.cells(options.params)
    found = survey(source, cells, options.params, command.jobs())
    quarantine.write(report.quarantine_rows(found), options.quarantine, found.cells)
    print(report.summary(found, source))
    report.check_usable(found, source, options.params, options.quarantine)
    source_table.write(report.source_rows(found, source.near_duplicates == "keep"), options.source, found.cells)


def _parser() -> argparse.ArgumentParser:
    return command.parser(
        __doc__, source="manifests/built/source.parquet", quarantine="manifests/built/quarantine.parquet"
    )


if __name__ == "__main__":
    command.run(main)
