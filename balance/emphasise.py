"""Turn a run's errors on the validation split into manifests/emphasis.json, which the plan reads.

    python -m balance.emphasise --run balanced
    git commit -m "Emphasis from the balanced run" manifests/emphasis.json && dvc repro

Differences that chance explains are left out. The file is committed, not linked: a plan that read a live scorecard
would be a cycle.
"""

from __future__ import annotations

from pathlib import Path

from balance.emphasis import errors_of, factors
from manifests.core import command, params
from manifests.sections.plan import Plan
from manifests.tables import emphasis, scorecard


def main() -> None:
    """Read a scorecard, write the factors and print them."""
    parser = command.parser(__doc__, output="manifests/emphasis.json")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--run", help="the run whose datasets/runs/<run>/scorecard.json is read")
    which.add_argument("--scorecard", type=command.place, help="another scorecard")
    parser.add_argument(
        "--after", type=command.place, help="the factors that the run was planned with; the new ones multiply them"
    )
    options = parser.parse_args()
    section, cells = params.section(options.params, Plan), params.cells(options.params)
    path = options.scorecard or Path("datasets/runs") / options.run / "scorecard.json"
    before = emphasis.read(options.after, cells) if options.after else {}
    found = factors(errors_of(scorecard.read(path), cells, path), section.emphasis, before)
    emphasis.write(found, options.output)
    for axis, values in found.items():
        print(f"{axis}: " + ", ".join(f"{value} x {factor:g}" for value, factor in values.items()))


if __name__ == "__main__":
    command.run(main)
