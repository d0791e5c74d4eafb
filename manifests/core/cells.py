"""The joint cells: ordered axes, their values, and the number of each combination.

A cell's number is row-major: the last axis of `cells` changes fastest.
"""

from __future__ import annotations

import itertools
import json
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from manifests.core.errors import UserError, nearest

AGE = "age"
MOST_VALUES = 32_767  # of an axis: the tables number them by 16 bits
MOST = 200_000  # joint cells; each is a row of the plan, with its labels


@dataclass(frozen=True)
class Axis:
    """One axis of the joint table.

    Attributes:
        name: its name in `params.yaml`.
        values: its labels in order; for a numeric axis made from the edges.
        edges: the inner bin edges of a numeric axis, in years, ascending; empty otherwise.
    """

    name: str
    values: tuple[str, ...]
    edges: tuple[float, ...] = ()

    @property
    def column(self) -> str:
        """Its column's name in a table: `age` is the label in years, `age_bin` its bin."""
        return f"{self.name}_bin" if self.edges else self.name

    def index(self, label: str) -> int | None:
        """The position of a label, blind to case, spaces, hyphens and underscores; None if unknown."""
        return self._index.get(fold(label))

    @cached_property
    def _index(self) -> dict[str, int]:
        return {fold(value): i for i, value in enumerate(self.values)}

    def position(self, label: str) -> int:
        """The position of a label as `index` finds it.

        Raises:
            UserError: an unknown label; `located` says whose it is.
        """
        position = self.index(label)
        if position is None:
            received = repr(label) + nearest(label, self.values)
            raise UserError("", f"one of {', '.join(self.values)}", received, "Correct the label")
        return position

    def bin(self, number: float) -> int:
        """The bin of a number: [lower edge, upper edge)."""
        return bisect_right(self.edges, number)


@dataclass(frozen=True)
class Cells:
    """All axes, in order."""

    axes: tuple[Axis, ...]

    @classmethod
    def of(cls, spec: Mapping[str, Sequence[str] | Sequence[float]]) -> Cells:
        """Make the axes from a checked `cells` section: values, or bin edges for a numeric axis.

        Raises:
            UserError: they have more than MOST joint cells, or one has more than MOST_VALUES values.
        """
        axes = []
        for name, values in spec.items():
            if all(isinstance(v, (int, float)) for v in values):
                edges = tuple(float(v) for v in values)  # type: ignore[arg-type]
                axes.append(Axis(name, _bins(edges), edges))
            else:
                axes.append(Axis(name, tuple(str(v) for v in values)))
        made = cls(tuple(axes))
        if len(made) > MOST:
            raise UserError("", f"at most {MOST:,} joint cells", f"{len(made):,}", "Take out axes, or join values")
        if max(made.shape, default=0) > MOST_VALUES:
            raise UserError("", f"at most {MOST_VALUES:,} values of an axis", f"{max(made.shape):,}", "Join values")
        return made

    @property
    def names(self) -> tuple[str, ...]:
        """The axes' names, in order."""
        return tuple(axis.name for axis in self.axes)

    @property
    def columns(self) -> tuple[str, ...]:
        """The axes' column names, in order."""
        return tuple(axis.column for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(len(axis.values) for axis in self.axes)

    def __len__(self) -> int:
        return prod(self.shape)

    def __getitem__(self, name: str) -> Axis:
        return next(axis for axis in self.axes if axis.name == name)

    def named(self, name: str) -> Axis:
        """The axis of that name.

        Raises:
            UserError: there is none; `located` says who asks for it.
        """
        if name not in self.names:
            received = repr(name) + nearest(name, self.names)
            raise UserError("", f"an axis ({', '.join(self.names)})", received, "Correct the key")
        return self[name]

    def only(self, names: Sequence[str]) -> Cells:
        """The same axes less those not named: what a layout that lacks an axis plans over."""
        return Cells(tuple(axis for axis in self.axes if axis.name in names))

    def labels(self, cell: int) -> tuple[str, ...]:
        """A cell's label on each axis."""
        return tuple(axis.values[i] for axis, i in zip(self.axes, np.unravel_index(cell, self.shape), strict=True))

    def name(self, cell: int) -> str:
        """A cell's name in messages, such as `60+|female|asian|happy`."""
        return "|".join(self.labels(cell))

    def grid(self) -> np.ndarray:
        """int64 (cells, axes): each cell's position on each axis."""
        return np.stack(np.unravel_index(np.arange(len(self)), self.shape), axis=1).astype(np.int64)

    def match(self, pattern: str) -> np.ndarray:
        """The cells that a pattern such as `60+|*|asian|*` names.

        A part may also be several values joined by `,`. A pattern with one part fewer or more
        than there are axes is an error, and so is an unknown value.

        Returns:
            bool (cells,).
        Raises:
            UserError: the pattern does not fit the axes; `located` says whose it is.
        """
        parts = [part.strip() for part in pattern.split("|")]
        if len(parts) != len(self.axes):
            raise UserError(
                "",
                f"a pattern of {len(self.axes)} parts ({'|'.join(self.names)})",
                repr(pattern),
                "Write * for an axis that does not matter",
            )
        grid, chosen = self.grid(), np.ones(len(self), bool)
        for axis, part, positions in zip(self.axes, parts, grid.T, strict=True):
            if part != "*":
                chosen &= np.isin(positions, [self._position(axis, label) for label in part.split(",")])
        return chosen

    def _position(self, axis: Axis, label: str) -> int:
        position = axis.index(label)
        if position is None:
            rule = f"a value of {axis.name} ({', '.join(axis.values)})"
            received = repr(label.strip()) + nearest(label.strip(), axis.values)
            raise UserError("", rule, received, "Correct the label")
        return position

    def to_json(self) -> str:
        """The `cells` section these axes came from, as stored in every table's metadata."""
        return json.dumps({axis.name: list(axis.edges or axis.values) for axis in self.axes})

    @classmethod
    def from_json(cls, text: str | bytes) -> Cells:
        """The inverse of `to_json`."""
        return cls.of(json.loads(text))


def _bins(edges: Sequence[float]) -> tuple[str, ...]:
    text = [f"{edge:g}" for edge in edges]
    inner = [f"{low}-{high}" for low, high in itertools.pairwise(text)]
    return (f"<{text[0]}", *inner, f"{text[-1]}+")


def fold(label: str) -> str:
    """A label without what `Axis.index` is blind to; one that starts with a digit keeps its hyphens."""
    return re.sub(r"[\s_-]+", "", label).casefold() if not label[:1].isdigit() else label.strip()
