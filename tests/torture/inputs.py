"""Every kind of input that is damaged: which file, how, and which command then reads it."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.torture import damage

Damage = Callable[[Path, random.Random], str]
_BYTES: Damage = partial(damage.damage, damage.BYTES)
_TEXT: Damage = partial(damage.damage, damage.TEXT)
BUILT = "manifests/built"
RUN = "datasets/runs/original"
SCAN, PLAN, RENDER, PROBE = "manifests.scan", "balance.plan", "augment.render", "augment.probe"
PAGE, GALLERY, VERIFY, STORE = "balance.page", "augment.gallery", "augment.verify", "augment.store list"
EMPHASISE = f"balance.emphasise --scorecard {RUN}/scorecard.json"
FIT, PREDICT = "train.fit --run original", "train.predict --run original raw/test"
SCORE, COMPARE, RESULTS = "train.score --run original", "train.compare", "train.page"
AS_PARQUET = "manifests.scan --params parquet.yaml"


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    Attributes:
        name: for `--only` and in the counts.
        files: patterns of files in the project, one of which is damaged.
        damage: how.
        commands: one of which is run, as its module and its options.
        often: against the others.
        trained: it needs a run, and TensorFlow where a command trains or predicts.
    """

    name: str
    files: tuple[str, ...]
    damage: Damage
    commands: tuple[str, ...]
    often: float
    trained: bool = False


KINDS: Sequence[Kind] = (
    Kind("photos", ("raw/*/*.jpg",), _BYTES, (SCAN, SCAN, RENDER), 20),
    Kind("labels", ("raw/labels.csv",), _TEXT, (SCAN,), 10),
    Kind("Parquet labels", ("raw/labels.parquet",), damage.damage_table, (AS_PARQUET,), 10),
    Kind("params.yaml", ("params.yaml",), _TEXT, (SCAN, PLAN, PLAN, RENDER), 20),
    Kind("source.parquet", (f"{BUILT}/source.parquet",), damage.damage_table, (PLAN, RENDER, PROBE), 10),
    Kind("landmarks.parquet", (f"{BUILT}/landmarks.parquet",), damage.damage_table, (PROBE,), 6),
    Kind("tasks.parquet", (f"{BUILT}/tasks.parquet",), damage.damage_table, (RENDER,), 8),
    Kind("index.parquet", ("datasets/shards/index.parquet",), damage.damage_table, (GALLERY, VERIFY), 8),
    Kind("plan.parquet", (f"{BUILT}/plan.parquet",), damage.damage_table, (PAGE, GALLERY), 4),
    Kind("plan.json", (f"{BUILT}/plan.json",), _TEXT, (PAGE,), 6),
    Kind("emphasis.json", ("manifests/emphasis.json",), _TEXT, (PLAN,), 3),
    Kind("rejects.csv", ("manifests/rejects.csv",), _TEXT, (PLAN, GALLERY), 3),
    Kind("store", (".cache/render/??/*.pack",), _BYTES, (RENDER, STORE), 5),
    Kind("shards", ("datasets/shards/*.tar",), _BYTES, (GALLERY, VERIFY), 4),
    Kind("scorecard.json", (f"{RUN}/scorecard.json",), _TEXT, (EMPHASISE, RESULTS), 3, trained=True),
    Kind("comparison.json", ("datasets/comparison.json",), _TEXT, (RESULTS,), 3, trained=True),
    Kind("predictions", (f"{RUN}/predictions.parquet",), damage.damage_table, (SCORE, COMPARE), 4, trained=True),
    Kind("checkpoints", (".cache/**/repeat-*.npz",), _BYTES, (FIT,), 1, trained=True),
    Kind("model.keras", (f"{RUN}/model.keras",), _BYTES, (PREDICT,), 2, trained=True),
)


def load(kinds: Sequence[Kind]) -> None:
    """Import every command that the kinds run, so that forked workers start at once."""
    for name in {command.split()[0] for kind in kinds for command in kind.commands}:
        importlib.import_module(name)
    importlib.import_module("pandas")  # PyArrow imports it when it first makes an array of a list
    if any(command in (FIT, PREDICT) for kind in kinds for command in kind.commands):
        importlib.import_module("train.model.runtime")  # TensorFlow, which takes seconds
