"""Figures, intervals, p-values and tables as text: one way for the terminal, Markdown, CSV and the pages."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Protocol

DIGITS = 6  # after the point, in JSON and CSV files; more would be noise of the order of summation


class Interval(Protocol):
    """A value with its 95% interval; both ends are None where there is none."""

    @property
    def value(self) -> float:
        """The value itself."""

    @property
    def low(self) -> float | None:
        """The interval's lower end."""

    @property
    def high(self) -> float | None:
        """The interval's upper end."""


class Tested(Interval, Protocol):
    """A value with its interval and its p-value."""

    @property
    def p(self) -> float:
        """The p-value."""


def interval(of: Interval) -> str:
    """Such as `4.22 (4.05 to 4.39)`."""
    return figure(of.value, of.low, of.high)


def difference(of: Tested) -> str:
    """Such as `-0.27 (-0.40 to -0.13), p < 0.001`."""
    return f"{signed(of.value, of.low, of.high)}, {p_value(of.p)}"


def figure(value: float, low: float | None = None, high: float | None = None, digits: int = 2) -> str:
    """Such as `4.22`, or with its interval `4.22 (4.05 to 4.39)`."""
    return f"{value:.{digits}f}" + ("" if low is None or high is None else f" ({span(low, high, digits)})")


def span(low: float, high: float, digits: int = 2) -> str:
    """Such as `4.05 to 4.39`."""
    return f"{low:.{digits}f} to {high:.{digits}f}"


def signed(value: float, low: float | None = None, high: float | None = None, digits: int = 2) -> str:
    """Such as `-0.27`, or with its interval `-0.27 (-0.40 to -0.13)`."""
    interval = "" if low is None or high is None else f" ({low:+.{digits}f} to {high:+.{digits}f})"
    return f"{value:+.{digits}f}" + interval


def p_value(p: float) -> str:
    """Such as `p = 0.041`, or `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def count(number: float) -> str:
    """A whole number with its thousands apart, such as `4,065`."""
    return f"{int(number):,}"


def columns(rows: Sequence[Sequence[str]], left: int = 1, indent: str = "  ") -> list[str]:
    """Lines of a table for the terminal.

    Args:
        rows: the head first; all of one length.
        left: how many leading columns are flush left; the others are flush right.
        indent: before each line.
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def markdown(head: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Lines of a Markdown table; `|` and HTML inside a cell are escaped."""

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(escaped(cell) for cell in cells) + " |"

    return [line(head), line(["---"] * len(head)), *(line(row) for row in rows)]


def escaped(text: str) -> str:
    """A label as Markdown shows it: no HTML, no line break, and no `|` that would end a cell.

    A `<` that can't begin a tag stays, so that `<20` and `p < 0.001` are readable in the file too.
    """
    text = re.sub("<(?=[a-zA-Z/!?])", "&lt;", text.replace("&", "&amp;")).replace(">", "&gt;")
    return " ".join(text.split()).replace("|", "\\|")


def csv_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """CSV with LF line ends; floats rounded to DIGITS, None an empty field."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([round(entry, DIGITS) if isinstance(entry, float) else entry for entry in row] for row in rows)
    return target.getvalue()
