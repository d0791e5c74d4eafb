"""From a layout's rows to the photos that can be used: every check of the scan, in order.

Labels come first, then files (in parallel), splits, exact duplicates and near duplicates. The result does
not depend on the order of the label file or on the number of jobs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.core.places import place, reached
from manifests.scanning import duplicates, near_duplicates, photos, splits, subjects
from manifests.scanning.labels import LabelRules, Labels, check_rename, resolve
from manifests.scanning.photos import SIDE, CheckedPhoto, SizeLimits
from manifests.sections.source import Source
from manifests.sources import LAYOUTS
from manifests.sources.rows import Quarantined, SourceRow
from manifests.tables.source import SPLITS

EXCLUDED = "excluded"  # the reason of photos that the user leaves out


@dataclass(frozen=True)
class Usable:
    """A photo that passed every check."""

    row: SourceRow
    labels: Labels
    photo: CheckedPhoto
    split: str


@dataclass(frozen=True)
class Survey:
    """What a scan found.

    Attributes:
        cells: the axes that the layout has.
        usable: by split and path.
        quarantined: by path.
        near: image_id of a train photo -> that of the valid or test photo which it nearly equals.
        touching: paths of a valid and a test photo that nearly equal each other, in order; both are used.
        subjects: image_id of a train photo -> its subject, where near duplicates say so and the layout does not.
    """

    cells: Cells
    usable: list[Usable]
    quarantined: list[Quarantined]
    near: dict[str, str]
    touching: list[tuple[str, str]]
    subjects: dict[str, str]

    @property
    def read(self) -> int:
        """How many rows the layout had."""
        return len(self.usable) + len(self.quarantined)


def labelled_axes(source: Source, declared: Cells) -> Collection[str]:
    """The names of the axes that the layout has labels for, among others that `cells` may not have.

    Raises:
        UserError: `source.root` is no folder, or the section names an unknown axis, value or column.
    """
    root = reached(source.root)
    if not root.is_dir():
        raise UserError(
            ".root",
            "a folder with photos, relative to the working directory",
            f"{source.root!r}, which is no folder" if root.exists() else f"{source.root!r}, which does not exist",
            "Run `python -m manifests.draw` first" if source.layout == "drawn" else "Put or link the photos there",
        )
    check_rename(source.rename, declared)
    return LAYOUTS[source.layout].axes(root, source)


def present(declared: Cells, labelled: Collection[str], layout: str) -> Cells:
    """The axes of `cells` that the layout has labels for.

    Raises:
        UserError: there is none.
    """
    cells = declared.only([name for name in declared.names if name in labelled])
    if not cells.axes:
        rule = f"an axis that the layout {layout} has ({', '.join(labelled)})"
        raise UserError("", rule, ", ".join(declared.names), "Name one of its axes")
    return cells


def survey(
    source: Source, cells: Cells, aged: bool, jobs: int, excluded: Mapping[str, str] = MappingProxyType({})
) -> Survey:
    """Check every row of the layout.

    Args:
        source: the `source` section.
        cells: the axes that the layout has.
        aged: whether a row without an age lacks a label, also where `cells` has no such axis.
        jobs: how many photos are read at once.
        excluded: path -> why the user leaves the photo out.
    Raises:
        UserError: a label file can't be read.
    """
    root, rules = place(source.root), LabelRules(cells, source.rename, source.max_age, aged)
    wanted, left_out = _wanted(_once(LAYOUTS[source.layout].rows(root, source)), excluded)
    labelled, quarantined = _labelled(wanted, rules)
    usable, without_photo = _with_photos(root, labelled, source, jobs)
    usable, doubles = _without_doubles(usable)
    every = sorted([*left_out, *quarantined, *without_photo, *doubles], key=lambda q: (q.path, q.reason, q.detail))
    alike = _subjects(usable, jobs) if source.subjects == "near_duplicates" else {}
    return Survey(cells, usable, every, _near(usable, jobs), _touching(usable, jobs), alike)


def _once(rows: Iterable[SourceRow | Quarantined]) -> list[SourceRow | Quarantined]:
    """One row per path, whatever the label file's order; of a path labelled twice, the first row by content."""
    by_path: dict[str, list[SourceRow]] = {}
    once: list[SourceRow | Quarantined] = []
    for row in rows:
        if isinstance(row, Quarantined):
            once.append(row)
        else:
            by_path.setdefault(row.path, []).append(row)
    for path, same in sorted(by_path.items()):
        first, *others = sorted(same, key=repr) if len(same) > 1 else same
        once.append(first)
        for other in others:
            detail = "the same labels" if other == first else "other labels"
            once.append(Quarantined(path, "duplicate_row", f"{detail} in another row, which was taken"))
    return once


def _wanted(
    rows: Sequence[SourceRow | Quarantined], excluded: Mapping[str, str]
) -> tuple[list[SourceRow | Quarantined], list[Quarantined]]:
    """The rows that the user did not leave out, and the others."""
    left_out = [Quarantined(row.path, EXCLUDED, excluded[row.path]) for row in rows if row.path in excluded]
    return [row for row in rows if row.path not in excluded], left_out


def _labelled(
    rows: Sequence[SourceRow | Quarantined], rules: LabelRules
) -> tuple[list[tuple[SourceRow, Labels]], list[Quarantined]]:
    """The rows whose split and labels are known, and the others."""
    usable, quarantined = [], []
    for row in rows:
        if isinstance(row, Quarantined):
            quarantined.append(row)
        elif row.split not in (None, *SPLITS):
            quarantined.append(Quarantined(row.path, "unknown_split", repr(row.split)))
        else:
            labels = resolve(row, rules)
            if isinstance(labels, Quarantined):
                quarantined.append(labels)
            else:
                usable.append((row, labels))
    return usable, quarantined


def _with_photos(
    root: Path, labelled: Sequence[tuple[SourceRow, Labels]], source: Source, jobs: int
) -> tuple[list[Usable], list[Quarantined]]:
    """The rows whose photo can be used, with their split, and the others."""
    limits = SizeLimits(source.max_bytes, source.max_pixels)
    found = photos.check_all(root, [row.path for row, _ in labelled], limits, jobs)
    checked = [(row, labels, photo) for (row, labels), photo in zip(labelled, found, strict=True)]
    passed = [(row, labels, photo) for row, labels, photo in checked if isinstance(photo, CheckedPhoto)]
    usable = [Usable(*one, split) for one, split in zip(passed, _splits(passed, source), strict=True)]
    usable.sort(key=lambda one: (SPLITS.index(one.split), one.row.path))
    return usable, [photo for photo in found if isinstance(photo, Quarantined)]


def _splits(passed: Sequence[tuple[SourceRow, Labels, CheckedPhoto]], source: Source) -> list[str]:
    """Each photo's split: by its fold where one is tested on, else the layout's, else by hash.

    A layout that knows splits but no valid gives up a part of its train photos for it.
    """
    keys = [row.subject if row.subject is not None else photo.image_id for row, _, photo in passed]
    if source.fold is not None and passed:
        folds = [row.fold for row, _, _ in passed]
        return splits.by_fold(keys, folds, source.fold, source.folds, source.split.valid)
    free = [key for key, (row, _, _) in zip(keys, passed, strict=True) if row.split is None]
    hashed = iter(splits.by_hash(free, source.split.valid, source.split.test))
    return splits.with_valid(keys, [row.split or next(hashed) for row, _, _ in passed], source.split.valid)


def _without_doubles(usable: Sequence[Usable]) -> tuple[list[Usable], list[Quarantined]]:
    """Each image_id once, and the others."""
    left_out = duplicates.find(
        [
            duplicates.Labelled(one.row.path, one.split, one.photo.image_id, None if one.row.unlabelled else one.labels)
            for one in usable
        ]
    )
    return [one for i, one in enumerate(usable) if i not in left_out], list(left_out.values())


def _near(usable: Sequence[Usable], jobs: int) -> dict[str, str]:
    """image_id of a train photo -> that of the test photo which it nearly equals, or else the valid one."""
    train = [one for one in usable if one.split == "train"]
    scored = [one for one in usable if one.split != "train"]
    pairs, scores = near_duplicates.find(_greys(train), _greys(scored), jobs)
    best: dict[str, tuple[bool, float, str]] = {}
    for (i, j), score in zip(pairs, scores, strict=True):
        photo = scored[j]
        found = (photo.split == "test", float(score), photo.photo.image_id)
        image_id = train[i].photo.image_id
        best[image_id] = max(found, best.get(image_id, found))
    return {image_id: found[-1] for image_id, found in best.items()}


def _touching(usable: Sequence[Usable], jobs: int) -> list[tuple[str, str]]:
    """The paths of each valid and test photo that nearly equal each other."""
    valid, test = ([one for one in usable if one.split == split] for split in ("valid", "test"))
    pairs, _ = near_duplicates.find(_greys(valid), _greys(test), jobs, near_duplicates.MOMENT)
    return sorted((valid[i].row.path, test[j].row.path) for i, j in pairs)


def _subjects(usable: Sequence[Usable], jobs: int) -> dict[str, str]:
    """image_id of a train photo without a subject -> the subject that it shares with photos that it nearly equals."""
    train = [one for one in usable if one.split == "train"]
    pairs = near_duplicates.within(_greys(train), jobs).tolist()
    return subjects.shared([one.photo.image_id for one in train], [one.row.subject for one in train], pairs)


def _greys(photos: Sequence[Usable]) -> np.ndarray:
    """uint8 (photos, SIDE, SIDE)."""
    return np.array([one.photo.grey for one in photos], np.uint8).reshape(-1, SIDE, SIDE)
