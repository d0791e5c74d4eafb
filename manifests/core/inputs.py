"""Read files that may be damaged, missing or no files at all: Parquet tables, and small files whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.core.errors import UserError
from manifests.core.places import is_remote
from manifests.core.plain import NotReadable, check_plain, read_plain

# Every error of Arrow is one of these, or derives from one; a damaged file raises any of them.
_DAMAGED = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, ArithmeticError, MemoryError)

SMALL = 200_000_000  # bytes: far above any JSON file that a stage writes


def read_table(path: Path, what: str, missing: str, damaged: str, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table whole, or some of its columns.

    Args:
        path: the file.
        what: its name in messages, such as `a table of counts`.
        missing: what to do where there is no such file.
        damaged: what to do where it can't be read.
        columns: those to read; None: all. One that is not there is left out.
    Raises:
        UserError: no such file, no plain file, no Parquet, or a column that does not hold what its type says.
    """
    with _opened(path, what, missing, damaged) as file:
        table = file.read(columns=columns)
        table.validate(full=True)
    return table


def row_groups(path: Path, what: str, missing: str, damaged: str) -> Iterator[pa.Table]:
    """Read a table row group by row group, so that it never lies in memory as a whole; see `read_table`."""
    with _opened(path, what, missing, damaged) as file:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number)
            table.validate(full=True)
            yield table


def metadata(path: Path, what: str, missing: str, damaged: str) -> dict[bytes, bytes]:
    """A table's metadata; see `read_table`."""
    with _opened(path, what, missing, damaged) as file:
        return file.metadata.metadata or {}


@contextmanager
def _opened(path: Path, what: str, missing: str, damaged: str) -> Iterator[pq.ParquetFile]:
    """The file; what is wrong with it, or with what is read of it, is a UserError."""
    try:
        if not is_remote(path):
            check_plain(path)
        with pq.ParquetFile(path.open("rb") if is_remote(path) else path) as file:  # read_table would import pandas
            yield file
    except FileNotFoundError as error:
        raise UserError(str(path), what, "no such file", missing) from error
    except NotReadable as error:
        raise UserError(str(path), what, error.detail, damaged) from error
    except _DAMAGED as error:
        raise UserError(str(path), "a Parquet table", _line(error), damaged) from error


def values(column: pa.ChunkedArray, remedy: str) -> list[object]:
    """A column's values as Python's, None where there is none.

    Raises:
        UserError: one that Python has no value for, such as a date of the year 20000; without a key.
    """
    try:
        return list(column.to_pylist())
    except _DAMAGED as error:
        raise UserError("", "values that can be read", f"{column.type}: {_line(error)}", remedy) from error


def read_small(path: Path, what: str, missing: str, damaged: str) -> bytes:
    """Read a plain file of at most SMALL bytes; it may be empty.

    Args:
        path: the file.
        what: its name in messages.
        missing: what to do where there is no such file.
        damaged: what to do where it is not read.
    Raises:
        UserError: no such file, no plain file, or a larger one.
    """
    try:
        return read_plain(str(path), SMALL)
    except FileNotFoundError as error:
        raise UserError(str(path), what, "no such file", missing) from error
    except NotReadable as error:
        if error.reason == "empty_file":
            return b""
        raise UserError(str(path), what, error.detail, damaged) from error


def _line(error: BaseException) -> str:
    return (" ".join(str(error).split()).rstrip(".") or type(error).__name__)[:300]


def read_lines(
    path: Path, what: str, header: Sequence[str], missing: str, damaged: str
) -> Iterator[tuple[int, list[str]]]:
    """Read a small table of comma-separated values that a user may have edited.

    Args:
        path, what, missing, damaged: see `read_small`.
        header: its first line.
    Yields:
        the number and the fields of each further line that is not blank.
    Raises:
        UserError: see `read_small`; or no such values in UTF-8, or another header.
    """
    content = read_small(path, what, missing, damaged)
    try:
        lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(str(path), "comma-separated values in UTF-8", error, damaged) from error
    if not lines or [word.strip() for word in lines[0]] != list(header):
        received = ",".join(lines[0]) if lines else "an empty file"
        raise UserError(f"{path}: line 1", f"the header {','.join(header)}", received, damaged)
    yield from ((number, line) for number, line in enumerate(lines[1:], start=2) if "".join(line).strip())
