"""One run with everything looked up: what its training and its prediction read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from manifests.core.cells import Cells
from manifests.sections.train import Recipe, Train
from train.model.runtime import Devices, keras

FORMAT = "2"  # of a saved state; another one where what it holds, or how it was made, changes


@dataclass(frozen=True)
class Job:
    """One run, everything looked up.

    Attributes:
        name: the run's.
        train: the section.
        recipe: with its weights schemes spelt out and the run's images.
        seeds: how many repeats.
        seed: of `params.yaml`.
        index: the index's rows.
        cells: its axes.
        shards: where the shards lie.
        cache: where embeddings and the states of training are kept.
        devices: where to train.
    """

    name: str
    train: Train
    recipe: Recipe
    seeds: int
    seed: int
    index: pa.Table
    cells: Cells
    shards: Path
    cache: Path
    devices: Devices

    @property
    def batch(self) -> int:
        """Images a step."""
        return self.recipe.batch or self.train.batch

    @property
    def states(self) -> Path:
        """Where this very run's states lie: its name is a digest of all that the result depends on."""
        text = [
            FORMAT,
            self.recipe.model_dump_json(),
            self.train.model_dump_json(exclude={"runs", "recipes"}),
            str(self.seed),
            self.cells.to_json(),
            keras.version(),
            *(str(self.index[column].to_pylist()) for column in ("task_id", "sha256", "split", "kept", "age")),
        ]
        if Path(self.train.weights).is_file():
            text.append(hashlib.sha256(Path(self.train.weights).read_bytes()).hexdigest())
        return self.cache / "training" / hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]
