"""The plan stage in a folder of its own, on a made-up source table."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from hashlib import sha256
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa

from balance import plan as stage
from manifests.core.cells import Cells
from manifests.tables import base, source, tasks

CELLS = Cells.of({"age": [20, 60], "gender": ["male", "female"], "ethnicity": ["caucasian", "asian"]})
UNIFORM = dict.fromkeys(("age", "gender", "ethnicity"), "uniform")
POLICIES = {"flip": {"weight": 1}, "pose": {"weight": 2}, "tone": {"weight": 1, "by": {"age": {"60+": {"weight": 3}}}}}


def photo_table(cells: Cells, available: np.ndarray, valid: int = 7) -> pa.Table:
    """A source table: train photos as given, some of valid, one train photo that nearly equals one of them."""
    cell = [*np.repeat(np.arange(len(cells)), available), *[0] * valid, 1]
    split = ["train"] * int(available.sum()) + ["valid"] * valid + ["train"]
    ids = [sha256(str(i).encode()).hexdigest()[:16] for i in range(len(cell))]
    near = [None] * (len(cell) - 1) + [ids[-2]]
    columns = {
        "image_id": pa.array(ids),
        "path": pa.array([f"{i}.jpg" for i in range(len(cell))]),
        "split": pa.array(split).dictionary_encode().cast(pa.dictionary(pa.int16(), pa.string())),
        "age": pa.array(np.arange(len(cell)) % 90, pa.float32()),
        "age_std": pa.nulls(len(cell), pa.float32()),
        "age_width": pa.nulls(len(cell), pa.float32()),
        "subject": pa.nulls(len(cell), pa.string()),
    }
    axes = base.axis_columns(cells, pa.array(cell, pa.int32()))
    rest = [pa.array([96] * len(cell), pa.int32())] * 2 + [pa.array(near, pa.string())]
    return pa.table([*columns.values(), *axes, *rest], names=source.schema(cells).names)


LOPSIDED = np.array([12, 5, 9, 1, 40, 10, 33, 6, 4, 0, 3, 1])  # photos of each of CELLS


class PlanStage:
    """The command in a folder of its own."""

    def __init__(self, folder: Path, cells: Cells, table: pa.Table | None = None) -> None:
        self.folder, self.cells = folder, cells
        if table is not None:
            source.write(table, folder / "source.parquet", cells)
        (folder / "rejects.csv").write_text("task_id,reason\n")
        (folder / "emphasis.json").write_text("{}\n")

    def run(self, section: dict, *options: object, policies: dict = POLICIES) -> str:
        """Plan, and give what the command printed."""
        spec = {axis.name: list(axis.edges or axis.values) for axis in self.cells.axes}
        params = {"seed": 7, "cells": spec, "plan": section, "policies": policies}
        (self.folder / "params.yaml").write_text(json.dumps(params))
        suffix = {"source": "parquet", "rejects": "csv", "emphasis": "json", "plan": "parquet", "summary": "json"}
        suffix |= {
            "tasks": "parquet",
            "shares": "csv",
            "heat": "csv",
            "copies": "csv",
            "tradeoff": "csv",
            "params": "yaml",
        }
        paths = [x for name, end in suffix.items() for x in (f"--{name}", str(self.folder / f"{name}.{end}"))]
        printed = io.StringIO()
        with mock.patch("sys.argv", ["balance.plan", *paths, *map(str, options)]), redirect_stdout(printed):
            stage.main()
        return printed.getvalue()

    def written(self) -> dict[str, bytes]:
        """The files that the stage wrote, by name."""
        made = ("plan.parquet", "summary.json", "tasks.parquet", "shares.csv", "heat.csv", "copies.csv", "tradeoff.csv")
        return {name: (self.folder / name).read_bytes() for name in made if (self.folder / name).exists()}

    def tasks(self) -> list[dict]:
        """The rows of the tasks table."""
        return tasks.read(self.folder / "tasks.parquet")[0].to_pylist()
