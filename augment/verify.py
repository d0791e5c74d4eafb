"""Render images again from their index rows alone, and report every one that comes out otherwise.

python -m augment.verify
"""

from __future__ import annotations

import sys
from pathlib import Path

from augment import recheck
from manifests.core import command, params
from manifests.core.errors import UserError
from manifests.sections.source import Source
from manifests.tables import index


def main() -> None:
    """Verify a sample, or with `--sample 0` every row; exit 1 where one does not match."""
    parser = command.parser(__doc__, index="datasets/shards/index.parquet")
    parser.add_argument("--sample", type=int, default=1000, help="rows, evenly spread; 0 for all (default: 1000)")
    options = parser.parse_args()
    if options.sample < 0:
        raise UserError("--sample", "a number of rows, or 0 for all", options.sample, "Correct the value")
    table, _ = index.read(options.index)
    root = Path(params.section(options.params, Source).root)
    for line in recheck.warnings(table):
        print(line, file=sys.stderr)
    rows = recheck.sample(table, options.sample)
    with command.progress(rows.num_rows, "verify") as bar:
        wrong = recheck.verify(rows, table, root, options.index.parent, command.jobs(), bar.update)
    print("\n".join([*wrong, f"{rows.num_rows:,} of {table.num_rows:,} images verified, {len(wrong):,} mismatches"]))
    if wrong:
        sys.exit(1)


if __name__ == "__main__":
    command.run(main)
