"""The faces that `python -m manifests.draw` draws.

    labels.csv          path,split,age,age_std,gender,ethnicity,expression
    <split>/000000.jpg  96 x 96
    landmarks.npy       float16 (rows, 468, 3), the face mesh's points in the order of the rows

`age` is the perceived age in years, `age_std` the spread of the simulated raters. The label file
is a table as `table.py` reads it; every split is labelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from manifests.sections.source import Source
from manifests.sources import table
from manifests.sources.rows import Quarantined, SourceRow

AXES = ("age", "gender", "ethnicity", "expression")


def rows(root: Path, source: Source) -> Iterator[SourceRow | Quarantined]:
    """Yield one row for each drawn face."""
    return table.rows(root, source.model_copy(update={"labels": "labels.csv", "columns": {}}))
