"""Measure how each stage grows: the exponent of its processor time, from two sizes of its input.

    python -m tests.bench_growth

An exponent of 1 is work in step with the size; of 2, with its square. What a stage costs at any size is taken off by
a run on next to nothing. Photos are drawn blobs of 224 pixels; rendering is the real one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from math import log
from pathlib import Path

import numpy as np

from manifests.core import codec
from tests.support.render_fixtures import picture
from tests.support.stages import prepare

ROOT = Path(__file__).resolve().parent.parent
SIZES = (20, 1500, 6000)  # photos: next to nothing, and the two that are compared
CELLS = ((3, 3, 3), (10, 10, 10), (10, 10, 20))  # values of the axes, for the plan from a table of counts
STAGES = ("manifests.scan", "balance.plan", "augment.render", "augment.gallery", "augment.verify")
PARAMS = """
seed: 7
source: {{layout: table, root: raw, near_duplicates: drop}}
cells: {{age: [20, 40, 60], gender: [m, f]}}
plan: {{total: {total}, shares: {{age: uniform}}, max_copies: 12, keep: all}}
policies: {{light: {{weight: 1, severity: 1}}, tone: {{weight: 1, severity: 1}}}}
render: {{quality: 90}}
"""


def main() -> None:
    """Print a line per stage: seconds at each size, and the exponent."""
    spent: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for photos, axes in zip(SIZES, CELLS, strict=True):
            project(Path(folder) / str(photos), photos)
            for stage in STAGES:
                spent.setdefault(stage, []).append(seconds(Path(folder) / str(photos), stage))
            counts(Path(folder) / f"cells{photos}", axes)
            options = ("balance.plan", "--counts", "counts.csv")
            spent.setdefault("plan, by cells", []).append(seconds(Path(folder) / f"cells{photos}", *options))
    for stage, (least, one, other) in spent.items():
        ratio = SIZES[2] / SIZES[1] if "cells" not in stage else np.prod(CELLS[2]) / np.prod(CELLS[1])
        exponent = log(max(1e-3, other - least) / max(1e-3, one - least)) / log(ratio)
        print(f"{stage:18s} {one:7.1f} s {other:7.1f} s  exponent {exponent:.2f}")


def project(folder: Path, photos: int) -> None:
    """Photos with labels, and params.yaml."""
    prepare(folder, PARAMS.format(total=2 * photos))
    (folder / "raw").mkdir()
    rows = ["path,age,gender"]
    for number in range(photos):
        (folder / f"raw/{number:06d}.jpg").write_bytes(codec.encode(picture(number, 224), 90))
        rows.append(f"{number:06d}.jpg,{number % 80},{'mf'[number % 2]}")
    (folder / "raw/labels.csv").write_text("\n".join(rows) + "\n")


def counts(folder: Path, axes: tuple[int, ...]) -> None:
    """A table of counts over `axes`, uneven, and params.yaml."""
    names = "abc"
    section = ", ".join(
        f"{name}: [{', '.join(f'{name}{i}' for i in range(n))}]" for name, n in zip(names, axes, strict=True)
    )
    available = np.random.default_rng(1).poisson(10, int(np.prod(axes)))
    shares = ", ".join(f"{name}: 0.5" for name in names)
    plan = f"{{total: {3 * available.sum()}, shares: {{{shares}}}, max_copies: 12, keep: all}}"
    prepare(folder, f"seed: 7\ncells: {{{section}}}\nplan: {plan}\npolicies: {{light: {{weight: 1, severity: 1}}}}\n")
    grid = np.stack(np.unravel_index(np.arange(len(available)), axes), axis=1).tolist()
    rows = [
        ",".join([*(f"{name}{i}" for name, i in zip(names, at, strict=True)), str(n)])
        for at, n in zip(grid, available, strict=True)
    ]
    (folder / "counts.csv").write_text("\n".join(["a,b,c,available", *rows]) + "\n")


def seconds(folder: Path, *command: str) -> float:
    """Processor seconds of a stage and its workers."""
    before = os.times()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", *command], cwd=folder, env=environment, check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


if __name__ == "__main__":
    main()
