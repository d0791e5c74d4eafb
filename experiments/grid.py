"""A set's `grid`: one run for each combination of hyperparameters."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from manifests.core.errors import UserError
from manifests.sections.recipe import Recipe

Point = dict[str, float]  # hyperparameter -> value
_LAYER = re.compile(r"(width|dropout)_([1-9])")
PLAIN = ("batch", "l2", "decay", "smoothing")  # fields of a recipe


def points(grid: Mapping[str, tuple[float, ...]]) -> Iterator[Point]:
    """Every combination, the last hyperparameter changing fastest."""
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def changed(recipe: Recipe, point: Point) -> dict[str, Any]:
    """The fields of a recipe that a point sets.

    Args:
        recipe: what is varied.
        point: `rate`, of every stage; `batch`, `l2`, `decay` or `smoothing`; `width_n` and `dropout_n`, of the n-th
            dense layer and after it, counted from 1.
    Raises:
        UserError: another hyperparameter, or a layer that the head does not have; the key is relative to the grid.
    """
    made: dict[str, Any] = {}
    widths, dropouts = _layers(recipe.head)
    for name, value in point.items():
        layer = _LAYER.fullmatch(name)
        if name == "rate":
            made["stages"] = [
                {**stage.model_dump(mode="json", exclude_unset=True, by_alias=True), "rate": value}
                for stage in recipe.stages
            ]
        elif name in PLAIN:
            made[name] = int(value) if name == "batch" else value
        elif layer and int(layer[2]) <= len(widths):
            (widths if layer[1] == "width" else dropouts)[int(layer[2]) - 1] = value
        else:
            rule = f"rate, {', '.join(PLAIN)}, or width_n or dropout_n of {len(widths)} dense layers"
            raise UserError(f".{name}", rule, repr(name), "Correct the name")
    if any(_LAYER.fullmatch(name) for name in point):
        pairs = zip(widths, dropouts, strict=True)
        made["head"] = [*_before(recipe.head), *(n for w, d in pairs for n in ([w, d] if d else [w]))]
    return made


def _layers(head: tuple[float, ...]) -> tuple[list[float], list[float]]:
    """The widths of the dense layers, and the dropout rate after each."""
    widths, dropouts = [], []
    for number in head:
        if number >= 1:
            widths.append(number)
            dropouts.append(0.0)
        elif widths:
            dropouts[-1] = number
    return widths, dropouts


def _before(head: tuple[float, ...]) -> list[float]:
    """The dropout before the first dense layer."""
    return [head[0]] if head and head[0] < 1 else []
