"""APPA-REAL as the Age perception challenge publishes it.

    {train,valid,test}_data/000001.jpg
    labels_metadata_{train,valid,test}.csv    imageId,age,gender,ethnicity,emotion

`age` is the mean age that the raters perceived, in years; `emotion` is the axis `expression`. The
test labels were never published: a split whose label file is missing is unlabelled, and only
train must have one. The zeros that a spreadsheet removed from an `imageId` (`1`) are restored.

The raters' spread is not part of this edition. `source.ratings` may name a table that has it, with
the columns split, challenge_imageId and apparent_age_std.

Agustsson et al. 2017, "Apparent and real age estimation in still images with deep residual
regressors on APPA-REAL database".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from manifests.core.errors import UserError
from manifests.sections.source import Source
from manifests.sources import ages
from manifests.sources.labelfile import Fields, described, photos, records, with_unnamed
from manifests.sources.rows import Quarantined, SourceRow
from manifests.tables.source import SPLITS

AXES = ("age", "gender", "ethnicity", "expression")


def rows(root: Path, source: Source) -> Iterator[SourceRow | Quarantined]:
    """Yield the labelled splits' rows, then the photos of the unlabelled ones."""
    spreads = _spreads(Path(source.ratings)) if source.ratings else {}
    for split in SPLITS:
        labels, listed = root / f"labels_metadata_{split}.csv", photos(root, f"{split}_data")
        if split == "train" or labels.exists():
            yield from with_unnamed(_labelled(labels, split, spreads), listed)
        else:
            yield from (SourceRow(path, split, unlabelled=True) for path in listed)


def _labelled(labels: Path, split: str, spreads: Mapping[tuple[str, str], float]) -> Iterator[SourceRow | Quarantined]:
    def row(fields: Fields) -> SourceRow:
        number = fields["imageId"].zfill(6)
        return SourceRow(
            path=f"{split}_data/{number}.jpg",
            split=split,
            age=ages.parse(fields["age"]),
            labels={
                "gender": (fields["gender"],),
                "ethnicity": (fields["ethnicity"],),
                "expression": (fields["emotion"],),
            },
            age_std=spreads.get((split, number)),
        )

    return described(labels, ("imageId", "age", "gender", "ethnicity", "emotion"), row)


def _spreads(ratings: Path) -> dict[tuple[str, str], float]:
    """(split, imageId) -> the raters' standard deviation, in years."""
    columns = ("split", "challenge_imageId", "apparent_age_std")
    return {
        (fields["split"], fields["challenge_imageId"].zfill(6)): _spread(ratings.with_name(place), fields)
        for place, fields in records(ratings, columns)
        if fields
    }


def _spread(place: Path, fields: Fields) -> float:
    try:
        spread = float(fields["apparent_age_std"])
    except ValueError:
        spread = math.nan
    if not 0 <= spread < math.inf:
        rule, received = "apparent_age_std in years", repr(fields["apparent_age_std"][:80])
        raise UserError(str(place), rule, received, "Correct the row, or source.ratings")
    return spread
