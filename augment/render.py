"""Render the planned images into WebDataset shards and write their index.

python -m augment.render
python -m augment.render --part 3/16    # on one of 16 machines that share the folders; then, once, on any of them:
python -m augment.render --join
"""

from __future__ import annotations

from augment.rendering import renderer, task_rows
from augment.rendering.parts import Part
from augment.store import DEFAULT
from manifests.core import command, costs, params
from manifests.core.errors import located
from manifests.sections.policies import Policies
from manifests.sections.render import Render
from manifests.sections.source import Source
from manifests.tables import source, tasks


def main() -> None:
    """Read the tasks and the photos; write the shards, the report and, last, the index."""
    parser = command.parser(
        __doc__,
        tasks="manifests/built/tasks.parquet",
        source="manifests/built/source.parquet",
        landmarks="manifests/built/landmarks.parquet",
        out="datasets/shards",
        remote=("out", "store"),
        report="manifests/built/render.json",
        store=DEFAULT,
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--part", type=Part.parse, help="render this part of the shards alone, such as 3/16")
    which.add_argument("--join", action="store_true", help="write the index of shards rendered in parts")
    options = parser.parse_args()
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
        options.landmarks if task_rows.faced(rows) else None,
    )
    if options.join:
        print(renderer.join(request, "render", options.report).summary())
    else:
        print(renderer.render(request, "render", options.report, options.part).summary())
    costs.say("render", table.num_rows, options.out, unit="image")


if __name__ == "__main__":
    command.run(main)
