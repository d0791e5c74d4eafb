"""Any table of photos: CSV, TSV or Parquet.

    source.labels     the table, relative to the root (default labels.csv)
    source.photos     the folder in the root that the table's paths start from (default: the root)
    source.columns    our column -> theirs, where the names differ: path, split, age, age_std, subject, fold, or an axis

Only `path` (relative to that folder, or absolute and below the root) is required. `split` says train, valid
(val, validation, dev) or test; without that column photos are split by hash, a `subject`'s together. `fold` is a
whole number, for `source.fold`. `age` may be a number or a range (see ages.py). Every other column can be an axis
of `cells` under its own name. An empty field is a missing label. Only photos that the table names are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from manifests.core import inputs
from manifests.core.errors import UserError, located
from manifests.core.places import is_address
from manifests.sections.source import Source
from manifests.sources import ages
from manifests.sources.labelfile import Fields, header, records, text
from manifests.sources.rows import Quarantined, SourceRow

_REMEDY = "Check source.labels and source.root"
SPLITS = {"training": "train", "val": "valid", "validation": "valid", "dev": "valid"}
_PLAIN = ("path", "split", "age_std", "subject", "fold")  # our columns that are no axis


def axes(root: Path, source: Source) -> tuple[str, ...]:
    """The table's columns that can be axes, under our names."""
    return tuple(name for name in _ours(root / source.labels, source) if name not in _PLAIN)


def rows(root: Path, source: Source) -> Iterator[SourceRow | Quarantined]:
    """Yield one row for each row of the table."""
    labels = root / source.labels
    ours = _ours(labels, source)
    for place, found in fields(labels, list(ours.values())):
        if found is None:
            yield Quarantined(place, "malformed_row", "more or fewer fields than the header has")
            continue
        try:
            row = {name: found[theirs] for name, theirs in ours.items()}
            yield _row(row | {"path": relative(root, row["path"], source.photos)})
        except ValueError as error:
            yield Quarantined(found[ours["path"]] or place, "malformed_row", str(error))


def _row(fields: Fields) -> SourceRow:
    if not fields["path"]:
        raise ValueError("no path")
    split = fields.get("split")
    spread = ages.parse(fields.get("age_std", ""))
    return SourceRow(
        path=fields["path"],
        split=None if split is None else SPLITS.get(split.casefold(), split.casefold()),
        age=ages.parse(fields.get("age", "")),
        labels={name: (label,) for name, label in fields.items() if name not in (*_PLAIN, "age")},
        age_std=spread.years if spread else None,
        subject=fields.get("subject") or None,
        fold=_fold(fields.get("fold", "")),
    )


def _fold(text: str) -> int | None:
    if text and not text.isdecimal():
        raise ValueError(f"no fold: {text[:80]!r}")
    return int(text) if text else None


def _ours(labels: Path, source: Source) -> dict[str, str]:
    """Our column -> theirs, in the table's order: as `source.columns` says, else under its own name."""
    names = columns(labels)
    for ours, theirs in source.columns.items():
        if theirs not in names:
            raise UserError(
                f".columns.{ours}",
                f"a column of {source.labels} ({', '.join(names)})",
                repr(theirs),
                "Correct the name",
            )
    taken = {*source.columns, *source.columns.values()}
    found = source.columns | {name: name for name in names if name not in taken}
    if "path" not in found:
        received = ", ".join(names) if any(names) else "an empty file"
        raise UserError(f"{labels}:1", "a column path", received, "Name it in source.columns.path")
    return dict(sorted(found.items(), key=lambda pair: names.index(pair[1])))


def columns(labels: Path) -> list[str]:
    """The names of the table's columns."""
    if labels.suffix == ".parquet":
        return list(_parquet(labels).column_names)
    return header(labels, _delimiter(labels))


def fields(labels: Path, wanted: list[str]) -> Iterator[tuple[str, Fields | None]]:
    """Where each row is, and its fields in the wanted columns or more; None where their number is wrong."""
    if labels.suffix != ".parquet":
        yield from records(labels, wanted, _delimiter(labels))
        return
    table = _parquet(labels)
    words = []
    for name in wanted:
        with located(f"{labels}: {name}"):
            words.append([_word(value) for value in inputs.values(table[name], _REMEDY)])
    for number, values in enumerate(zip(*words, strict=True), 1):
        yield f"{labels.name}:{number}", dict(zip(wanted, values, strict=True))


def _parquet(labels: Path) -> pa.Table:
    table = inputs.read_table(labels, "a label file", _REMEDY, _REMEDY)
    twice = [name for name in table.column_names if table.column_names.count(name) > 1]
    if twice:
        raise UserError(f"{labels}: {twice[0]}", "each column once", "the name twice", "Rename or remove one column")
    return table


def _delimiter(labels: Path) -> str:
    """A tab by the file's name; else a semicolon where the header has these alone, as spreadsheets write them."""
    if labels.suffix in (".tsv", ".tab"):
        return "\t"
    head = text(labels).partition("\n")[0]
    return ";" if ";" in head and "," not in head else ","


def relative(root: Path, path: str, photos: str = "") -> str:
    """A table's path from the root, with slashes where it was written on Windows and no file is called so.

    Args:
        root: the folder of the photos and their table.
        path: as the table has it: empty, relative to `photos`, or absolute, as programs write them. An absolute path
            outside the root stays as it is, and the scan lists it.
        photos: the folder in `root` that the paths start from.
    """
    if not (Path(path).is_absolute() or is_address(path)):
        path = f"{photos}/{path}" if photos and path else path
        return path if "\\" not in path or (root / path).is_file() else path.replace("\\", "/")
    for folder in (root.absolute(), root.resolve()):
        if path.startswith(f"{folder}/"):
            return path.removeprefix(f"{folder}/")
    return path


def _word(value: object) -> str:
    return "" if value is None else str(value).strip()
