"""Lay out a folder of the balanced set that `huggingface_hub` uploads as it is; nothing is uploaded here.

python -m augment.publish --to FOLDER
"""

from __future__ import annotations

import json
import os
import shutil
from hashlib import file_digest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from augment.papers import card, croissant
from augment.rendering.output import INDEX
from manifests.core import command, costs, params, places
from manifests.core.files import publish_folder
from manifests.sections.licences import LICENCES
from manifests.sections.source import Source
from manifests.tables import audit, index, plan_report


def main() -> None:
    """Read the index, the plan and, where there is one, the audit; link or copy the shards; write card and metadata."""
    parser = command.parser(
        __doc__,
        remote=("shards",),
        shards="datasets/shards",
        plan="manifests/built/plan.json",
        audit="manifests/built/audit.json",
    )
    parser.add_argument("--to", type=places.reached, required=True, help="the folder to make")
    parser.add_argument("--name", default="balanced-faces", help="of the set (default: balanced-faces)")
    parser.add_argument("--set-version", default="1.0.0", help="of the set (default: 1.0.0)")
    options = parser.parse_args()
    layout = params.section(options.params, Source).layout
    table, cells = index.read(options.shards / INDEX)
    plan = plan_report.read(options.plan)
    audited = audit.read(options.audit) if options.audit.is_file() else None
    shards = sorted(table["shard"].cast(pa.string()).unique().to_pylist())
    with publish_folder(options.to, "augment.publish") as folder:
        files = {}
        for name in (*shards, INDEX):
            _place(options.shards / name, folder / name)
            with (folder / name).open("rb") as file:
                files[name] = file_digest(file, "sha256").hexdigest(), (folder / name).stat().st_size
        rai = croissant.responsible(layout, plan, audited)
        schema = pq.read_schema(folder / INDEX)
        tree = croissant.metadata(options.name, options.set_version, layout, files, schema, rai)
        (folder / croissant.NAME).write_text(json.dumps(tree, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        text = card.full(options.name, layout, cells, shards, card.suffixes(table), card.Content(table), plan, rai)
        (folder / card.NAME).write_text(text, encoding="utf-8")
    print(f"{options.to}: {table.num_rows:,} images in {len(shards)} shards, {card.NAME} and {croissant.NAME}")
    print(f"Licence of the photos: {LICENCES[layout]}. Nothing was uploaded.")
    costs.say("publish", table.num_rows, options.to, unit="image")


def _place(source: Path, target: Path) -> None:
    """Link the file, or copy it from an address or another file system."""
    if places.is_remote(source):
        with source.open("rb") as read, target.open("wb") as written:
            shutil.copyfileobj(read, written)
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


if __name__ == "__main__":
    command.run(main)
