"""Read a label file of delimited text, and list a folder's photos: what most adapters share."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from manifests.core.errors import UserError
from manifests.sources.rows import Quarantined, SourceRow

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
Fields = Mapping[str, str]


def records(path: Path, columns: Sequence[str], delimiter: str = ",") -> Iterator[tuple[str, Fields | None]]:
    """Read the rows below a header.

    The file is UTF-8 with or without a byte order mark, with any line ends and quotes as in RFC 4180. Blank
    lines are skipped, and space around a field is removed.

    Args:
        path: the label file.
        columns: names that the header must have; it may have more.
        delimiter: one character.
    Yields:
        where the row is (`labels.csv:12`, the header being line 1), and its fields by column, or
        None where their number is not the header's.
    Raises:
        UserError: no such file, not UTF-8, broken quotes, or a column is missing or there twice.
    """
    lines = csv.reader(io.StringIO(text(path), newline=""), delimiter=delimiter, strict=True)
    try:
        names = _checked(path, next(lines, []), columns)
        for fields in lines:
            if any(field.strip() for field in fields):
                fits = len(fields) == len(names)
                named = dict(zip(names, (field.strip() for field in fields), strict=True)) if fits else None
                yield f"{path.name}:{lines.line_num}", named
    except csv.Error as error:
        raise UserError(
            f"{path}:{lines.line_num}", "a row of delimited text", str(error), "Correct the row's quotes"
        ) from error


def header(path: Path, delimiter: str = ",") -> list[str]:
    """The columns' names; none of an empty file. Raises as `records` does."""
    try:
        first = next(csv.reader(io.StringIO(text(path), newline=""), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise UserError(f"{path}:1", "a row of delimited text", str(error), "Correct the row's quotes") from error
    return _checked(path, first, ())


def text(path: Path) -> str:
    """Read a label file whole, as UTF-8.

    Raises:
        UserError: it is missing, no file, can't be read, or has a byte that is no UTF-8.
    """
    try:
        if path.exists() and not path.is_file():
            raise UserError(str(path), "a label file", "no regular file", _REMEDY)
        content = path.read_bytes()
    except OSError as error:
        raise UserError(str(path), "a label file", (error.strerror or "no such file").lower(), _REMEDY) from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}:{line}", "text in UTF-8", f"byte 0x{content[error.start]:02x}", "Save the file as UTF-8"
        ) from error


_REMEDY = "Check source.layout and source.root in params.yaml"


def _checked(path: Path, fields: Sequence[str], columns: Sequence[str]) -> list[str]:
    """A header's names, once they are known to hold `columns`, and each name once."""
    names = [name.strip() for name in fields]
    received = ", ".join(names)[:200] if any(names) else "an empty file"
    for name in columns:
        if name not in names:
            raise UserError(f"{path}:1", f"a column {name}", received, _REMEDY)
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{path}:1", "each column once", received, f"Rename or remove one column {name!r}")
    return names


def described(
    path: Path, columns: Sequence[str], describe: Callable[[Fields], SourceRow], delimiter: str = ","
) -> Iterator[SourceRow | Quarantined]:
    """Turn each record into a row; `describe` raises ValueError for a field that it can't read."""
    for place, fields in records(path, columns, delimiter):
        if fields is None:
            yield Quarantined(place, "malformed_row", "more or fewer fields than the header has")
            continue
        try:
            yield describe(fields)
        except ValueError as error:
            yield Quarantined(place, "malformed_row", str(error))


def photos(root: Path, folder: str = "") -> list[str]:
    """The paths, relative to `root` and in order, of what has a photo's suffix in one folder; none if it is absent."""
    place = root / folder
    if not place.is_dir():
        return []
    prefix = f"{folder}/" if folder else ""
    names = (entry.name for entry in place.iterdir())
    return sorted(prefix + name for name in names if name.lower().endswith(PHOTO_SUFFIXES))


def with_unnamed(rows: Iterable[SourceRow | Quarantined], listed: Iterable[str]) -> Iterator[SourceRow | Quarantined]:
    """Pass rows through, then quarantine each listed photo that none of them names."""
    named = set()
    for row in rows:
        named.add(row.path)
        yield row
    for path in listed:
        if path not in named:
            yield Quarantined(path, "no_label_row", "no label row names this photo")
