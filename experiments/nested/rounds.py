"""One round of a nested cross-validation: some photos are trained on, others are scored.

A round is a small project of its own: a source table whose train split are its train photos and whose valid split
are the scored ones, the plan made anew from it, and the shards rendered from that plan. So no copy of a scored photo
is trained on, and no plan has counted one.
"""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experiments.nested import trial as trials
from experiments.nested.trial import Setting, Trial
from manifests.core import params
from manifests.core.cells import Cells
from manifests.core.errors import UserError, located
from manifests.core.files import write_bytes, write_text
from manifests.sections import theirs
from manifests.sections.train import Train
from manifests.tables import index, source
from train.targets import Target

PARAMS = "params.yaml"
ROOT = Path(__file__).resolve().parents[2]
DONE = "done"  # written last: the round's shards are complete


@dataclass(frozen=True)
class Round:
    """One round.

    Attributes:
        name: such as `outer-2` or `outer-2-inner-0`.
        within: the outer round that an inner one belongs to; None for an outer one.
        folder: where its tables and shards lie.
        train: bool (photos,), those that are trained on.
        scored: bool (photos,), those that are scored.
    """

    name: str
    within: str | None
    folder: Path
    train: np.ndarray
    scored: np.ndarray


@dataclass(frozen=True)
class Setup:
    """What every round shares.

    Attributes:
        trial: the table.
        params: the parameter file, absolute.
        section: its `train` section.
        target: what is predicted.
        seed: its seed.
        cache: features and the render store; absolute.
        folder: the rounds and their errors; absolute.
    """

    trial: Trial
    params: Path
    section: Train
    target: Target
    seed: int
    cache: Path
    folder: Path


def rounds(trial: Trial, outer: np.ndarray, inner: list[np.ndarray], folder: Path) -> list[Round]:
    """Every outer round, each followed by its inner ones.

    Args:
        trial: the table.
        outer: int64 (photos,), the outer folds.
        inner: for each outer fold, int64 (photos,): folds of its train photos, -1 for the scored ones.
        folder: where the rounds' folders go.
    """
    made = []
    for number in range(trial.folds.outer):
        name = f"outer-{number}"
        made.append(Round(name, None, folder / name, outer != number, outer == number))
        for one in range(trial.folds.inner):
            fold, within = inner[number], f"{name}-inner-{one}"
            made.append(Round(within, name, folder / within, (fold >= 0) & (fold != one), fold == one))
    return made


def prepare(setup: Setup, one: Round, photos: pa.Table, cells: Cells) -> None:
    """Write the round's source table, plan and shards, unless they are there for this very table.

    Args:
        setup: what every round shares.
        one: the round.
        photos: rows of the source table, train and valid together.
        cells: the axes.
    """
    split = np.where(one.train, "train", np.where(one.scored, "valid", ""))
    column = pa.array(split).dictionary_encode().cast(photos.schema.field("split").type)
    rows = photos.set_column(photos.column_names.index("split"), "split", column)
    rows = rows.set_column(rows.column_names.index("near_of"), "near_of", pa.nulls(len(rows), pa.string()))
    rows = rows.filter(pa.array(split != "")).sort_by("path")
    named = rows["split"].cast(pa.string())
    rows = pa.concat_tables([rows.filter(pc.equal(named, name)) for name in ("train", "valid")])
    with located(str(setup.params)):
        content = theirs.inlined(scaled(params.read(setup.params), int(one.train.sum()), photos))
    marker = sha256(json.dumps([content, rows.to_pydict(), _code()], default=str).encode()).hexdigest()
    if (one.folder / DONE).exists() and (one.folder / DONE).read_text() == marker:
        return
    shutil.rmtree(one.folder, ignore_errors=True)
    source.write(rows, one.folder / "source.parquet", cells)
    write_text(one.folder / PARAMS, json.dumps(content))  # JSON is YAML
    write_text(one.folder / "emphasis.json", "{}")  # the user's is made from errors on photos that are scored here
    write_text(one.folder / "rejects.csv", "task_id,reason\n")
    faces = {"source": "source.parquet", "out": "landmarks.parquet"}
    call(one.folder / PARAMS, one.folder, "augment.landmarks", faces, "--cache", str(setup.cache / "landmarks"))
    tables = {name: f"{name}.parquet" for name in ("source", "landmarks", "plan", "tasks")}
    others = {"emphasis": "emphasis.json", "rejects": "rejects.csv", "summary": "plan.json"}
    plots = {name: f"plan_{name}.csv" for name in ("shares", "heat", "copies", "tradeoff")}
    call(one.folder / PARAMS, one.folder, "balance.plan", tables | others | plots)
    read = {name: f"{name}.parquet" for name in ("source", "landmarks", "tasks")}
    made = read | {"out": "shards", "report": "render.json"}
    call(one.folder / PARAMS, one.folder, "augment.render", made, "--store", str(setup.cache / "render"))
    write_text(one.folder / DONE, marker)


@cache
def _code() -> str:
    """A hash of the code that plans and renders, and of the packages that it was installed with."""
    made = sha256()
    for path in sorted(path for room in ("manifests", "balance", "augment") for path in (ROOT / room).rglob("*.py")):
        made.update(path.read_bytes())
    lock = ROOT / "requirements.lock"
    made.update(lock.read_bytes() if lock.exists() else b"")
    return made.hexdigest()


def scaled(content: dict[str, Any], train: int, photos: pa.Table) -> dict[str, Any]:
    """What the plan and the renderer read, with the total in proportion to the round's train photos.

    Raises:
        UserError: the plan has other numbers of images, which would mean something else within a fold.
    """
    names = ("seed", "source", "cells", "plan", "policies", "render")
    kept: dict[str, Any] = {name: content[name] for name in names if name in content}
    counted = [key for key in ("joint", "floors", "ceilings") if kept.get("plan", {}).get(key)]
    if counted:
        raise UserError(f"plan.{counted[0]}", "none in a trial, whose folds have fewer photos", "some", "Use shares")
    total = kept.get("plan", {}).get("total")
    if isinstance(total, int):
        own = pc.sum(pc.equal(photos["split"].cast(pa.string()), "train")).as_py()
        kept["plan"] = {**kept["plan"], "total": round(total * train / own)}
    return kept


def call(parameters: Path, folder: Path, module: str, paths: dict[str, str], *more: str) -> None:
    """Run a stage's command; `paths` are its options, with files of the folder.

    Raises:
        UserError: it failed; its message is the stage's.
    """
    options = [word for name, path in paths.items() for word in (f"--{name}", str(folder / path))]
    words = [sys.executable, "-m", module, "--params", str(parameters), *options, *more]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{folder.name}: {module}", "exit code 0", done.stderr.strip(), "See the message")


def extract(setup: Setup, one: Round, part: int, parts: int) -> None:
    """Compute the features of a part of the round's images: the trainings find them in the cache."""
    shared = json.dumps([setup.section.model_dump(mode="json", exclude={"runs", "recipes"}), part, parts])
    marker = one.folder / f"features-{sha256(shared.encode()).hexdigest()[:16]}"
    if marker.exists() or not setup.section.frozen:
        return
    from train.data import features, samples
    from train.data.readers import Images
    from train.data.samples import Samples
    from train.model import backbones, runtime

    runtime.prepare(setup.seed, threads=1)
    backbone = backbones.build(setup.section)
    table, cells = index.read(one.folder / "shards/index.parquet")
    sets = [samples.train_samples(table, images, "none", cells) for images in ("original", "balanced")]
    valid = samples.split_samples(table, "valid")
    for chosen in (*sets, valid, samples.mirrored(valid)):
        rows = np.flatnonzero([int(key[:8], 16) % parts == part for key in chosen.keys])
        mine = Samples(chosen.table.take(pa.array(rows)), [chosen.views[row] for row in rows])
        images = Images(one.folder / "shards", mine.table, mine.views, setup.section.size)
        folder = setup.cache / "features" / features.fingerprint(backbone, setup.section)
        features.extract(backbone, images, mine.keys, folder)
    write_text(marker, "")


def errors(setup: Setup, one: Round, way: str, setting: Setting, networks: int) -> np.ndarray:
    """Errors of a way on the scored photos, from the cache where they are known.

    Returns:
        float64 (scored photos,), in the target's unit, in order of image_id.
    """
    from train.data import samples
    from train.fitting.context import RunContext
    from train.fitting.run import predict, train_repeats
    from train.model import runtime

    devices = runtime.prepare(setup.seed, threads=1)  # what a network learns depends on its threads
    table, cells = index.read(one.folder / "shards/index.parquet")
    train, recipe = trials.resolved(setup.trial, setup.section, way, setting, networks)
    run = RunContext(
        name=way,
        train=train,
        recipe=setup.target.adapted(recipe),
        seed=setup.seed,
        index=table,
        cells=cells,
        shards=one.folder / "shards",
        cache=setup.cache,
        devices=devices,
        target=setup.target,
    )
    kept = setup.folder / "errors" / f"{run.checkpoints.name}-{networks}.npy"
    if not kept.exists():
        chosen = samples.split_samples(table, "valid")
        unseen = dataclasses.replace(run, index=table.filter(pc.equal(table["split"].cast(pa.string()), "train")))
        outputs = predict(run, train_repeats(unseen, lambda *_: None), chosen)  # the scored photos play no part
        wrong = run.target.errors(run.target.joined(outputs), run.target.truth(chosen.table))
        order = np.argsort(np.array(chosen.table["image_id"].to_pylist()))
        memory = io.BytesIO()
        np.save(memory, wrong[order], allow_pickle=False)
        write_bytes(kept, memory.getvalue())
        shutil.rmtree(unseen.checkpoints, ignore_errors=True)
    return np.asarray(np.load(kept, allow_pickle=False))
