"""Find the face in each train photo, once per photo: what the policies on landmarks need.

python -m augment.landmarks
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from augment.finding import cache, drawn, faces
from augment.rendering.probe_sample import eligible
from augment.rendering.task_rows import CALL, cut
from manifests.core import command, costs, params, pool
from manifests.core.errors import UserError
from manifests.core.places import place, reached
from manifests.sections.source import Source
from manifests.tables import landmarks
from manifests.tables import source as source_table

_PART = 32  # calls of a worker in a part of the cache: a minute of work


def main() -> None:
    """Read the photos and the models; write the table. It is empty without a model, unless the photos are drawn."""
    options = command.parser(
        __doc__,
        source="manifests/built/source.parquet",
        out="manifests/built/landmarks.parquet",
        cache=".cache/landmarks",
    ).parse_args()
    source = params.section(options.params, Source)
    table, cells = source_table.read(options.source)
    photos = eligible(table)
    found = faces.SCHEMA.empty_table()
    if source.layout == "drawn":
        found = look(photos, source, None, options.cache, drawn.read(place(source.root)))
    elif source.face_mesh is not None:
        found = look(photos, source, models(source, str(options.params)), options.cache, {})
    landmarks.write(found.sort_by("image_id").combine_chunks(), options.out, cells)
    seen = pc.sum(pc.greater_equal(found["score"], landmarks.FACE)).as_py() or 0
    with_ = pc.sum(found["spectacles"]).as_py() or 0
    print(f"landmarks     {seen:>9,}  faces in {photos.num_rows:,} train photos, {with_:,} with spectacles or a frown")
    if not found.num_rows:
        print("landmarks     none: source.face_mesh names no model, so the policies on landmarks are left out")
    costs.say("landmarks", photos.num_rows, options.out)


def models(source: Source, where: str) -> faces.Models:
    """The models that `source` names.

    Raises:
        UserError: one is not there.
    """
    for key in ("face_mesh", "person_mask"):
        path = getattr(source, key)
        if path is not None and not Path(path).is_file():
            raise UserError(
                f"{where}: source.{key}", "a model's .json file", f"no file {path}", "Run `make face-landmarks`"
            )
    person = Path(source.person_mask).absolute() if source.person_mask else None
    return faces.Models(Path(str(source.face_mesh)).absolute(), person)


def look(photos: pa.Table, source: Source, using: faces.Models | None, folder: Path, known: drawn.Known) -> pa.Table:
    """Look at what the cache does not have, by all workers.

    Args:
        photos: of the source table.
        source: the section.
        using: the models; None for drawn faces.
        folder: the caches'.
        known: of drawn faces, path -> points.
    """
    own = folder / (cache.fingerprint(using) if using else "none")
    found = cache.read(own, set(photos["image_id"].to_pylist())) if using else faces.SCHEMA.empty_table()
    missing = photos.filter(pc.invert(pc.is_in(photos["image_id"], value_set=found["image_id"].combine_chunks())))
    pairs = list(zip(missing["image_id"].to_pylist(), missing["path"].to_pylist(), strict=True))
    root = reached(source.root).absolute()
    calls = (
        (using, root, part, source.max_bytes, {path: known[path] for _, path in part if path in known})
        for part in cut(pairs, CALL)
    )
    parts, waiting = [found], list[pa.RecordBatch]()
    with (
        command.progress(len(pairs), "landmarks") as bar,
        closing(pool.each(command.jobs(), faces.find, calls, "landmarks")) as done,
    ):
        for batch in done:
            waiting.append(batch)
            bar.update(batch.num_rows)
            if len(waiting) == _PART:
                parts.append(_kept(own, waiting, using is not None))
                waiting = []
    return pa.concat_tables([*parts, _kept(own, waiting, using is not None)])


def _kept(folder: Path, batches: list[pa.RecordBatch], store: bool) -> pa.Table:
    table = pa.Table.from_batches(batches, faces.SCHEMA)
    if store and table.num_rows:
        cache.write(folder, table)
    return table


if __name__ == "__main__":
    command.run(main)
