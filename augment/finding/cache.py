"""What was found in photos once, by their content: parts of a table in a folder named after what finds it.

Parts are only added, each published whole, so that a killed run loses the photos that its workers were looking at.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from augment.cache.keys import ROOT, versions
from augment.finding import faces
from manifests.core.files import publish

FILES = (
    "augment/finding/*.py",
    "augment/rendering/photo.py",
    "manifests/core/codec.py",
    "manifests/core/face_mesh.*",
    "manifests/core/tfjs.py",
)


def fingerprint(models: faces.Models) -> str:
    """A hash of the models, the code that runs them, and the libraries."""
    made = blake2b(versions().encode(), digest_size=8)
    graphs = [path for path in (models.mesh, models.person) if path is not None]
    code = [path for pattern in FILES for path in sorted(ROOT.glob(pattern))]
    for path in [*code, *graphs, *(graph.with_suffix(".bin") for graph in graphs)]:
        made.update(path.name.encode() + path.read_bytes())
    return made.hexdigest()


def read(folder: Path, wanted: set[str]) -> pa.Table:
    """The rows of `wanted` photos that are there; a damaged part is removed, and its photos are looked at again."""
    found = [faces.SCHEMA.empty_table()]
    for path in sorted(folder.glob("*.parquet")):
        try:
            table = pq.read_table(path)
            mask = pa.array([one in wanted for one in table["image_id"].to_pylist()])
            found.append(table.filter(mask).cast(faces.SCHEMA))
        except (OSError, pa.ArrowException, KeyError):
            path.unlink(missing_ok=True)
    return pa.concat_tables(found)


def write(folder: Path, rows: pa.Table) -> None:
    """Publish a part."""
    name = blake2b("\n".join(rows["image_id"].to_pylist()).encode(), digest_size=8).hexdigest()
    with publish(folder / f"{name}.parquet") as temporary:
        pq.write_table(rows, temporary, compression="zstd")
