"""Look at a folder or a table of photos and write a commented `params.yaml` for them.

python -m manifests.start FOLDER|TABLE

Reads labels, never pixels. The file that was there is kept as `params.before.yaml`; its policies, render, train, score
and audit sections go on into the new one.
"""

from __future__ import annotations

from collections.abc import Sequence

from manifests.core import command, params
from manifests.core.files import write_text
from manifests.starting import layout, proposal, text


def main(arguments: Sequence[str] | None = None) -> None:
    """Recognise the layout, count the labels, write the parameters, say what was chosen."""
    parser = command.parser(__doc__)
    parser.add_argument("place", type=command.place, metavar="FOLDER|TABLE")
    options = parser.parse_args(arguments)
    params.read(options.params)  # the sections that are kept
    before = options.params.read_text(encoding="utf-8")
    found = proposal.propose(layout.recognised(options.place))
    made = text.params(found, before)
    if made != before:
        write_text(options.params.with_name(f"{options.params.stem}.before.yaml"), before)
        write_text(options.params, made)
    print(f"{found.rows:,} rows of the layout {found.source['layout']}, root {found.source['root']}")
    for ours, theirs in found.source.get("columns", {}).items():
        print(f"{ours} is the column {theirs}")
    if found.source.get("labels", "").startswith(".."):  # the stage depends on the root alone
        print("The table lies outside the root: after a change to it, run dvc repro --force scan")
    if "max_quarantine" in found.source:
        print(f"{found.lost:,} rows lack a label or a photo, or can't be read; the scan lists them")
    for name, counts in found.counts.items():
        print(f"{name}: {', '.join(f'{value} {count:,}' for value, count in counts.items())} ({found.shares[name]})")
    for line in found.why_not():
        print(line)
    print(f"The runs of train will predict {found.target}")
    print(f"{options.params} is written. Next: make repro")


if __name__ == "__main__":
    command.run(main)
