"""The sample weights of a run as a table: what one photo of each value weighs, and what all of them weigh together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from manifests.core.cells import Cells
from manifests.core.text import count, figure
from manifests.sections.train import Train
from train import sample_weights
from train.data import samples
from train.recipes import recipe_of

HEADERS = ("value", "photos", "weight of one", "total weight", "share of the weight")


@dataclass(frozen=True)
class Weights:
    """The weights of one run.

    Attributes:
        run: its name.
        rows: in the order of HEADERS.
        effective: how many equally weighted photos would vary the estimate as much.
    """

    run: str
    rows: list[tuple[str, ...]]
    effective: int


def tables(train: Train, names: Sequence[str], index: pa.Table, cells: Cells) -> list[Weights]:
    """The weights of the last stage of each run that has some, at a mean weight of 1.

    Args:
        train: the section.
        names: of the runs.
        index: the table of the shards.
        cells: the axes.
    """
    made = []
    for name in names:
        if name not in train.runs:
            continue
        recipe = recipe_of(train, name)
        scheme = sample_weights.named(recipe.stages[-1].weights)
        if scheme.rule == "none" or recipe.stages[-1].layers == "experts":
            continue
        images = recipe.stages[-1].images or recipe.images
        table = samples.train_samples(index, images, "none", cells).table
        raw = sample_weights.weigh(scheme, table, cells, samples.target(index, cells))
        weights = sample_weights.normalised(scheme, raw)
        made.append(Weights(name, _rows(table, cells, weights), round(sample_weights.effective_size(weights))))
    return made


def _rows(table: pa.Table, cells: Cells, weights: np.ndarray) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for axis in cells.axes:
        labels = np.array(table[axis.column].to_pylist())
        for value in axis.values:
            own = weights[labels == value]
            if len(own):
                share = own.sum() / weights.sum()
                rows.append(
                    (
                        f"{axis.name} {value}",
                        count(len(own)),
                        figure(own.mean()),
                        _total(own.sum()),
                        f"{share:.1%}",
                    )
                )
    return rows


def _total(weight: float) -> str:
    """A total with two digits where it is small."""
    return figure(weight) if weight < 100 else count(round(weight))
