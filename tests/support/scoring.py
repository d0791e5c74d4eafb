"""Predictions made up for the tests of scoring: groups as lopsided as real ones, errors as told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from manifests.core.cells import Cells
from manifests.tables import base, predictions

CELLS = Cells.of(
    {
        "age": [20, 40, 60],
        "gender": ["male", "female"],
        "ethnicity": ["caucasian", "asian", "afroamerican"],
        "expression": ["neutral", "slightly happy", "happy", "other"],
    }
)
SHARES = ([0.2, 0.58, 0.18, 0.04], [0.5, 0.5], [0.87, 0.1, 0.03], [0.35, 0.44, 0.17, 0.04])


def draw_cells(rng: np.random.Generator, n: int) -> np.ndarray:
    """Int64 (n,): joint cells of CELLS with lopsided, independent marginals."""
    places = [rng.choice(len(p), n, p=p) for p in SHARES]
    return np.ravel_multi_index(places, CELLS.shape)


def ages_of(rng: np.random.Generator, cell: np.ndarray) -> np.ndarray:
    """Float64 (n,): whole years inside each cell's age bin."""
    edges = np.array([1, 20, 40, 60, 90])
    place = CELLS.grid()[cell, 0]
    return rng.integers(edges[place], edges[place + 1]).astype(np.float64)


def frame(
    splits: Mapping[str, int], seed: int = 0, seeds: int = 3, noise: float = 5.0, quantiles: bool = False
) -> pa.Table:
    """A predictions table with `splits[name]` labelled photos a split."""
    rng = np.random.default_rng(seed)
    photos = np.random.default_rng(99)  # the photos do not depend on the run
    n = sum(splits.values())
    cell = draw_cells(photos, n)
    age = ages_of(photos, cell).astype(np.float32)
    preds = (age[:, None] + rng.normal(0, noise, (n, seeds))).astype(np.float32)
    split = [name for name, count in splits.items() for _ in range(count)]
    q = [None] * n
    if quantiles:
        from scipy.stats import norm

        grid = norm.cdf((np.arange(101) + 0.5 - age[:, None]) / noise)
        q = list(np.clip(grid / grid[:, -1:], 0, 1).astype(np.float32))
    columns = [
        pa.array([f"{i:016x}" for i in range(n)]),
        pa.array([f"{name}/{i:06d}.jpg" for i, name in enumerate(split)]),
        pa.array(split).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string())),
        pa.array(age),
        *base.axis_columns(CELLS, pa.array(cell, pa.int32())),
        pa.array(preds.mean(axis=1)),
        pa.array(list(preds), pa.list_(pa.float32())),
        pa.array(q, pa.list_(pa.float32())),
    ]
    return pa.Table.from_arrays(columns, schema=predictions.schema(CELLS))


def class_frame(axis: str, splits: Mapping[str, int], seed: int = 0, seeds: int = 2, skill: float = 1.5) -> pa.Table:
    """The same photos with a predicted axis: the more skill, the more probable is the label, less so of the oldest."""
    table = frame(splits)
    rng, cell = np.random.default_rng(seed), table["cell"].to_numpy()
    truth, wide = CELLS.grid()[cell, CELLS.names.index(axis)], len(CELLS[axis].values)
    logits = rng.normal(0, 1, (len(cell), seeds, wide))
    logits += (skill - 0.4 * CELLS.grid()[cell, 0])[:, None, None] * (truth[:, None] == np.arange(wide))[:, None]
    each = (np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)).astype(np.float32)
    mean, name = each.mean(axis=1), CELLS[axis].column
    pred = pa.DictionaryArray.from_arrays(pa.array(mean.argmax(axis=1), pa.int16()), pa.array(CELLS[axis].values))
    listed = [pa.array(list(part.reshape(len(cell), -1)), pa.list_(pa.float32())) for part in (each, mean)]
    table = table.drop_columns(["age_pred", "age_preds", "age_q"])
    for end, column in zip(("pred", "preds", "q"), (pred, *listed), strict=True):
        table = table.append_column(f"{name}_{end}", column)
    return table


def write(table: pa.Table, folder: Path, run: str, steps: int | None = None) -> Path:
    """Publish it where the run's predictions belong."""
    path = folder / "datasets" / "runs" / run / "predictions.parquet"
    predictions.write(table, path, CELLS, predictions.Training(steps))
    return path
