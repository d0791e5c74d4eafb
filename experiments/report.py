"""Write a table's report: every row with its intervals, each part's differences with theirs.

    python -m experiments.report --table experiments/appa_real/studies.yaml --output docs/studies.md

It reads the experiments alone, never a model or a photo.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

from experiments import coordinates, figures, results, rounds, table, words
from manifests.core import command, params
from manifests.core.files import write_text
from manifests.sections.score import Score


def main() -> None:
    """Read every row's predictions, score them together, write the page."""
    parser = command.parser(__doc__, table="experiments/appa_real/studies.yaml", output="docs/studies.md")
    parser.set_defaults(params=Path("params.appa_real.yaml"))
    options = parser.parse_args()
    wanted = table.read(options.table)
    table.check_base(options.params)
    rows = []
    with command.progress(len(wanted.sets), "read", "set") as bar:
        for name in wanted.sets:
            wanted = rounds.drawn(wanted, name, options.params, options.table)
            one, experiment = wanted.sets[name], results.experiment_of(options.table, name)
            rows += figures.rows_of(experiment, table.composed(wanted, one, options.params), name, one)
            bar.update(1)
    score, seed = params.section(options.params, Score), params.seed(options.params)
    scored = figures.scored(rows, score, seed)
    write_text(options.output, words.page(wanted, scored, environment(), score, seed, options.output.stem))
    for name, points in wanted.sweeps().items():
        errors = words.on_valid({row: scored.rows[row] for row in points})
        drawn = coordinates.svg(points, errors, words.unit_of(scored))
        write_text(options.output.with_name(f"{options.output.stem}-{name}.svg"), drawn)
    print(f"{len(rows)} rows in {len(wanted.sets)} experiments: {options.output}")


def environment() -> str:
    """Describe what the figures were made with: the machine, Python, and the packages that they depend on."""
    packages = ("tensorflow-cpu", "keras", "numpy", "opencv-python-headless", "simplejpeg", "pyarrow", "scipy")
    versions = []
    for package in packages:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:  # the GPU lock file has another TensorFlow
            continue
    return (
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, {', '.join(versions)}"
    )


if __name__ == "__main__":
    command.run(main)
