"""Adience, aligned faces, in cross-validation folds.

    fold_[n]_data.txt    tab-separated: user_id, original_image, face_id, age, gender, and more
    faces/<user_id>/coarse_tilt_aligned_face.<face_id>.<original_image>

Ages are inclusive ranges such as (25, 32), single years such as 35, or None. The release has a few
ranges of its own ((27, 32), (38, 42), (8, 23)) and 72 rows of (25, 23), whose ends are in the wrong order: they
are quarantined where they fit no bin. Gender is f, m, or u or blank where it is not known. Bins that fit
the ranges: `cells.age: [4, 8, 15, 25, 38, 48, 60]`.

Folds are no splits, unless `source.fold` names the one to test on: photos are split by hash, all of one `user_id`
together. Any number of fold files may be there. The lists `fold_frontal_*` repeat the rows of faces that look into the
camera; `source.frontal` reads them instead.

Eidinger, Enbar and Hassner 2014, "Age and gender estimation of unfiltered faces".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path

from manifests.core.errors import UserError
from manifests.sections.source import Source
from manifests.sources import ages
from manifests.sources.labelfile import Fields, described, photos, with_unnamed
from manifests.sources.rows import Quarantined, SourceRow

AXES = ("age", "gender")
GENDERS = {"f": ("female", "f"), "m": ("male", "m"), "u": (), "": ()}
_FOLDS = {False: re.compile(r"fold_(\d+)_data\.txt"), True: re.compile(r"fold_frontal_(\d+)_data\.txt")}


def rows(root: Path, source: Source) -> Iterator[SourceRow | Quarantined]:
    """Yield the rows of all folds."""
    names = {path: _FOLDS[source.frontal].fullmatch(path.name) for path in sorted(root.iterdir())}
    folds = {path: int(name[1]) for path, name in names.items() if name}
    if not folds:
        first = "fold_frontal_0_data.txt" if source.frontal else "fold_0_data.txt"
        raise UserError(
            str(root), f"{first} or another fold", "none", "Check source.layout and source.root in params.yaml"
        )
    columns = ("user_id", "original_image", "face_id", "age", "gender")
    labelled = chain.from_iterable(
        described(path, columns, partial(_row, fold=fold), delimiter="\t") for path, fold in folds.items()
    )
    yield from labelled if source.frontal else with_unnamed(labelled, _faces(root))  # most faces are not frontal


def _row(fields: Fields, fold: int) -> SourceRow:
    gender = fields["gender"].casefold()
    return SourceRow(
        path=f"faces/{fields['user_id']}/coarse_tilt_aligned_face.{fields['face_id']}.{fields['original_image']}",
        age=ages.parse(fields["age"]),
        labels={"gender": GENDERS.get(gender, (gender,))},
        subject=fields["user_id"],
        fold=fold,
    )


def _faces(root: Path) -> Iterator[str]:
    users = root / "faces"
    if users.is_dir():
        for user in sorted(entry.name for entry in users.iterdir() if entry.is_dir()):
            yield from photos(root, f"faces/{user}")
