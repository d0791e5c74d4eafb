"""One round of a nested cross-validation: some photos are trained on, others are scored.

A round is a small project of its own: a source table whose train split are its train photos and whose valid split
are the scored ones, the plan made anew from it, and the shards rendered from that plan. So no copy of a scored photo
is trained on, and no plan has counted one.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from experiments.nested import trial as trials
from experiments.nested.trial import Setting, Trial
from manifests.core.cells import Cells
from manifests.core.errors import UserError
from manifests.core.files import write_bytes, write_text
from manifests.sections.train import Train
from manifests.tables import index, source

DONE = "done"  # written last: the round's shards are complete


@dataclass(frozen=True)
class Round:
    """One round.

    Attributes:
        name: such as `outer-2` or `outer-2-inner-0`.
        folder: where its tables and shards lie.
        train: bool (photos,), those that are trained on.
        scored: bool (photos,), those that are scored.
    """

    name: str
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
        seed: its seed.
        cache: features, results and the render store; absolute.
    """

    trial: Trial
    params: Path
    section: Train
    seed: int
    cache: Path


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
        made.append(Round(name, folder / name, outer != number, outer == number))
        for one in range(trial.folds.inner):
            fold, within = inner[number], f"{name}-inner-{one}"
            made.append(Round(within, folder / within, (fold >= 0) & (fold != one), fold == one))
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
    marker = sha256(setup.params.read_bytes() + str(rows["image_id"].to_pylist()).encode() + "".join(split).encode())
    if (one.folder / DONE).exists() and (one.folder / DONE).read_text() == marker.hexdigest():
        return
    shutil.rmtree(one.folder, ignore_errors=True)
    source.write(rows, one.folder / "source.parquet", cells)
    plan = {"source": "source.parquet", "plan": "plan.parquet", "summary": "plan.json", "tasks": "tasks.parquet"}
    plots = {name: f"plan_{name}.csv" for name in ("shares", "heat", "copies", "tradeoff")}
    _call(setup, one, "balance.plan", plan | plots)
    _call(
        setup,
        one,
        "augment.render",
        {"source": "source.parquet", "tasks": "tasks.parquet", "out": "shards"} | {"report": "render.json"},
        "--store",
        str(setup.cache / "render"),
    )
    write_text(one.folder / DONE, marker.hexdigest())


def _call(setup: Setup, one: Round, module: str, paths: dict[str, str], *more: str) -> None:
    options = [word for name, path in paths.items() for word in (f"--{name}", str(one.folder / path))]
    words = [sys.executable, "-m", module, "--params", str(setup.params), *options, *more]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{one.name}: {module}", "exit code 0", done.stderr.strip(), "See the message")


def errors(setup: Setup, one: Round, way: str, setting: Setting, networks: int) -> np.ndarray:
    """Absolute errors of a way on the scored photos, from the cache where they are known.

    Returns:
        float64 (scored photos,), years, in order of image_id.
    """
    from train.data import samples
    from train.fitting.context import RunContext
    from train.fitting.run import predict, train_repeats
    from train.model import heads, runtime

    devices = runtime.prepare(setup.seed, threads=1)  # what a network learns depends on its threads
    table, cells = index.read(one.folder / "shards/index.parquet")
    train, recipe = trials.resolved(setup.trial, setup.section, way, setting, networks)
    run = RunContext(way, train, recipe, setup.seed, table, cells, one.folder / "shards", setup.cache, devices)
    kept = setup.cache / "crossval" / f"{run.checkpoints.name}-{networks}.npy"
    if not kept.exists():
        chosen = samples.split_samples(table, "valid")
        outputs = predict(run, train_repeats(run, lambda *_: None), chosen)
        ages = np.mean([heads.ages(output) for output in outputs], axis=0)
        order = np.argsort(np.array(chosen.table["image_id"].to_pylist()))
        memory = io.BytesIO()
        np.save(memory, np.abs(ages - chosen.age)[order], allow_pickle=False)
        write_bytes(kept, memory.getvalue())
        shutil.rmtree(run.checkpoints, ignore_errors=True)
    return np.asarray(np.load(kept, allow_pickle=False))


def pool(table: pa.Table) -> pa.Table:
    """The labelled train and valid photos of the source table, each photo once, in order of image_id.

    Near duplicates of test photos are left out; those among train and valid share a fold instead.
    """
    test = set(table.filter(pc.equal(table["split"].cast(pa.string()), "test"))["image_id"].to_pylist())
    wanted = pc.and_(pc.greater_equal(table["cell"], 0), pc.not_equal(table["split"].cast(pa.string()), "test"))
    rows = table.filter(wanted)
    clear = [near not in test for near in rows["near_of"].to_pylist()]
    return rows.filter(pa.array(clear)).sort_by("image_id")
