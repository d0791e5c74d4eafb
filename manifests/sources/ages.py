"""Read an age as label files write it: a number, an inclusive range, an open range, or none."""

from __future__ import annotations

import re
from functools import lru_cache

from manifests.sources.rows import Age

_NUMBER = r"(-?\d+(?:\.\d*)?)"
_EXACT = re.compile(_NUMBER)
_RANGE = re.compile(rf"\(?\s*{_NUMBER}\s*(?:,|-|–|\bto\b)\s*{_NUMBER}\s*\)?")
_OPEN = re.compile(rf"(?:more than|over|>=?)\s*{_NUMBER}|{_NUMBER}\s*[-+]", re.IGNORECASE)
_DAY_MONTH = re.compile(r"(\d{1,2})-([A-Za-z]{3})|([A-Za-z]{3})-(\d{1,2})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NONE = ("", "none", "nan", "null")


@lru_cache(maxsize=4096)  # a label file repeats few ages
def parse(text: str) -> Age | None:
    """Read one age.

    A spreadsheet takes the range `3-9` for a date and writes `9-Mar` or `03-Sep`, and `10-19`
    as `19-Oct` or `Oct-19`: day and month are the two ends, the smaller one first.

    Args:
        text: such as `35`, `26.5`, `(25, 32)`, `20-29`, `more than 70`, `60+`, `60-`, `03-Sep` or `None`.
    Returns:
        the age, or None where none is given. Its ends and sign are as written: the scan checks them.
    Raises:
        ValueError: the text is no age.
    """
    text = text.strip()
    if text.casefold() in _NONE:
        return None
    if match := _EXACT.fullmatch(text):
        return Age.exact(float(match[1]))
    if match := _RANGE.fullmatch(text):
        return Age.between(float(match[1]), float(match[2]))
    if match := _OPEN.fullmatch(text):
        return Age.over(float(match[1] or match[2]))
    if (match := _DAY_MONTH.fullmatch(text)) and (match[2] or match[3]).casefold() in _MONTHS:
        month = _MONTHS.index((match[2] or match[3]).casefold()) + 1
        return Age.between(*sorted((float(month), float(match[1] or match[4]))))
    raise ValueError(f"no age: {text[:80]!r}")
