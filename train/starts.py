"""Write what each run's networks begin with, so that DVC trains a run again when the run it starts from changes.

A stage of DVC's matrix can't depend on another item of it by name; it can depend on its own file here.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from manifests.core import command, costs, params, places
from manifests.core.errors import located
from manifests.core.files import publish_folder, write_text
from manifests.sections.train import Train
from train import recipes


def main() -> None:
    """Read the section and the files of weights that it names; write a small file per run."""
    parser = command.parser(__doc__, out="manifests/built/starts")
    options = parser.parse_args()
    train = params.section(options.params, Train)
    with located(f"{options.params}: train"):
        known = {name: beginning(train, name) for name in train.runs}
    with publish_folder(options.out, "starts") as folder:
        for name, content in known.items():
            write_text(folder / f"{name}.json", json.dumps(content, indent=1, sort_keys=True) + "\n")
    print(f"{options.out}: {len(known)} runs, {sum(run.start is not None for run in train.runs.values())} with a start")
    costs.say("starts", len(known), options.out, unit="run")


def beginning(train: Train, name: str) -> dict[str, Any]:
    """Spell out what a run begins with: the runs that it starts from, and the SHA-256 of each file of weights.

    Raises:
        UserError: see `recipes.chain_of`.
    """
    earlier = list(recipes.chain_of(train, name))[:-1]
    files = {train.of(each).weights for each in (*earlier, name)} | {
        train.runs[each].start for each in (*earlier, name)
    }
    return {
        "runs": {each: train.runs[each].model_dump(mode="json") for each in earlier},
        "files": {
            file: _sha256(places.local(file)) for file in sorted(f for f in files if f and places.local(f).is_file())
        },
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    command.run(main)
