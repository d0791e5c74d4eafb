"""Render the planned images into WebDataset shards and write their index.

python -m augment.render
"""

from __future__ import annotations

from augment.rendering import renderer, task_rows
from augment.store import DEFAULT
from manifests.core import command, params
from manifests.core.errors import located
from manifests.sections.policies import Policies
from manifests.sections.render import Render
from manifests.sections.source import Source
from manifests.tables import source, tasks


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
    policies = params.section(options.params, Policies)
    table, cells = tasks.read(options.tasks)
    photos, _ = source.read(options.source)
    with located(str(options.params)):
        rows = task_rows.join(table, photos, cells, policies)
    request = renderer.Request(
        rows,
        policies,
        params.section(options.params, Source),
        params.section(options.params, Render),
        params.seed(options.params),
        options.out,
        options.store,
    )
    print(renderer.render(request, "render", options.report).summary())


if __name__ == "__main__":
    command.run(main)
