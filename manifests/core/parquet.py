"""Read a Parquet file that may be damaged: what it holds is checked before anything uses it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from manifests.core.errors import UserError
from manifests.core.files import NotReadable, check_plain

# Every error of Arrow is one of these, or derives from one; a damaged file raises any of them.
_DAMAGED = (pa.ArrowException, OSError, ValueError, TypeError, LookupError, ArithmeticError, MemoryError)


def read(path: Path, what: str, missing: str, damaged: str) -> pa.Table:
    """Read a table whole.

    Args:
        path: the file.
        what: its name in messages, such as `a table of counts`.
        missing: what to do where there is no such file.
        damaged: what to do where it can't be read.
    Raises:
        UserError: no such file, no plain file, no Parquet, or a column that does not hold what its type says.
    """
    try:
        check_plain(path)
        with pq.ParquetFile(path) as file:  # read_table would import pandas, half a second
            table = file.read()
        table.validate(full=True)
    except FileNotFoundError as error:
        raise UserError(str(path), what, "no such file", missing) from error
    except NotReadable as error:
        raise UserError(str(path), what, error.detail, damaged) from error
    except _DAMAGED as error:
        raise UserError(str(path), "a Parquet table", _line(error), damaged) from error
    return table


def values(column: pa.ChunkedArray, where: str, remedy: str) -> list[object]:
    """A column's values as Python's, None where there is none.

    Raises:
        UserError: one that Python has no value for, such as a date of the year 20000.
    """
    try:
        return list(column.to_pylist())
    except _DAMAGED as error:
        raise UserError(where, "values that can be read", f"{column.type}: {_line(error)}", remedy) from error


def _line(error: BaseException) -> str:
    return (" ".join(str(error).split()).rstrip(".") or type(error).__name__)[:300]
