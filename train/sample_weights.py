"""Weights schemes: a photo's sample weight as a pure function of the labels of the train table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from manifests.core.cells import AGE, Axis, Cells
from manifests.core.errors import UserError
from manifests.sections.methods import Scheme
from manifests.tables.index import positions

YEARS = 100  # 0 to 100 are 101 values; the study took 100, and a centenarian shares the last

# The custom-loss study's weights by hand.
_BY_HAND = {
    "gender": {"male": 0.35, "female": 0.5},
    "expression": {"happy": 2.0, "slightly happy": 1.0, "neutral": 1.0, "other": 7.0},
    "ethnicity": {"caucasian": 0.4, "afroamerican": 15.0, "asian": 4.0},
    "age": {"<20": 0.8, "20-40": 0.3, "40-60": 1.5, "60+": 10.0},
}
_BY_20_YEARS = (20.0, 40.0, 60.0)

SCHEMES: dict[str, Scheme] = {
    "none": Scheme(rule="none"),
    "age_group": Scheme(rule="groups", axes=("age",)),
    "product_years": Scheme(edges="years"),  # 1a
    "product": Scheme(),  # 1b
    "cell_years": Scheme(joint=True, edges="years"),  # 2a
    "cell": Scheme(joint=True),  # 2b
    "cell_tempered": Scheme(joint=True, exponent=0.5),
    "plan": Scheme(rule="plan"),
    "lds": Scheme(rule="lds"),
    "by_hand": Scheme(rule="table", table=_BY_HAND),  # 3
    "ten_groups": Scheme(
        rule="groups", joint=True, axes=("age", "ethnicity"), edges=_BY_20_YEARS, one_above=60
    ),  # sample-weight study
    "forty_eight_groups": Scheme(rule="groups", joint=True, axes=("age", "ethnicity", "expression")),
}


def named(scheme: str | Scheme) -> Scheme:
    """Look up the scheme of a name; one that is spelt out is returned as it is.

    Raises:
        UserError: no scheme of that name.
    """
    if isinstance(scheme, Scheme):
        return scheme
    if scheme not in SCHEMES:
        raise UserError("", f"one of {', '.join(SCHEMES)}, or a scheme spelt out", repr(scheme), "Correct the name")
    return SCHEMES[scheme]


def weigh(scheme: Scheme, table: pa.Table, cells: Cells, target: np.ndarray | None = None) -> np.ndarray:
    """Weigh each row, before the exponent's and the mean's scaling: the numbers the studies print.

    Args:
        scheme: the rule.
        table: rows with `age` and the columns of `cells`, the train split as it is trained on.
        cells: the axes of the table.
        target: int64 (cells,), for rule `plan`: the images that the plan wants in each joint cell.
    Returns:
        float64 (rows,), above 0; under rule `plan` 0 where the plan wants none.
    Raises:
        UserError: an axis or a value that the table does not have.
    """
    if scheme.rule == "none":
        return np.ones(len(table))
    if scheme.rule == "plan":
        if target is None:
            raise ValueError("rule plan needs `target`")
        cell = table["cell"].to_numpy()
        return (target / np.maximum(np.bincount(cell, minlength=len(cells)), 1))[cell]
    if scheme.rule == "lds":
        return 1 / smoothed_density(table["age"].to_numpy().astype(np.float64), scheme.width)
    axes = _axes(scheme, cells)
    columns = [_positions(scheme, axis, table) for axis in axes]
    sizes = [_size(scheme, axis) for axis in axes]
    if scheme.rule == "table":
        return np.prod([_by_hand(scheme, a, c) for a, c in zip(axes, columns, strict=True)], axis=0)
    if scheme.joint:
        groups, size = _joint(scheme, axes, columns, sizes, table)
        return _of_counts(scheme, groups, size)
    return np.prod([_of_counts(scheme, c, n) for c, n in zip(columns, sizes, strict=True)], axis=0)


def smoothed_density(age: np.ndarray, width: float) -> np.ndarray:
    """How many rows have about the age of each row: the counts by year, smoothed by a normal kernel.

    Yang et al. 2021, Delving into deep imbalanced regression (label distribution smoothing); they cut the kernel off
    after two years, ours is whole.

    Args:
        age: float64 (rows,), years.
        width: standard deviation of the kernel, in years.
    Returns:
        float64 (rows,), above 0.
    """
    year = np.clip(np.floor(age), 0, YEARS).astype(np.int64)
    distance = np.arange(YEARS + 1)[:, None] - np.arange(YEARS + 1)
    kernel = np.exp(-0.5 * (distance / width) ** 2)
    return (kernel @ np.bincount(year, minlength=YEARS + 1))[year]


def normalised(scheme: Scheme, weights: np.ndarray) -> np.ndarray:
    """Temper by the exponent and scale to mean 1. float64 (rows,) in and out."""
    tempered = weights**scheme.exponent
    return tempered / tempered.mean() if len(tempered) else tempered


def effective_size(weights: np.ndarray) -> float:
    """How many equally weighted photos would vary the estimate as much (Kish 1965): (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum()) if len(weights) else 0.0


def _axes(scheme: Scheme, cells: Cells) -> list[Axis]:
    """The scheme's axes that the table has; a layout may lack some."""
    names = scheme.axes or tuple(scheme.table) or cells.names
    axes = [axis for axis in cells.axes if axis.name in names]
    if not axes:
        raise UserError("", f"one of the axes {', '.join(cells.names)}", ", ".join(names), "Correct the axes")
    return axes


def _positions(scheme: Scheme, axis: Axis, table: pa.Table) -> np.ndarray:
    """int64 (rows,): each row's group on one axis."""
    if axis.name == AGE and scheme.edges is not None:
        age = table["age"].to_numpy().astype(np.float64)
        if scheme.edges == "years":
            return np.clip(np.floor(age + 0.5), 0, YEARS - 1).astype(np.int64)  # rounded, half up
        return np.searchsorted(scheme.edges, age, side="right").astype(np.int64)
    return positions(table, axis)


def _size(scheme: Scheme, axis: Axis) -> int:
    if axis.name == AGE and scheme.edges is not None:
        return YEARS if scheme.edges == "years" else len(scheme.edges) + 1
    return len(axis.values)


def _joint(
    scheme: Scheme, axes: list[Axis], columns: list[np.ndarray], sizes: list[int], table: pa.Table
) -> tuple[np.ndarray, int]:
    """Each row's combination of values, and how many combinations there are."""
    groups, size = np.ravel_multi_index(columns, sizes), int(np.prod(sizes))
    if scheme.one_above is None:
        return groups, size
    old = table["age"].to_numpy() >= scheme.one_above
    edges = scheme.edges if isinstance(scheme.edges, tuple) else next((a.edges for a in axes if a.name == AGE), ())
    above = sum(edge >= scheme.one_above for edge in edges)  # bins that the one group swallows
    ages = next((n for n, axis in zip(sizes, axes, strict=True) if axis.name == AGE), 1)
    return np.where(old, size, groups), size // ages * (ages - above) + 1


def _of_counts(scheme: Scheme, groups: np.ndarray, size: int) -> np.ndarray:
    """The weight of each row's group from the groups' counts."""
    count = np.bincount(groups)[groups]
    if scheme.rule == "groups":
        return len(groups) / (size * count)
    return (scheme.smoothing + len(groups)) / (scheme.smoothing + size * count)


def _by_hand(scheme: Scheme, axis: Axis, positions: np.ndarray) -> np.ndarray:
    given = {axis.index(value): weight for value, weight in scheme.table[axis.name].items()}
    missing = [value for i, value in enumerate(axis.values) if i not in given]
    if missing:
        raise UserError(
            f": {axis.name}",
            f"a weight for each of {', '.join(axis.values)}",
            f"none for {missing[0]}",
            "Write a table of your own under `weights`, or choose another scheme",
        )
    return np.array([given[i] for i in range(len(axis.values))])[positions]
