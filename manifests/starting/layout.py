"""Recognise the layout of a folder or a table of photos, and map a table's columns to ours."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from manifests.core.cells import fold
from manifests.core.errors import UserError
from manifests.sources import ages, table
from manifests.sources.labelfile import PHOTO_SUFFIXES

TABLES = (".csv", ".tsv", ".tab", ".parquet")
_SIGNS = (  # a file name of each layout, in the order in which they are tried
    ("appa_real", r"labels_metadata_(train|valid)\.csv"),
    ("appa_real_release", r"gt_avg_(train|valid|test)\.csv"),
    ("fairface", r"fairface_label_(train|val)\.csv"),
    ("adience", r"fold_.*_data\.txt"),
    ("celeba", r"list_attr_celeba\.txt"),
    ("utkface", r"\d{1,3}_[01]_[0-4]_\d+\.jpg(\.chip\.jpg)?"),
)
_NAMES = {  # our column: the names that tables give it, folded
    "path": "path file filename filepath image imagepath imagefile img photo picture name",
    "split": "split set subset partition fold usage",
    "age": "age years realage apparentage ageyears",
    "age_std": "agestd apparentagestd",
    "subject": "subject subjectid person personid identity userid",
}
_AGE_WORDS = {"age", "ages", "alter", "edad", "idade", "âge"}  # one of a longer name's, as in `Age in years`
_NO_AGE = {"std", "sd", "var", "variance", "error", "gap", "diff", "difference", "min", "max"}
_SPLITS = {"train", "training", "valid", "val", "validation", "dev", "test"}
_LOOKED_AT = 2000  # rows that the columns are recognised by


def recognised(place: Path) -> dict[str, Any]:
    """The `source` section for a folder, or for a table and the photos that it names.

    Raises:
        UserError: there is no such place, or its layout is not known.
    """
    if place.is_file():
        return _table(place)
    if not place.is_dir():
        raise UserError(str(place), "a folder of photos, or their table", "nothing of that name", "Correct the path")
    names = sorted(entry.name for entry in place.iterdir())
    for layout, sign in _SIGNS:
        if any(re.fullmatch(sign, name) for name in names):
            return {"layout": layout, "root": os.path.relpath(place)}
    tables = [name for name in names if name.lower().endswith(TABLES)]
    if "labels.csv" in tables:
        tables = ["labels.csv"]
    if len(tables) != 1:
        received = ", ".join(tables) if tables else "none"
        remedy = "Name the table itself" if tables else "Write one: a column of paths, and one for each label"
        raise UserError(str(place), "one table of labels (CSV, TSV or Parquet)", received, remedy)
    return _table(place / tables[0])


def _table(labels: Path) -> dict[str, Any]:
    """The section of layout `table`; its root is the table's folder, or that of photos elsewhere."""
    columns = _columns(labels)
    if not any(True for _ in table.fields(labels, table.columns(labels)[:1])):
        raise UserError(str(labels), "rows below the header", "none", "Add one for each photo")
    if "path" not in columns:
        rule = f"a column of paths that end in {', '.join(PHOTO_SUFFIXES)}"
        raise UserError(str(labels), rule, "none", "Add it: paths relative to the table's folder")
    root, photos = _root(labels, columns["path"])
    renamed = {ours: theirs for ours, theirs in columns.items() if ours != theirs}
    return {
        "layout": "table",
        "root": os.path.relpath(root),
        "labels": os.path.relpath(labels, root),
        **({"photos": photos} if photos else {}),
        **({"columns": renamed} if renamed else {}),
    }


def _columns(labels: Path) -> dict[str, str]:
    """Our column -> the table's."""
    names = table.columns(labels)
    seen: dict[str, set[str]] = {name: set() for name in names}
    for _, fields in islice(table.fields(labels, names), _LOOKED_AT):
        for name, value in (fields or {}).items():
            seen[name].add(value)
    found = {}
    for ours, known in _NAMES.items():
        named = sorted((name for name in names if _plain(name) in known.split()), key=lambda one: one != ours)
        fitting = [name for name in named if _fits(ours, seen[name])]
        if ours == "path" and not fitting:
            fitting = [name for name in names if _fits(ours, seen[name])]
        if ours == "age" and not fitting:
            fitting = [name for name in names if _worded(name) and _fits(ours, seen[name])]
        if fitting:
            found[ours] = fitting[0]
    if "split" in names and "split" not in found.values() and len(seen["split"]) > 1:
        received = ", ".join(sorted(seen["split"])[:5])
        raise UserError(f"{labels}: split", "train, valid or test", received, "Write these, or rename the column")
    # A name of ours that holds something else would make every row a malformed one.
    other = [name for name in ("age", "age_std", "fold", "split") if name in names and name not in found.values()]
    return found | {f"{name}_label": name for name in other if not _fits(name, seen[name])}


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", fold(name)).casefold()


def _fits(ours: str, values: Iterable[str]) -> bool:
    filled = {value for value in values if value}
    if ours == "path":
        photos = sum(value.lower().endswith(PHOTO_SUFFIXES) for value in filled)
        return 0 < len(filled) * 0.9 <= photos  # a row or two may name a GIF: the scan lists them
    if ours in ("age", "age_std"):
        read = [_age(value) for value in filled]
        return bool(read) and 2 * read.count(None) < len(read)
    if ours == "split":
        known = {value.casefold() for value in filled} & _SPLITS
        return bool(known) and 2 * len(known) >= len(filled) > 1
    return bool(filled) and (ours != "fold" or all(value.isdecimal() for value in filled))


def _worded(name: str) -> bool:
    """Whether a name of several words says that it is an age."""
    words = {fold(word).casefold() for word in re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+", name)}
    return bool(words & _AGE_WORDS) and not words & _NO_AGE


def _age(text: str) -> float | None:
    try:
        read = ages.parse(text)
    except ValueError:
        return None
    return None if read is None else read.years


def _root(labels: Path, column: str) -> tuple[Path, str]:
    """The table's folder, and the nearest below it where one of the first paths exists; or that of absolute paths."""
    every = [fields[column] for _, fields in table.fields(labels, [column]) if fields and fields[column]]
    below = (Path(folder) for folder, _, _ in os.walk(labels.parent))
    folders = sorted(below, key=lambda path: (len(path.parts), path))
    if all(Path(path).is_absolute() for path in every):
        folders = [labels.parent, Path(os.path.commonpath([Path(path).parent for path in every]))]
    for folder in folders:
        found = [table.relative(folder, path) for path in every[:20]]
        if any((folder / path).is_file() and not Path(path).is_absolute() for path in found):
            if folder == labels.parent or not folder.is_relative_to(labels.parent):
                return folder, ""
            return labels.parent, folder.relative_to(labels.parent).as_posix()
    rule = "paths of photos, relative to the table's folder or to one below it"
    raise UserError(f"{labels}: {column}", rule, repr(every[0]), "Put the photos there, or the table beside them")
