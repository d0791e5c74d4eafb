"""`manifests/built/judged.parquet`: how far a judge's opinion of one image is from what it should be.

A row is, by its `kind`, a train photo (`photo`, copy 0), a copy of it in the shards (`copy`) or in the probe (`probe`),
judged by a model that has not seen the photo. A photo's `off` is its residual: the perceived age less the labelled one,
in years; where another label is judged, that label's probability less 1. A copy's is its drift: what the judge sees in
the copy less what it sees in the photo, and less the change that the mix of two ages should make. Images without an
opinion have no row.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from manifests.core.cells import AGE, Cells
from manifests.tables import base


def schema(_: Cells) -> pa.Schema:
    """Columns."""
    return pa.schema([("image_id", pa.string()), ("copy", pa.int32()), ("kind", pa.string()), ("off", pa.float32())])


def write(table: pa.Table, path: Path, cells: Cells, label: str) -> None:
    """Publish the table; `label` is what was judged: `age`, or an axis."""
    base.write(table, path, cells, schema, {"label": label})


def read(path: Path) -> tuple[pa.Table, str]:
    """Read and check the table; also what was judged."""
    table, _ = base.read(path, schema, "train.audit")
    return table, (table.schema.metadata or {}).get(b"label", AGE.encode()).decode()


def off(table: pa.Table, *kinds: str) -> dict[tuple[str, int], float]:
    """(image_id, copy) -> how far off the judge's opinion is, of these kinds of images."""
    table = table.filter(pc.is_in(table["kind"], pa.array(kinds, pa.string())))
    keys = zip(table["image_id"].to_pylist(), table["copy"].to_pylist(), strict=True)
    return dict(zip(keys, table["off"].to_pylist(), strict=True))


def said(off: float, label: str) -> str:
    """Such as `+5.3 years`, or `-40 points of gender` where a label's probability is judged."""
    text = f"{off:+.1f} years" if label == AGE else f"{100 * off:+.0f} points of {label}"
    return text.replace("-", "\u2212")
