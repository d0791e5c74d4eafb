"""Render the planned images into WebDataset shards and write their index.

python -m augment.render
"""

from __future__ import annotations

from pathlib import Path

from augment.cache import keys
from augment.rendering import renderer, task_rows
from augment.rendering.worker import Setup
from augment.store import DEFAULT, locked
from manifests.core import command, files, params
from manifests.sections.policies import Policies
from manifests.sections.render import Render
from manifests.sections.source import Source
from manifests.tables import index, source, tasks


def main() -> None:
    """Read the tasks and the photos; write the shards, the report and, last, the index."""
    options = command.parser(
        __doc__,
        tasks="manifests/built/tasks.parquet",
        source="manifests/built/source.parquet",
        out="datasets/shards",
        report="manifests/built/render.json",
        store=DEFAULT,
    ).parse_args()
    section, seed, jobs = params.section(options.params, Render), params.seed(options.params), command.jobs()
    policies, root = params.section(options.params, Policies), params.section(options.params, Source).root
    table, cells = tasks.read(options.tasks)
    joined = task_rows.join(table, source.read(options.source)[0], cells, policies, str(options.params))
    metadata = {"quality": str(section.quality), "versions": keys.versions()}
    with locked(options.store) as scratch, command.progress(joined.table.num_rows, "render") as bar:
        setup = Setup(Path(root).absolute(), options.store.absolute(), scratch.absolute(), seed, section)
        run = renderer.Stage(joined, policies, setup, options.out.absolute(), jobs)
        renderer.clear(options.out, set(joined.table["shard"].unique().to_pylist()))
        try:
            with index.writing(options.out / "index.parquet", cells, metadata) as append:
                for part in run.run(bar):
                    append(part)
                files.write_text(options.report, run.report.to_json())
        finally:
            renderer.tidy(options.out)
    print(run.report.summary())


if __name__ == "__main__":
    command.run(main)
