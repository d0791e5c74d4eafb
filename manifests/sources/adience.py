"""Adience, aligned faces, in cross-validation folds.

    fold_[n]_data.txt    tab-separated: user_id, original_image, face_id, age, gender, and more
    faces/<user_id>/coarse_tilt_aligned_face.<face_id>.<original_image>

Ages are inclusive ranges such as (25, 32), single years such as 35, or None. The release has a few
ranges of its own ((27, 32), (38, 42), (8, 23)) and 72 rows of (25, 23), whose ends are in the wrong order: they
are quarantined where they fit no bin. Gender is f, m, or u or blank where it is not known. Bins that fit
the ranges: `cells.age: [4, 8, 15, 25, 38, 48, 60]`.

Folds are no splits: photos are split by hash, all of one `user_id` together. Any number of
fold files may be there; the lists `fold_frontal_*` repeat their rows and are not read.

Eidinger, Enbar and Hassner 2014, "Age and gender estimation of unfiltered faces".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from manifests.core.errors import UserError
from manifests.sections.source import Source
from manifests.sources import ages
from manifests.sources.labelfile import Fields, described, photos, with_unnamed
from manifests.sources.rows import Quarantined, SourceRow

AXES = ("age", "gender")
GENDERS = {"f": ("female", "f"), "m": ("male", "m"), "u": (), "": ()}
_FOLD = re.compile(r"fold_(\d+)_data\.txt")


def rows(root: Path, source: Source) -> Iterator[SourceRow | Quarantined]:
    """Yield the rows of all folds."""
    folds = sorted(path for path in root.iterdir() if _FOLD.fullmatch(path.name))
    if not folds:
        raise UserError(
            str(root), "fold_0_data.txt or another fold", "none", "Check source.layout and source.root in params.yaml"
        )
    columns = ("user_id", "original_image", "face_id", "age", "gender")
    labelled = chain.from_iterable(described(fold, columns, _row, delimiter="\t") for fold in folds)
    yield from with_unnamed(labelled, _faces(root))


def _row(fields: Fields) -> SourceRow:
    gender = fields["gender"].casefold()
    return SourceRow(
        path=f"faces/{fields['user_id']}/coarse_tilt_aligned_face.{fields['face_id']}.{fields['original_image']}",
        age=ages.parse(fields["age"]),
        labels={"gender": GENDERS.get(gender, (gender,))},
        subject=fields["user_id"],
    )


def _faces(root: Path) -> Iterator[str]:
    users = root / "faces"
    if users.is_dir():
        for user in sorted(entry.name for entry in users.iterdir() if entry.is_dir()):
            yield from photos(root, f"faces/{user}")
