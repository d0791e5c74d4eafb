"""FairFace.

    fairface_label_{train,val}.csv    file,age,gender,race,service_test
    {train,val}/1.jpg                 as the column `file` says

Ages are inclusive ranges (0-2, 3-9, 10-19, 20-29, ... 60-69) and `more than 70`. Copies that a spreadsheet
saved have `9-Mar` or `03-Sep` for 3-9, and `19-Oct` or `Oct-19` for 10-19; they are
read as the ranges. Set the bins of `cells.age` to fit, such as [10, 20, 30, 40, 50, 60, 70]. Gender is Male or Female,
`race` (the axis `ethnicity`) White, Black, East Asian, Southeast Asian, Indian, Middle Eastern or
Latino_Hispanic; where `cells` has `asian` alone, both East and Southeast Asian are it.

`val` is the split valid; there is no test. A root with one of the two label files is a part of the
set, so its photos are split by hash.

Kärkkäinen and Joo 2021, "FairFace: face attribute dataset for balanced race, gender, and age".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from manifests.core.errors import UserError
from manifests.sections.source import Source
from manifests.sources import ages
from manifests.sources.labelfile import Fields, described, photos, with_unnamed
from manifests.sources.rows import Quarantined, SourceRow

AXES = ("age", "gender", "ethnicity")
PARTS = {"train": "train", "val": "valid"}
ALIASES = {
    "White": ("caucasian",),
    "Black": ("african american",),
    "East Asian": ("asian",),
    "Southeast Asian": ("asian",),
    "Latino_Hispanic": ("latino", "hispanic"),
}


def rows(root: Path, source: Source) -> Iterator[SourceRow | Quarantined]:
    """Yield the rows of each label file that is there."""
    found = [part for part in PARTS if (root / f"fairface_label_{part}.csv").exists()]
    if not found:
        raise UserError(
            str(root),
            "fairface_label_train.csv or fairface_label_val.csv",
            "neither",
            "Check source.layout and source.root in params.yaml",
        )
    for part in found:
        split = PARTS[part] if len(found) == len(PARTS) else None
        labelled = _labelled(root / f"fairface_label_{part}.csv", split)
        yield from with_unnamed(labelled, photos(root, part))


def _labelled(labels: Path, split: str | None) -> Iterator[SourceRow | Quarantined]:
    def row(fields: Fields) -> SourceRow:
        race = fields["race"]
        return SourceRow(
            path=fields["file"],
            split=split,
            age=ages.parse(fields["age"]),
            labels={"gender": (fields["gender"],), "ethnicity": (race, *ALIASES.get(race, ()))},
        )

    return described(labels, ("file", "age", "gender", "race"), row)
