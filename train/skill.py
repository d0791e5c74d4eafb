"""What a judge's opinion is worth: how it does on original photos that it has not seen."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from manifests.core.cells import Cells
from manifests.tables.audit import Accuracy, Skill
from train.estimate import means
from train.label_drift.judge_predictions import Opinions
from train.scoring import resampling


def skill(photos: pa.Table, seen: Opinions, cells: Cells, resamples: int, seed: int) -> Skill:
    """Its errors, with 95% intervals over photos, stratified by joint cell.

    Args:
        photos: rows of an index, originals.
        seen: the judge's opinions of them; a photo without one does not count.
        cells: the axes.
        resamples: bootstrap replicates.
        seed: of params.yaml.
    """
    cell = photos["cell"].to_numpy().astype(np.int64)
    weights = resampling.weights(resampling.strata(cell), resamples, seed)
    grid, mae, accuracy = cells.grid()[cell], None, {}
    if seen.age is not None:
        labels = photos["age"].to_numpy(zero_copy_only=False).astype(np.float64)
        mae = means(np.abs(seen.age - labels)[:, None], weights)[0]
    for axis, shares in seen.shares.items():
        label = grid[:, cells.names.index(axis)]
        right = np.where(np.isnan(shares).any(axis=1), np.nan, shares.argmax(axis=1) == label)
        most = float(np.bincount(label).max() / len(label))
        accuracy[axis] = Accuracy(value=means(right[:, None], weights)[0], most_frequent=most)
    return Skill(n=len(cell), mae=mae, accuracy=accuracy)
