"""Render a sample of train photos by every policy at several severities, for a judge to look at.

python -m augment.probe
"""

from __future__ import annotations

from augment.rendering import probe_sample, renderer, task_rows
from augment.store import DEFAULT
from manifests.core import command, params
from manifests.sections.audit import Audit
from manifests.sections.policies import Policies
from manifests.sections.render import Render
from manifests.sections.source import Source
from manifests.tables import source


def main() -> None:
    """Read the photos; write the shards and, last, their index, as `augment.render` does.

    The gates are off: they would compare a copy with copies by other policies, and hide what a policy does.
    """
    options = command.parser(
        __doc__, source="manifests/built/source.parquet", out="datasets/probe", store=DEFAULT
    ).parse_args()
    audit, seed = params.section(options.params, Audit), params.seed(options.params)
    table, cells = source.read(options.source)
    photos = probe_sample.eligible(table)
    chosen = probe_sample.choose(photos, cells, audit.photos, seed)
    request = renderer.Request(
        task_rows.arrange(probe_sample.tasks(chosen, photos, cells, audit.severities, seed), photos, cells),
        Policies({}),
        params.section(options.params, Source),
        params.section(options.params, Render).model_copy(update={"gates": False}),
        seed,
        options.out,
        options.store,
    )
    print(renderer.render(request, "probe").summary())


if __name__ == "__main__":
    command.run(main)
