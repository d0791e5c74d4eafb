"""Propose axes, bins and shares from the counts of a source's labels; pixels are never read."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from manifests.core.cells import AGE, Cells, fold
from manifests.core.errors import UserError
from manifests.core.params import PREDICTED, RESERVED
from manifests.sections.source import Source
from manifests.sources import LAYOUTS, table
from manifests.sources.rows import Age, SourceRow
from manifests.tables.source import SPLITS

MOST_AXES = 4
ENOUGH = "enough"  # why a column that could be one is no axis
MOST_VALUES = 12
MISSING = 0.05  # share of the rows that may lack a label
AGELESS = 0.3  # that may lack an age: it is what most people predict, so more rows are given up for it
EDGES = (20.0, 40.0, 60.0)  # years; moved where ranges of ages span them or a bin would be nearly empty
LEAST = 0.01  # of the photos, in a bin
CAP = 12  # copies of one photo
_MARGIN = 0.02
_DATE = r"\d{4}-\d\d-\d\d.*"


@dataclass(frozen=True)
class Proposal:
    """What the parameter file will say.

    Attributes:
        source: the `source` section.
        cells: the `cells` section.
        counts: axis -> value -> rows.
        shares: axis -> uniform or natural.
        max_copies: the largest number of copies of one photo.
        rows: rows read.
        lost: of these, how many lack a label or a photo, or can't be read.
        left_out: axis -> why it is no axis.
    """

    source: dict[str, Any]
    cells: dict[str, list[Any]]
    counts: dict[str, dict[str, int]]
    shares: dict[str, str]
    max_copies: int
    rows: int
    lost: int = 0
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """What is predicted: the age, else the first axis."""
        return AGE if AGE in self.cells else next(iter(self.cells))

    def why_not(self) -> list[str]:
        """A sentence on each column that is no axis, and one on those that could be."""
        could = [name for name, why in self.left_out.items() if why == ENOUGH]
        lines = [f"{name} is no axis: {why}" for name, why in self.left_out.items() if why != ENOUGH]
        return lines + ([f"These could be axes too: {', '.join(could)}"] if could else [])


def propose(source: dict[str, Any]) -> Proposal:
    """Count the labels of the layout's rows and choose.

    Args:
        source: the `source` section so far.
    Raises:
        UserError: no row can be read, or no label can be an axis.
    """
    source = {**source, "columns": {**source.get("columns", {})}}
    section = Source(**source)
    root = Path(section.root)
    if section.layout == "table":
        source["columns"] |= _renamed(table.columns(root / section.labels), section.columns)
        section = Source(**source)
    every = list(LAYOUTS[section.layout].rows(root, section))
    rows = [row for row in every if isinstance(row, SourceRow)]
    labelled = [row for row in rows if not row.unlabelled]
    if not labelled:
        raise UserError(section.root, "labelled photos", "none", "Name another folder or table")
    cells, counts, left_out = _values(labelled, list(LAYOUTS[section.layout].axes(root, section)))
    ages = [row.age for row in labelled if row.age is not None and _aged(row, section.max_age)]
    if ages and len(ages) < (1 - AGELESS) * len(labelled):
        left_out[AGE] = f"{1 - len(ages) / len(labelled):.0%} of the rows have none"
    elif ages:
        edges = _edges(ages)
        if edges:
            cells = {AGE: edges, **cells}
            counts = {AGE: _binned(ages, edges), **counts}
    left_out |= dict.fromkeys(list(cells)[MOST_AXES:], ENOUGH)
    cells = dict(itertools.islice(cells.items(), MOST_AXES))
    if not cells:
        why = "; ".join(f"{name}: {reason}" for name, reason in left_out.items()) or "no columns but paths"
        raise UserError(section.root, "an age, or a column of 2 to 12 values", why, "Add labels to the table")
    if not source["columns"]:
        del source["columns"]
    complete = [row for row in rows if row.unlabelled or _complete(row, cells, section.max_age)]
    whole = {row.path for row in complete if (root / row.path).is_file()}
    lost = len(every) - len(whole)
    if lost / len(every) > 0.05 - _MARGIN:
        source["max_quarantine"] = round(min(1.0, lost / len(every) + 2 * _MARGIN), 2)
    train = [row for row in complete if row.split in (None, "train") and not row.unlabelled]
    shares = {name: "uniform" if _reachable(name, cells, train) else "natural" for name in cells}
    chosen = {name: counts[name] for name in cells}
    return Proposal(source, cells, chosen, shares, CAP, len(every), lost, left_out)


def _renamed(names: Sequence[str], columns: dict[str, str]) -> dict[str, str]:
    """Our name -> theirs, for columns whose name no axis may have."""
    made: dict[str, str] = {}
    for name in names:
        refused = name in RESERVED or name.endswith(PREDICTED)
        if name in columns.values() or not name or (re.fullmatch(r"\w+", name, re.ASCII) and not refused):
            continue
        ours = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "column"
        if name not in ("path", "split", "age_std", "subject"):
            ours = f"{ours}_label" if ours in RESERVED or ours.endswith(PREDICTED) else ours
            taken = {*names, *columns, *made}
            free = (f"{ours}_{number}" for number in itertools.count(2))
            made[ours if ours not in taken else next(other for other in free if other not in taken)] = name
    return made


def _values(
    rows: Sequence[SourceRow], axes: Sequence[str]
) -> tuple[dict[str, list[Any]], dict[str, dict[str, int]], dict[str, str]]:
    """Axis -> its values, axis -> value -> rows, and why others are no axes."""
    cells: dict[str, list[Any]] = {}
    counts: dict[str, dict[str, int]] = {}
    left_out: dict[str, str] = {}
    for name in axes:
        if name == AGE or not name:  # a column without a name, as pandas writes the row's number
            continue
        found: Counter[str] = Counter()
        words: dict[str, str] = {}
        for row in rows:
            if word := _word(row, name):
                found[words.setdefault(fold(word), word)] += 1
        missing = 1 - found.total() / len(rows)
        if missing > MISSING:
            left_out[name] = f"{missing:.0%} of the rows have none"
        elif not 2 <= len(found) <= MOST_VALUES:
            left_out[name] = f"{len(found):,} different values" if len(found) > 1 else "one value in all rows"
        elif all(re.fullmatch(_DATE, value) for value in found):
            left_out[name] = "its values are dates"
        elif any("|" in value or "," in value or value == "*" for value in found):
            left_out[name] = "a value has a |, a comma or is a *"
        else:
            cells[name] = [value for value, _ in found.most_common()]
            counts[name] = dict(found.most_common())
    return cells, counts, left_out


def _edges(ages: Sequence[Age]) -> list[float]:
    """Inner edges near EDGES that no labelled range spans and whose bins all hold LEAST of the photos."""
    highest = max(age.low for age in ages)
    candidates = {float(year) for year in range(5, 100, 5)} | {age.low for age in ages if age.low != age.high}
    ranges = {(age.low, age.high) for age in ages if age.low < age.high}
    free = sorted(
        edge for edge in candidates if 0 < edge <= highest and not any(low < edge <= high for low, high in ranges)
    )
    chosen: list[float] = []
    for wanted in EDGES:
        near = sorted(free, key=lambda edge: abs(edge - wanted))
        for edge in near[:3]:
            if min(_binned(ages, sorted({*chosen, edge})).values()) >= max(2, LEAST * len(ages)):
                chosen = sorted({*chosen, edge})
                break
    return [int(edge) if edge == int(edge) else edge for edge in chosen]


def _binned(ages: Sequence[Age], edges: Sequence[float]) -> dict[str, int]:
    axis = Cells.of({AGE: list(edges)})[AGE]
    found = Counter(axis.values[axis.bin(age.low)] for age in ages)
    return {value: found[value] for value in axis.values}


def _word(row: SourceRow, name: str) -> str:
    """A row's label; empty where it has none."""
    return next((word.strip() for word in row.labels.get(name, ()) if word.strip()), "")


def _aged(row: SourceRow, max_age: float) -> bool:
    """Whether a row has an age that the scan takes: -1 or 999 often stand for one that nobody knows."""
    if row.age is None:
        return False
    highest = row.age.years if row.age.high == math.inf else row.age.high
    return 0 <= row.age.low <= row.age.high and highest <= max_age


def _complete(row: SourceRow, cells: dict[str, list[Any]], max_age: float) -> bool:
    if row.split not in (None, *SPLITS) or (AGE in cells and not _aged(row, max_age)):
        return False
    return all(_word(row, name) for name in cells if name != AGE)


def _reachable(name: str, cells: dict[str, list[Any]], train: Sequence[SourceRow]) -> bool:
    """Whether CAP copies of each train photo reach equal shares in three times as many images."""
    if name == AGE:
        found = list(_binned([row.age for row in train if row.age is not None], cells[AGE]).values())
    else:
        counted = Counter(fold(_word(row, name)) for row in train)
        found = [counted[fold(value)] for value in cells[name]]
    return min(found) * (1 + CAP) * len(found) >= 3 * len(train) > 0
