"""What every adapter yields: a row for each photo that its layout names, or why there is none.

An adapter is a function `rows(root, source)`: it reads names and label files, never pixels, and
yields each row once, in any order. It yields what it can't read as `Quarantined`, and raises
a `UserError` for a label file that is missing or lacks a column. The scan checks
everything else (the path, the photo, the labels against `cells`, duplicates).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from manifests.sections.source import Source

OPEN_RANGE = 5.0  # years above the lower end at which an open range (`more than 70`) is put


@dataclass(frozen=True)
class Age:
    """A labelled age in years, or the inclusive range in which it lies.

    Attributes:
        years: the age, or the range's midpoint; an open range's lower end plus 5.
        low: the lower end; `years` for an exact age.
        high: the upper end, included; infinite for an open range.
    """

    years: float
    low: float
    high: float

    @classmethod
    def exact(cls, years: float) -> Age:
        """An age that is no range."""
        return cls(years, years, years)

    @classmethod
    def between(cls, low: float, high: float) -> Age:
        """An inclusive range; one whose ends are in the wrong order is kept, and the scan rejects it."""
        return cls((low + high) / 2, low, high)

    @classmethod
    def over(cls, low: float) -> Age:
        """An open range."""
        return cls(low + OPEN_RANGE, low, float("inf"))

    @property
    def width(self) -> float | None:
        """Upper less lower end; None for an exact age and for an open range."""
        return self.high - self.low if self.low < self.high < float("inf") else None


@dataclass(frozen=True)
class SourceRow:
    """One photo as its layout describes it, before any check.

    Attributes:
        path: relative to the root, with forward slashes.
        split: `train`, `valid` or `test` as the layout says; None where it has no splits, and the
            scan assigns one by hash.
        age: None where the layout has no age, or where this row's is missing.
        labels: axis -> the label as the layout words it, then other words for the same; the
            first that the axis knows counts. An axis that is missing, or empty, has no label.
        age_std: spread of the raters' ages, in years.
        subject: who is shown, where the layout knows; splits by hash keep a subject together.
        fold: of cross-validation, where the layout has folds.
        unlabelled: the row is of a split whose labels are hidden (the challenge's test), so no label is missing.
    """

    path: str
    split: str | None = None
    age: Age | None = None
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    age_std: float | None = None
    subject: str | None = None
    fold: int | None = None
    unlabelled: bool = False


@dataclass(frozen=True)
class Quarantined:
    """A photo or label row that can't be used; `reason` is one of `quarantine.REASONS`."""

    path: str
    reason: str
    detail: str


class Unusable(ValueError):
    """Raised inside a check with a reason and a detail; the check turns it into a `Quarantined`."""


Rows = Callable[[Path, Source], Iterator[SourceRow | Quarantined]]
Axes = Callable[[Path, Source], Collection[str]]


@dataclass(frozen=True)
class Layout:
    """An adapter: its rows, and the axes that it has labels for."""

    rows: Rows
    axes: Axes


def always(*axes: str) -> Axes:
    """The axes of a layout that has the same ones in every root."""
    return lambda root, source: axes
