"""Counts of photos in the joint cells of published data sets, and a plan from them, timed."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest

from balance.solver.planner import Planned, make
from balance.solver.problem import parse
from balance.solver.solve import solve
from manifests.core.cells import Cells
from manifests.sections.plan import Plan

DATA = Path(__file__).parents[2] / "../shared/data"


def solved(cells: Cells, available: np.ndarray, **section: object) -> tuple[Planned, float]:
    """A plan, and the seconds of processor time that its solution takes."""
    plan = Plan.model_validate_json(json.dumps(section))
    began = time.process_time()
    solve(parse(plan, cells, available, {}))
    took = time.process_time() - began
    return make(plan, cells, available, {}), took


def appa_real() -> tuple[Cells, np.ndarray]:
    """The cells of the challenge's train photos, and how many photos each has; skips where they are not there."""
    path = DATA / "appa_real/labels_metadata_train.csv"
    if not path.exists():
        pytest.skip(f"the photos of APPA-REAL are not at {path.parent}")
    spec = {"age": [20, 40, 60], "gender": ["male", "female"], "ethnicity": ["caucasian", "asian", "afroamerican"],
            "emotion": ["neutral", "slightlyhappy", "happy", "other"]}  # fmt: skip
    return counted(Cells.of(spec), csv.DictReader(path.open()))


def counted(cells: Cells, rows: object) -> tuple[Cells, np.ndarray]:
    number = np.zeros(len(cells), np.int64)
    for row in rows:
        labels = [axis.bin(float(row["age"])) if axis.edges else axis.index(row[axis.name]) for axis in cells.axes]
        number[np.ravel_multi_index(labels, cells.shape)] += 1
    return cells, number
