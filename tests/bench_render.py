"""Measure the renderer against a floor without a framework, and against its peers, in one run.

    python -m tests.bench_render            # real photos where they are, drawn ones elsewhere
    python -m tests.bench_render --tasks 1000000

Everyone does the same: decode a photo once where it can, and for each copy a coin's flip, one
affine warp with reflected borders, one tone table, JPEG at quality 95 with 4:2:0 chroma, written
to disk, by two workers that are already there. Repeats are interleaved; a ratio is that of one repeat.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa

from augment.rendering import renderer, task_rows, worker
from manifests.core import codec
from manifests.core.cells import Cells
from manifests.core.face_mesh import mean_face
from manifests.core.seeds import derive
from manifests.sections.policies import Policies, needs_donor
from manifests.sections.render import Render
from manifests.sections.source import Source
from manifests.tables import base, landmarks, tasks
from tests.support import bench_peers
from tests.support.bench_peers import QUALITY, Contender
from tests.support.render_fixtures import picture

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared/data/appa_real/train_data"
CELLS = Cells.of({"gender": ["male", "female"]})
POLICY = "light"


def main() -> None:
    """Run everyone; print outputs a second and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--copies", type=int, nargs="+", default=[3, 12])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="*", default=[], help="contenders by name")
    parser.add_argument(
        "--tasks", type=int, default=0, help="measure this many tasks with rendering replaced by a stub"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT / ".cache" if (ROOT / ".cache").is_dir() else None) as folder:
        if options.tasks:
            overhead(options.tasks, Path(folder))
            return
        photos = photographs(options.photos, Path(folder))
        for copies in options.copies:
            compare(photos, copies, options.repeats, options.only, Path(folder))
    bench_peers.stop()


def photographs(count: int, folder: Path) -> list[Path]:
    """Real photos, or drawn ones of the same size where there are none."""
    if REAL.is_dir():
        print(f"{count} photos of {REAL.parent.name}")
        return sorted(REAL.glob("*.jpg"))[:count]
    print(f"{count} drawn photos: no real ones at {REAL}")
    (folder / "photos").mkdir()
    for number in range(count):
        (folder / "photos" / f"{number:06d}.jpg").write_bytes(codec.encode(picture(number, 224), 95))
    return sorted((folder / "photos").glob("*.jpg"))


def compare(photos: list[Path], copies: int, repeats: int, only: list[str], folder: Path) -> None:
    """Time every contender `repeats` times, interleaved, after a round that warms workers and files up."""
    seconds: dict[str, list[float]] = {}
    for repeat in range(repeats + 1):
        for name, contender in CONTENDERS.items():
            if only and name not in only:
                continue
            out = folder / "out"
            try:
                began = time.perf_counter()
                count = contender(photos[:64] if repeat == 0 else photos, copies, out)
                spent = time.perf_counter() - began
            except Exception as error:  # a peer that is not installed, or does not work here
                if repeat == 0:
                    print(f"skipped {name}: {type(error).__name__}: {str(error)[:200]}")
                continue
            finally:
                shutil.rmtree(out, ignore_errors=True)
            if repeat:
                seconds.setdefault(name, []).append(spent / count)
    print(f"\n{copies} copies a photo: outputs a second, and ratio to the floors (min / median / max of {repeats})")
    for name, spent in seconds.items():
        line = f"{name:34s} {1 / statistics.median(spent):8,.0f}"
        for floor in ("floor", "faster floor"):
            if floor in seconds and name != floor:
                ratio = sorted(b / a for a, b in zip(spent, seconds[floor], strict=True))
                line += f"   {floor}: {ratio[0]:.2f} / {statistics.median(ratio):.2f} / {ratio[-1]:.2f}"
        print(line)


def ours(gates: bool, policies: Sequence[str] = (POLICY,)) -> Contender:
    """The stage itself, with an empty store: copies into the store, shards, and the index."""

    def run(photos: list[Path], copies: int, out: Path) -> int:
        joined = planned(tuple(photos), copies, tuple(policies))
        asked = request(joined, photos[0].parent, out, gates)
        if task_rows.faced(joined):
            asked = replace(asked, landmarks=faces(joined, out.parent))
        renderer.render(asked, "ours")
        return joined.table.num_rows

    return run


def request(rows: task_rows.Rows, root: Path, out: Path, gates: bool) -> renderer.Request:
    """What the stage's command would ask for, with an empty store beside the shards."""
    source, section = Source(layout="drawn", root=str(root)), Render(quality=QUALITY, gates=gates)
    return renderer.Request(rows, POLICIES, source, section, 7, out / "shards", out / "store")


FACED = ("morph", "turn", "relight", "background")
POLICIES = Policies.model_validate({name: {"weight": 1, "severity": 1.0} for name in (POLICY, *FACED)})


def faces(rows: task_rows.Rows, folder: Path) -> Path:
    """Landmarks of every photo: the mean face, as where the points lie costs no time."""
    ids = sorted(set(rows.table["image_id"].to_pylist()))
    points = np.concatenate([mean_face()[:, :2] * 0.6 + 0.5, mean_face()[:, 2:] * 0.6], axis=1).astype(np.float16)
    zeros = pa.array(np.zeros(len(ids), np.float32))
    table = {
        "image_id": ids,
        "points": pa.FixedSizeListArray.from_arrays(pa.array(np.tile(points.ravel(), len(ids))), points.size),
        "score": pa.array(np.ones(len(ids), np.float32)),
        **dict.fromkeys(("yaw", "pitch", "roll"), zeros),
        "spectacles": [False] * len(ids),
        "person": pa.array([bytes(landmarks.PERSON**2)] * len(ids), pa.binary()),
    }
    landmarks.write(pa.table(table), folder / "landmarks.parquet", CELLS)
    return folder / "landmarks.parquet"


@cache
def planned(photos: tuple[Path, ...], copies: int, policies: tuple[str, ...]) -> task_rows.Rows:
    """Tasks for copies alone, in the planner's order; made once, as planning is another stage."""
    ids = [(sha256(path.read_bytes()).hexdigest()[:16], path.name) for path in photos]
    ids = sorted(dict(ids).items())
    return joined([one for one, _ in ids], [path for _, path in ids], copies, policies)


def joined(ids: list[str], paths: list[str], copies: int, policies: Sequence[str] = (POLICY,)) -> task_rows.Rows:
    """Tasks for copies of photos, joined with their paths."""
    count = len(ids) * copies
    image_ids = [one for one in ids for _ in range(copies)]
    numbers = list(range(1, copies + 1)) * len(ids)
    words = pa.dictionary(pa.int16(), pa.string())
    table = pa.table(
        {
            "task_id": [tasks.task_id(*one) for one in zip(image_ids, numbers, strict=True)],
            "image_id": image_ids,
            "copy": pa.array(numbers, pa.int32()),
            "split": pa.array(["train"] * count).cast(words),
            "kept": [True] * count,
            "policy": pa.array([policies[at % len(policies)] for at in range(count)]).cast(words),
            "seed": pa.array([derive(7, *one, 0) for one in zip(image_ids, numbers, strict=True)], pa.uint64()),
            "donor": pa.array(
                [
                    ids[(at // copies + 7 * (at % copies) + 1) % len(ids)]
                    if needs_donor(policies[at % len(policies)])
                    else None
                    for at in range(count)
                ],
                pa.string(),
            ),
            "shard": [f"train-{at // 500:05d}.tar" for at in range(count)],
            "age": pa.nulls(count, pa.float32()),
            "age_std": pa.nulls(count, pa.float32()),
            "gender": base.axis_columns(CELLS, pa.array(np.zeros(count, np.int32)))[0],
            "cell": pa.array(np.zeros(count, np.int32)),
        }
    )
    return task_rows.join(table, pa.table({"image_id": ids, "path": paths}), CELLS, POLICIES)


CONTENDERS: dict[str, Contender] = {
    "floor": bench_peers.floor,
    "faster floor": bench_peers.faster_floor,
    "ours, gates off": ours(False),
    "ours, gates on": ours(True),
    "ours on faces, gates off": ours(False, FACED),
    "ours on faces, gates on": ours(True, FACED),
    "ours, morph alone, gates on": ours(True, ("morph",)),
    "joblib + albumentations": bench_peers.joblib_albumentations,
    "datasets.map": bench_peers.hugging_face,
    "webdataset in the workers": bench_peers.webdataset_workers,
    "litdata": bench_peers.litdata_optimize,
}


def overhead(count: int, folder: Path) -> None:
    """Time and memory of `count` tasks when pixels cost nothing: draws, seeds, keys, rows and the index."""
    ids = [sha256(str(number).encode()).hexdigest()[:16] for number in range(count // 4)]
    table = joined(ids, [f"{one}.jpg" for one in ids], 4)
    baseline = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = os.times()
    blank = SimpleNamespace(content=b"", sha256=bytes(32), image=None)
    worker.Photo = lambda root, path, image_id, _: SimpleNamespace(**vars(blank), path=path, image_id=image_id)  # type: ignore
    worker._Call._develop = lambda *_: (b"\xff\xd8\xff\xd9", None)  # type: ignore
    os.environ["N_JOBS"] = "1"
    renderer.render(request(table, folder, folder, gates=False), "overhead")
    spent = os.times()
    each = (spent.user + spent.system - began.user - began.system) / table.table.num_rows * 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{table.table.num_rows:,} tasks: {each:.1f} core-microseconds a task, {most / 1024:,.0f} MiB at most"
        f" ({baseline / 1024:,.0f} MiB before)"
    )


if __name__ == "__main__":
    main()
