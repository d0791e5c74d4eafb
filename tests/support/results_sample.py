"""Scored runs beside drawn shards, for the tests of the results page."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa

from manifests.tables import index
from tests.support import pages_samples, plan_sample, scoring
from train import compare, page, score

PARAMS = """seed: 7
task: {{target: {target}}}
source: {{layout: appa_real, root: none}}
score: {{resamples: 200, permutations: 200, worst: 3, min_group: 20}}
train:
  runs:
{runs}
"""


def make(folder: Path, runs: Sequence[str] = ("original", "balanced"), target: str = "age") -> Path:
    """Predict, score, compare and write the page into `folder`, which must be the working folder.

    Args:
        folder: where.
        runs: their names.
        target: `age`, in years, or another axis, whose values are then the classes.
    """
    sample = pages_samples.make(folder / "datasets", 120)
    ids = index.read(sample.index)[0]["image_id"].unique().to_pylist()
    named = "\n".join(f"    {run}: {{images: original}}" for run in runs)
    (folder / "params.yaml").write_text(PARAMS.format(target=target, runs=named))
    plan_sample.write(folder / "manifests/built/plan.json")
    for number, run in enumerate(runs):
        table = _predicted(target, number)
        known = [*(f"{i:016x}" for i in range(table.num_rows - len(ids))), *ids]
        scoring.write(table.set_column(0, "image_id", pa.array(known)), folder, run, steps=500 + 100 * number)
        _curves(folder / "datasets/runs" / run / "curves/plots/metrics", number)
        command(score.main, "--run", run)
    command(compare.main)
    command(page.main)
    return folder / "datasets/pages/results"


def _predicted(target: str, number: int) -> pa.Table:
    splits = {"valid": 40, "test": 80}
    if target == "age":
        return scoring.frame(splits, seed=number, noise=6 - number)
    return scoring.class_frame(target, splits, seed=number, skill=1.5 + number)


def command(main, *options: str) -> None:
    """Run a command in this process."""
    with patch.object(sys, "argv", ["command", *options]):
        main()


def _curves(folder: Path, number: int) -> None:
    """Two repeats of four epochs of 50 steps each, in two stages; the third epoch's weights were kept."""
    for repeat in (1, 2):
        (folder / f"repeat_{repeat}").mkdir(parents=True)
        errors = [10 - epoch + number + repeat for epoch in range(4)]
        for name, values in (
            ("valid_mae", errors),
            ("loss", [4, 3, 2, 1]),
            ("valid_loss", [4.5, 3.5, 2.5, 2.75]),
            ("stage", [0, 0, 1, 1]),
            ("best", [1, 1, 1, 0]),
        ):
            lines = "".join(f"{50 * (epoch + 1)}\t{value}\n" for epoch, value in enumerate(values))
            (folder / f"repeat_{repeat}" / f"{name}.tsv").write_text(f"step\t{name}\n" + lines)
