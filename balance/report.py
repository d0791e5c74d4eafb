"""The plan as tables and text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from balance.wishes import Problem
from manifests.cells import Cells
from manifests.tables import base


def parts(problem: Problem, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int64 (cells,) originals to keep, int64 (cells,) images to synthesise: the fewest copies."""
    keep = np.minimum(target, problem.available)
    return keep, target - keep


def plan_table(problem: Problem, cells: Cells, target: np.ndarray) -> pa.Table:
    """One row a cell: available, keep, augment, target and the most copies of one photo."""
    keep, augment = parts(problem, target)
    most = -(-augment // np.maximum(1, problem.available))
    numbers = {"available": problem.available, "keep": keep, "augment": augment, "target": target, "max_copies": most}
    axes = base.axis_columns(cells, pa.array(np.arange(len(cells)), pa.int32()))
    return pa.table(
        [*axes, *(pa.array(column, pa.int64()) for column in numbers.values())],
        names=[*cells.columns, "cell", *numbers],
    )
