"""Render a sample of train photos by every policy at several severities, for a judge to look at.

python -m augment.probe
"""

from __future__ import annotations

from augment.rendering import probe_sample, renderer, task_rows
from augment.store import DEFAULT
from manifests.core import command, costs, params
from manifests.core.errors import located
from manifests.sections.audit import Audit
from manifests.sections.policies import Policies
from manifests.sections.render import Render
from manifests.sections.source import Source
from manifests.tables import source
from manifests.tables.pairs import Faces


def main() -> None:
    """Read the photos; write the shards and, last, their index, as `augment.render` does.

    The gates are off: they would compare a copy with copies by other policies, and hide what a policy does.
    """
    options = command.parser(
        __doc__,
        source="manifests/built/source.parquet",
        landmarks="manifests/built/landmarks.parquet",
        out="datasets/probe",
        store=DEFAULT,
    ).parse_args()
    audit, seed = params.section(options.params, Audit), params.seed(options.params)
    table, cells = source.read(options.source)
    photos = probe_sample.eligible(table)
    chosen = probe_sample.choose(photos, cells, audit.photos, seed)
    policies = params.section(options.params, Policies)
    with located(str(options.params)):
        task_rows.check_policies(policies)
    faces, theirs = Faces.of(photos, options.landmarks), list(task_rows.theirs(policies))
    made = probe_sample.tasks(chosen, photos, cells, audit.severities, seed, faces, theirs)
    request = renderer.Request(
        task_rows.arrange(made, photos, cells),
        policies,
        params.section(options.params, Source),
        params.section(options.params, Render).model_copy(update={"gates": False}),
        seed,
        options.out,
        options.store,
        options.landmarks,
    )
    print(renderer.render(request, "probe").summary())
    costs.say("probe", made.num_rows, options.out, unit="image")


if __name__ == "__main__":
    command.run(main)
