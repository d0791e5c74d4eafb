"""Render a sample of train photos by every policy at several severities, for a judge to look at.

python -m augment.probe
"""

from __future__ import annotations

from pathlib import Path

from augment.cache import keys
from augment.rendering import probe_sample, renderer, task_rows
from augment.rendering.worker import Setup
from augment.store import DEFAULT, locked
from manifests.core import command, params
from manifests.sections.audit import Audit
from manifests.sections.policies import Policies
from manifests.sections.render import Render
from manifests.sections.source import Source
from manifests.tables import index, source


def main() -> None:
    """Read the photos; write the shards and, last, their index, as `augment.render` does.

    The gates are off: they would compare a copy with copies by other policies, and hide what a policy does.
    """
    options = command.parser(
        __doc__, source="manifests/built/source.parquet", out="datasets/probe", store=DEFAULT
    ).parse_args()
    audit, seed, jobs = params.section(options.params, Audit), params.seed(options.params), command.jobs()
    section = params.section(options.params, Render).model_copy(update={"gates": False})
    root = Path(params.section(options.params, Source).root)
    table, cells = source.read(options.source)
    photos = probe_sample.eligible(table)
    chosen = probe_sample.choose(photos, cells, audit.photos, seed)
    arranged = task_rows.arrange(probe_sample.tasks(chosen, photos, cells, audit.severities, seed), photos, cells)
    metadata = {"quality": str(section.quality), "versions": keys.versions()}
    with locked(options.store) as scratch, command.progress(arranged.table.num_rows, "probe") as bar:
        setup = Setup(root.absolute(), options.store.absolute(), scratch.absolute(), seed, section)
        run = renderer.Stage(arranged, Policies({}), setup, options.out.absolute(), jobs)
        renderer.clear(options.out, set(arranged.table["shard"].unique().to_pylist()))
        try:
            with index.writing(options.out / "index.parquet", cells, metadata) as append:
                for part in run.run(bar):
                    append(part)
        finally:
            renderer.tidy(options.out)
    print(run.report.summary())


if __name__ == "__main__":
    command.run(main)
