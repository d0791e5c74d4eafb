"""APPA-REAL as its authors released it.

    {train,valid,test}/000000.jpg_face.jpg
    gt_avg_{train,valid,test}.csv           file_name,num_ratings,apparent_age_avg,apparent_age_std,real_age
    allcategories_{train,valid,test}.csv    file,gender,race,happiness

The age is the mean that the raters perceived, and `age_std` their standard deviation, in years.
`source.columns: {age: real_age}` takes the real age instead, which has no spread. `race` is the
axis `ethnicity` and `happiness` the axis `expression`. Only train is required; a photo without a
row in `gt_avg`, or without one in `allcategories`, is quarantined.

Agustsson et al. 2017; categories by Clapés et al. 2018, "From apparent to real age: gender, age,
ethnic, makeup, and expression bias analysis in real age estimation".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from manifests.sections.source import Source
from manifests.sources import ages
from manifests.sources.labelfile import Fields, described, photos, records, with_unnamed
from manifests.sources.rows import Quarantined, SourceRow
from manifests.tables.source import SPLITS

AXES = ("age", "gender", "ethnicity", "expression")
PERCEIVED = "apparent_age_avg"


def rows(root: Path, source: Source) -> Iterator[SourceRow | Quarantined]:
    """Yield the rows of each split whose `gt_avg` file is there."""
    age_column = source.columns.get("age", PERCEIVED)
    for split in SPLITS:
        if split == "train" or (root / f"gt_avg_{split}.csv").exists():
            faces = (path for path in photos(root, split) if path.endswith("_face.jpg"))
            yield from with_unnamed(_labelled(root, split, age_column), faces)


def _labelled(root: Path, split: str, age_column: str) -> Iterator[SourceRow | Quarantined]:
    columns = ("file", "gender", "race", "happiness")
    categories = {
        fields["file"]: fields for _, fields in records(root / f"allcategories_{split}.csv", columns) if fields
    }

    def row(fields: Fields) -> SourceRow:
        name = fields["file_name"]
        category = categories.get(name, {})
        spread = ages.parse(fields["apparent_age_std"]) if age_column == PERCEIVED else None
        return SourceRow(
            path=f"{split}/{name}_face.jpg",
            split=split,
            age=ages.parse(fields[age_column]),
            labels={
                "gender": (category.get("gender", ""),),
                "ethnicity": (category.get("race", ""),),
                "expression": (category.get("happiness", ""),),
            },
            age_std=spread.years if spread else None,
        )

    return described(root / f"gt_avg_{split}.csv", ("file_name", age_column, "apparent_age_std"), row)
