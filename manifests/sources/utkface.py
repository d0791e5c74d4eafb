"""UTKFace, aligned and cropped: the labels are in the names.

    [age]_[gender]_[race]_[time].jpg.chip.jpg    such as 26_1_2_20170116184024662.jpg.chip.jpg

Age in years; gender 0 male, 1 female; race 0 White, 1 Black, 2 Asian, 3 Indian, 4 Others (Hispanic,
Latino, Middle Eastern). `time` is when the photo was collected, any number of digits. A few names
of the release lack a part, a dot, or have a space: they are quarantined as `malformed_name`, and
their labels are not guessed. There are no splits and no subjects.

Zhang, Song and Qi 2017, "Age progression/regression by conditional adversarial autoencoder".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from manifests.sections.source import Source
from manifests.sources.labelfile import photos
from manifests.sources.rows import Age, Quarantined, SourceRow

AXES = ("age", "gender", "ethnicity")
GENDERS = ("male", "female")
RACES = (
    ("white", "caucasian"),
    ("black", "african american"),
    ("asian",),
    ("indian",),
    ("others", "other"),
)
_NAME = re.compile(r"(\d{1,4})_([01])_([0-4])_\d+\.jpg\.chip\.jpg", re.ASCII)


def rows(root: Path, source: Source) -> Iterator[SourceRow | Quarantined]:
    """Yield one row for each photo in the root."""
    for path in photos(root):
        name = _NAME.fullmatch(path)
        if name is None:
            yield Quarantined(path, "malformed_name", "not [age]_[gender]_[race]_[time].jpg.chip.jpg")
            continue
        age, gender, race = map(int, name.groups())
        yield SourceRow(path, age=Age.exact(age), labels={"gender": (GENDERS[gender],), "ethnicity": RACES[race]})
