"""Write the gallery: every image of the shards as a static page that opens without a server.

python -m augment.gallery
python -m augment.gallery --judged manifests/built/judged.parquet --out datasets/pages/gallery_judged
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from augment.rendering import alignment, amounts
from manifests.core import command, costs, places, pool
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.core.files import publish_folder
from manifests.sections.policies import ON_FACES
from manifests.tables import excluded, index, judged, landmarks, plan, rejects
from pages import gallery_images, gallery_index, shell

SCRIPTS = (
    "store",
    "table",
    "marks",
    "filter",
    "route",
    "tile",
    "sheets",
    "grid",
    "photos",
    "bar",
    "align",
    "lists",
    "mixes",
    "image",
    "notable",
    "contact",
    "map",
    "explore",
    "main",
)


def main() -> None:
    """Read the index, the plan and what was turned down; write the page's folder."""
    parser = command.parser(
        __doc__,
        remote=("index", "out"),
        index="datasets/shards/index.parquet",
        plan="manifests/built/plan.parquet",
        rejects="manifests/rejects.csv",
        exclude="manifests/exclude.csv",
        landmarks="manifests/built/landmarks.parquet",
        out="datasets/pages/gallery",
    )
    parser.add_argument(
        "--judged",
        type=command.place,
        help="the audit's figures: photos can be sorted by a judge's error, copies by their drift",
    )
    options = parser.parse_args()
    if places.is_remote(options.out) and pool.on_cluster():
        rule = "none for a page at an address: it is made on this machine, then uploaded"
        raise UserError("environment: POOL", rule, repr(os.environ["POOL"]), "Unset it, or name a folder for --out")
    table, cells = index.read(options.index)
    planned, planned_cells = plan.read(options.plan)
    if planned_cells != cells:
        raise UserError(str(options.plan), f"the cells of {options.index}", "others", "Run `dvc repro` for both")
    with publish_folder(options.out, "augment.gallery") as folder:
        used = pc.unique(table["policy"].cast(pa.string())).to_pylist()
        meshes = {} if ON_FACES.isdisjoint(used) else landmarks.outlines(options.landmarks)
        marked = rejects.read(options.rejects), excluded.read(options.exclude)
        opinions = judged.read(options.judged) if options.judged else None
        write(folder, options.index.parent, table, cells, planned, *marked, meshes, opinions, options.landmarks)
    print(f"{options.out / 'index.html'}: {table.num_rows:,} images")
    costs.say("gallery", table.num_rows, options.out, unit="image")


def write(
    folder: Path,
    shards_folder: Path,
    table: pa.Table,
    cells: Cells,
    planned: pa.Table,
    rejected: dict[str, str],
    left_out: dict[str, str],
    meshes: gallery_images.Meshes | None = None,
    opinions: tuple[pa.Table, str] | None = None,
    faces: Path | None = None,
) -> None:
    """Fill `folder` with the page, its scripts, its index and its images.

    Args:
        folder: where to.
        shards_folder, table, cells: the shards' folder, index and axes.
        planned: the plan.
        rejected, left_out: task_id -> why, and path -> why, as their files hold them.
        meshes: image_id -> the points of its face.
        opinions: what `judged.read` returns; None: nobody has judged the photos.
        faces: the table of landmarks, which mixes at other amounts need; None: there are none.
    """
    rows, each = gallery_index.sampled(gallery_index.order(table))
    alike = gallery_images.write_sheets(folder, shards_folder, rows)
    mixes = amounts.rendered(rows, table, shards_folder, faces) if faces else {}
    parts = gallery_images.write_parts(folder, shards_folder, rows, alike, meshes, alignment.back, mixes)
    columns = gallery_index.columns(rows, cells, parts, alike, rejected, left_out)
    columns["judged"] = gallery_index.judged(rows, *opinions) if opinions else None
    (folder / "table.js").write_text(shell.script("table", columns), encoding="utf-8")
    scripts = [f"gallery_{name}.js" for name in SCRIPTS]
    shell.share(folder, "gallery.css", *scripts)
    counts = {name: planned[name].to_numpy() for name in gallery_index.MEASURES}
    html = shell.page(
        "gallery.html",
        "gallery",
        scripts=scripts,
        heat=shell.heat(cells, counts),
        title=gallery_index.title(table),
        totals=gallery_index.totals(table),
        sample=(each, rows.num_rows, table.num_rows),
        splits=list(enumerate(columns["splits"])),
        policies=list(enumerate(columns["policies"])),
        copies=gallery_index.copies(rows),
        judged=opinions is not None,
        axes=[(axis.name, list(enumerate(axis.values))) for axis in cells.axes],
    )
    (folder / "index.html").write_text(html, encoding="utf-8")


if __name__ == "__main__":
    command.run(main)
