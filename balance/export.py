"""Write the plan per train photo: path, copies, sampling weight and loss weight, as Parquet and CSV.

python -m balance.export
"""

from __future__ import annotations

import pyarrow.csv
import pyarrow.parquet as pq

from balance import exporting
from manifests.core import command, costs
from manifests.core.files import publish
from manifests.tables import source, tasks


def main() -> None:
    """Read the tasks and the photos, write both files."""
    options = command.parser(
        __doc__,
        tasks="manifests/built/tasks.parquet",
        source="manifests/built/source.parquet",
        out="datasets/export/plan.parquet",
    ).parse_args()
    planned, cells = tasks.read(options.tasks)
    photos, _ = source.read(options.source)
    table = exporting.rows(planned, photos, cells)
    with publish(options.out) as temporary:
        pq.write_table(table, temporary, compression="zstd")
    with publish(options.out.with_suffix(".csv")) as temporary:
        pyarrow.csv.write_csv(table, temporary)
    images = int(sum(table["sampling_weight"].to_pylist()))
    print(f"{options.out} and .csv: {table.num_rows:,} train photos, {images:,} images in the plan")
    costs.say("export", table.num_rows, options.out, options.out.with_suffix(".csv"))


if __name__ == "__main__":
    command.run(main)
