"""The small project of `render_fixtures`, its photos PNG, .JPEG and .jpg in turn, one of test unlabelled."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from manifests.tables import base, landmarks, source
from tests.support import faces
from tests.support.render_fixtures import CELLS, Project, picture, project

FORMATS = (("png", "PNG"), ("JPEG", "JPEG"), ("jpg", "JPEG"))


def mixed_project(folder: Path, **options: int) -> Project:
    """Make the project, then replace its photos and plan again."""
    made = project(folder, **options)
    path = folder / "manifests/built/source.parquet"
    table, _ = source.read(path)
    names, ids = [], []
    for number, name in enumerate(table["path"].to_pylist()):
        (folder / "raw" / name).unlink()
        suffix, kind = FORMATS[number % len(FORMATS)]
        out = io.BytesIO()
        Image.fromarray(picture(number)).save(out, kind)
        names.append(str(Path(name).with_suffix(f".{suffix}")))
        ids.append(sha256(out.getvalue()).hexdigest()[:16])
        (folder / "raw" / names[-1]).write_bytes(out.getvalue())
    cell = table["cell"].to_numpy().copy()
    cell[np.flatnonzero(np.array(table["split"].to_pylist()) == "test")[0]] = -1
    columns = {
        "image_id": pa.array(ids),
        "path": pa.array(names),
        "age": pa.array(np.where(cell < 0, np.nan, table["age"].to_numpy()), pa.float32(), from_pandas=True),
        **dict(zip([f.name for f in base.axis_fields(CELLS)], base.axis_columns(CELLS, pa.array(cell)), strict=True)),
    }
    for name, column in columns.items():
        table = table.set_column(table.column_names.index(name), name, column)
    source.write(table, path, CELLS)
    train = np.array(table["split"].to_pylist()) == "train"
    landmarks.write(faces.table(list(np.array(ids)[train])), path.with_name("landmarks.parquet"), CELLS)
    made.write_tasks(copies=options.get("copies", 3), shard=options.get("shard", 25))
    return made
