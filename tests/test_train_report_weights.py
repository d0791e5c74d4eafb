"""The printed weights of a run: what one photo of each value weighs, and all of them together."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from manifests.core.cells import Cells
from manifests.sections.train import Train
from train.reports import weights
from train.sample_weights import named, normalised, weigh

CELLS = Cells.of({"age": [30], "gender": ["male", "female"]})


def index() -> pa.Table:
    """Six train photos, four of them of young men; one copy; one photo of valid."""
    cell = [0, 0, 0, 0, 1, 2, 2, 0]
    copies, split = [0] * 6 + [1, 0], ["train"] * 7 + ["valid"]
    position = CELLS.grid()[cell]
    labels = {axis.column: [axis.values[i] for i in position[:, a]] for a, axis in enumerate(CELLS.axes)}
    ids = [f"{i:016x}" for i in (0, 1, 2, 3, 4, 5, 5, 6)]
    return pa.table(
        {
            "image_id": ids,
            "copy": pa.array(copies, pa.int32()),
            "split": split,
            "kept": [True] * 8,
            "cell": pa.array(cell, pa.int32()),
            "age": pa.array([20.0 if c < 2 else 50.0 for c in cell], pa.float32()),
            **labels,
        }
    )


def test_table_has_each_value_with_its_weight_and_total() -> None:
    train = Train.model_validate(
        {"runs": {"plain": {"images": "original"}, "weighted": {"images": "original", "weights": "product"}}}
    )
    (made,) = weights.tables(train, ["plain", "weighted", "gone"], index(), CELLS)
    assert made.run == "weighted"
    rows = {row[0]: row[1:] for row in made.rows}
    photos = index().slice(0, 6)
    expected = normalised(named("product"), weigh(named("product"), photos, CELLS))
    young = np.array(photos["age"]) < 30
    assert rows["age <30"] == (
        "5",
        f"{expected[young].mean():.2f}",
        f"{expected[young].sum():.2f}",
        f"{expected[young].sum() / 6:.1%}",
    )
    assert sum(float(rows[f"gender {name}"][2]) for name in ("male", "female")) == 6
