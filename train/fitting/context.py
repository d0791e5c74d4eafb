"""One run, and one stage of one of its repeats, with everything looked up that training and prediction read."""

from __future__ import annotations

import hashlib
import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from manifests.core import places
from manifests.core.cells import Cells
from manifests.core.errors import located
from manifests.sections.recipe import Block, Recipe, Stage
from manifests.sections.train import Train
from train.data.samples import Samples
from train.model import backbones
from train.model.blocks import Cut, cut
from train.model.heads import Network
from train.model.runtime import Devices, keras, tf
from train.targets import YEARS, Target

ROOM = Path(__file__).resolve().parents[1]  # train/
CALLED = (ROOM.parent / "manifests" / "core", ROOM.parent / "augment" / "kernels")  # code of other rooms that it calls
LEARNT = ["task_id", "sha256", "split", "kept", "age", "age_std", "cell"]  # columns of the index


@dataclass(frozen=True)
class RunContext:
    """One run.

    Attributes:
        name: the run's name.
        train: the section.
        recipe: with its weights schemes spelt out and the run's images.
        seed: of `params.yaml`.
        index: the index's rows.
        cells: its axes.
        shards: where the shards lie.
        cache: where features and checkpoints are kept.
        devices: where to train.
        start: the run whose networks this one starts from, or a file of weights; None: neither.
        target: what is predicted.
    """

    name: str
    train: Train
    recipe: Recipe
    seed: int
    index: pa.Table
    cells: Cells
    shards: Path
    cache: Path
    devices: Devices
    start: RunContext | Path | None = None
    target: Target = YEARS

    @property
    def seeds(self) -> int:
        """How many repeats."""
        return self.train.runs[self.name].seeds

    @property
    def batch(self) -> int:
        """Images per step."""
        return self.recipe.batch or self.train.batch

    @property
    def error(self) -> str:
        """What the records of the epochs call the error on valid."""
        return f"valid_{self.target.words.key('error')}"

    def wanted(self, chosen: Samples) -> np.ndarray:
        """What the recipe's loss compares with: float32 (samples, columns)."""
        return self.target.wanted(chosen.table, self.recipe)

    @property
    def checkpoints(self) -> Path:
        """The folder of this run's checkpoints; its name is a fingerprint of all that the result depends on.

        Runs that differ in nothing but their names and what is said about them have one folder.
        """
        text = [
            _code(),
            self.recipe.model_dump_json(exclude={"about"}),
            self.train.model_dump_json(exclude={"runs", "recipes"}),
            str(self.seed),
            self.target.name,
            self.cells.to_json(),
            *_versions(),
            _fingerprint(self.index.select(LEARNT)),
            str(self.devices.names),
        ]
        for path in (places.local(self.train.weights), self.start):
            if isinstance(path, Path) and path.is_file():
                text.append(hashlib.sha256(path.read_bytes()).hexdigest())
        if isinstance(self.start, RunContext):
            text += [self.start.checkpoints.name, str(self.start.seeds)]
        return self.cache / "training" / hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]


def _fingerprint(table: pa.Table) -> str:
    """A hash of a table's values, taken part by part: as Python's, a column of a million takes much memory."""
    made = hashlib.sha256()
    for name in table.column_names:
        for start in range(0, table.num_rows, 1 << 16):
            values = table[name].slice(start, 1 << 16).to_pylist()
            made.update("".join(f"{value}\n" for value in values).encode())
    return made.hexdigest()


def context_of(
    train: Train,
    chain: Mapping[str, Recipe],
    seed: int,
    index: pa.Table,
    cells: Cells,
    shards: Path,
    cache: Path,
    devices: Devices,
    target: Target = YEARS,
) -> RunContext:
    """A run and, within it, the runs that it starts from.

    Args:
        train: the section.
        chain: the recipes of these runs by name, the earliest first; see `recipes.chain_of`.
        seed, index, cells, shards, cache, devices, target: see `RunContext`.
    """
    start: RunContext | Path | None = None
    for name, recipe in chain.items():
        start = start or (places.local(file) if (file := train.runs[name].start) else None)
        start = RunContext(name, train.of(name), recipe, seed, index, cells, shards, cache, devices, start, target)
    assert isinstance(start, RunContext)
    return start


@dataclass(frozen=True)
class StageContext:
    """One stage of one repeat.

    Attributes:
        run: the run.
        stage: the stage.
        network: the repeat's.
        seed: the repeat's.
    """

    run: RunContext
    stage: Stage
    network: Network
    seed: int

    @property
    def trains_pixels(self) -> bool:
        """Whether the whole backbone learns, from pixels."""
        return self.stage.layers == "all" and not self.run.train.frozen

    @cached_property
    def cut(self) -> Cut | None:
        """The network cut at the first layer of the backbone that learns; None where all of it does, or none."""
        if not isinstance(self.stage.layers, Block) or self.run.train.frozen:
            return None
        with located(f".runs.{self.run.name}.recipe"):
            return cut(self.network.backbone, self.network.head, self.stage.layers.first)

    def set_trainable(self) -> None:
        """Set which layers of the backbone learn in this stage."""
        learns = self.trains_pixels or self.cut is not None
        backbones.set_trainable(self.network.backbone, learns, self.run.train.keeps_statistics)
        for layer in self.cut.frozen if self.cut else ():
            layer.trainable = False

    @property
    def model(self) -> keras.Model:
        """The layers that learn."""
        if self.cut is not None:
            return self.cut.above
        if self.stage.layers == "experts" and self.network.experts is not None:
            return self.network.experts
        if self.stage.layers == "last":
            return self.network.last
        return self.network.full if self.trains_pixels else self.network.head

    @property
    def variables(self) -> list[Any]:
        """All variables of the network that a stage of this run may change."""
        return list((self.network.head if self.run.train.frozen else self.network.full).variables)


def _versions() -> list[str]:
    """What else the last digits of a network depend on."""
    packages = map(importlib.metadata.version, ("albumentations", "numpy", "simplejpeg"))
    threads = tf.config.threading.get_intra_op_parallelism_threads()
    return [cv2.__version__, tf.__version__, keras.version(), *packages, str(threads)]


@cache
def _code() -> str:
    """A hash of the code that trains: a checkpoint that other code wrote is not gone on with."""
    folders = [ROOM / name for name in ("data", "fitting", "model", "targets")]
    files = [path for folder in [*folders, *CALLED] for path in sorted(folder.glob("*.py"))]
    made = hashlib.sha256()
    for path in [*files, *(ROOM / name for name in ("sample_weights.py", "scoring/metrics.py"))]:
        made.update(path.read_bytes())
    return made.hexdigest()
