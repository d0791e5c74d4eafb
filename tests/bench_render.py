"""Measure the renderer against a floor without a framework, and against its peers, in one run.

    python -m tests.bench_render            # real photos where they are, drawn ones elsewhere
    python -m tests.bench_render --tasks 1000000

Everyone does the same: decode a photo once where it can, and for each copy a coin's flip, one
affine warp with reflected borders, one tone table, JPEG at quality 95 with 4:2:0 chroma, written
to disk, by two workers that are already there. Repeats are interleaved; a ratio is that of one repeat.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import joblib
import numpy as np
import pyarrow as pa
import simplejpeg
import stringzilla

from augment.rendering import renderer, task_rows, worker
from manifests.core import codec
from manifests.core.cells import Cells
from manifests.core.seeds import derive
from manifests.sections.policies import Policies
from manifests.sections.render import Render
from manifests.sections.source import Source
from manifests.tables import base, tasks
from tests.support.render_fixtures import picture

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared/data/appa_real/train_data"
CELLS = Cells.of({"gender": ["male", "female"]})
QUALITY, POLICY = 95, "light"
Contender = Callable[[list[Path], int, Path], int]


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
    for pool in _POOLS:
        pool.terminate()


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


def ours(gates: bool) -> Contender:
    """The stage itself, with an empty store: copies into the store, shards, and the index."""

    def run(photos: list[Path], copies: int, out: Path) -> int:
        joined = planned(photos, copies)
        renderer.render(request(joined, photos[0].parent, out, gates), "ours")
        return joined.table.num_rows

    return run


def request(rows: task_rows.Rows, root: Path, out: Path, gates: bool) -> renderer.Request:
    """What the stage's command would ask for, with an empty store beside the shards."""
    source, section = Source(layout="drawn", root=str(root)), Render(quality=QUALITY, gates=gates)
    return renderer.Request(rows, POLICIES, source, section, 7, out / "shards", out / "store")


POLICIES = Policies.model_validate({POLICY: {"weight": 1, "severity": 1.0}})


def planned(photos: list[Path], copies: int) -> task_rows.Rows:
    """Tasks for copies alone, in the planner's order."""
    ids = [(sha256(path.read_bytes()).hexdigest()[:16], path.name) for path in photos]
    ids = sorted(dict(ids).items())
    return joined([one for one, _ in ids], [path for _, path in ids], copies)


def joined(ids: list[str], paths: list[str], copies: int) -> task_rows.Rows:
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
            "policy": pa.array([POLICY] * count).cast(words),
            "seed": pa.array([derive(7, *one, 0) for one in zip(image_ids, numbers, strict=True)], pa.uint64()),
            "donor": pa.nulls(count, pa.string()),
            "shard": [f"train-{at // 500:05d}.tar" for at in range(count)],
            "age": pa.nulls(count, pa.float32()),
            "age_std": pa.nulls(count, pa.float32()),
            "gender": base.axis_columns(CELLS, pa.array(np.zeros(count, np.int32)))[0],
            "cell": pa.array(np.zeros(count, np.int32)),
        }
    )
    return task_rows.join(table, pa.table({"image_id": ids, "path": paths}), CELLS, POLICIES)


def floor(photos: list[Path], copies: int, out: Path) -> int:
    """OpenCV alone: decode once, warp, table, encode, append to one file a worker's call."""
    return _pooled(_floor, photos, copies, out)


def faster_floor(photos: list[Path], copies: int, out: Path) -> int:
    """The parts that are fastest: simplejpeg to RGBX, a warp of four channels, stringzilla's table, simplejpeg."""
    return _pooled(_faster_floor, photos, copies, out)


def _pooled(call: Callable[..., int], photos: list[Path], copies: int, out: Path) -> int:
    out.mkdir(parents=True)
    parts = [(photos[at : at + 16], copies, out / f"{at}.bin") for at in range(0, len(photos), 16)]
    return sum(_pool().imap_unordered(_star, [(call, *part) for part in parts]))


def _star(arguments: tuple[Any, ...]) -> int:
    return arguments[0](*arguments[1:])


_POOLS: list[Any] = []


def _pool() -> Any:
    if not _POOLS:
        _POOLS.append(multiprocessing.get_context("spawn").Pool(2))
    return _POOLS[0]


def _drawn(rng: np.random.Generator) -> tuple[bool, np.ndarray, np.ndarray]:
    """A coin, a matrix and a table, as the floors need them and no more."""
    matrix = cv2.getRotationMatrix2D((111.5, 111.5), rng.uniform(-6, 6), rng.uniform(0.96, 1.06))
    matrix[:, 2] += rng.uniform(-5, 5, 2)
    flip = rng.random() < 0.5
    if flip:
        matrix[:, 0], matrix[:, 2] = -matrix[:, 0], matrix[:, 2] + 223 * matrix[:, 0]
    table = np.clip(((np.arange(256) / 255) ** rng.uniform(0.7, 1.4) - 0.5) * rng.uniform(0.8, 1.25) + 0.5, 0, 1)
    return flip, matrix, np.rint(table * 255).astype(np.uint8)


def _floor(photos: list[Path], copies: int, out: Path) -> int:
    cv2.setNumThreads(0)
    rng = np.random.default_rng(0)
    with out.open("wb") as file:
        for path in photos:
            image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
            for _ in range(copies):
                _, matrix, table = _drawn(rng)
                size = image.shape[1::-1]
                warped = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REFLECT_101)
                file.write(cv2.imencode(".jpg", cv2.LUT(warped, table), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
    return len(photos) * copies


def _faster_floor(photos: list[Path], copies: int, out: Path) -> int:
    cv2.setNumThreads(0)
    rng = np.random.default_rng(0)
    with out.open("wb") as file:
        for path in photos:
            image = simplejpeg.decode_jpeg(path.read_bytes(), colorspace="RGBX")
            for _ in range(copies):
                _, matrix, table = _drawn(rng)
                warped = cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT_101)
                stringzilla.translate(memoryview(warped).cast("B"), table.tobytes(), inplace=True)
                file.write(simplejpeg.encode_jpeg(warped, QUALITY, colorspace="RGBX", colorsubsampling="420"))
    return len(photos) * copies


def _compose() -> Any:
    os.environ["NO_ALBUMENTATIONS_UPDATE"] = "1"
    import albumentations as A

    return A.Compose(
        [
            A.HorizontalFlip(p=0.5),
            A.Affine(
                rotate=(-6, 6),
                scale=(0.96, 1.06),
                translate_percent=(-0.025, 0.025),
                border_mode=cv2.BORDER_REFLECT_101,
                p=1,
            ),
            A.RandomGamma((70, 143), p=1),
            A.RandomBrightnessContrast(0, (-0.2, 0.25), p=1),
        ]
    )


def joblib_albumentations(photos: list[Path], copies: int, out: Path) -> int:
    """joblib and albumentations, a file an image."""
    out.mkdir(parents=True)
    parts = [photos[at : at + 16] for at in range(0, len(photos), 16)]
    return sum(joblib.Parallel(2, batch_size=1)(joblib.delayed(_albumented)(part, copies, out) for part in parts))


def _albumented(photos: list[Path], copies: int, out: Path) -> int:
    cv2.setNumThreads(0)
    compose = _compose()
    for path in photos:
        image = cv2.imread(str(path))
        for copy in range(copies):
            made = compose(image=image)["image"]
            cv2.imwrite(str(out / f"{path.stem}_{copy}.jpg"), made, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return len(photos) * copies


def _copies(content: bytes, copies: int, compose: Any) -> list[bytes]:
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    made = (compose(image=image)["image"] for _ in range(copies))
    return [cv2.imencode(".jpg", one, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes() for one in made]


def hugging_face(photos: list[Path], copies: int, out: Path) -> int:
    """`datasets.map` on JPEG bytes, two processes, batches of 16."""
    import datasets

    if not hasattr(datasets, "Dataset"):
        raise ImportError("Hugging Face datasets is not installed")
    from tests.bench_render import expand  # not that of __main__, which its pickler would take apart

    datasets.disable_progress_bars()
    content = pa.table({"jpg": [path.read_bytes() for path in photos]})
    table = datasets.Dataset(datasets.table.InMemoryTable(content), fingerprint="photos")
    out.mkdir(parents=True)
    return table.map(
        expand,
        fn_kwargs={"copies": copies},
        batched=True,
        batch_size=16,
        num_proc=2,
        cache_file_name=str(out / "mapped.arrow"),
        new_fingerprint="mapped",
    ).num_rows


def expand(batch: dict[str, list[bytes]], copies: int) -> dict[str, list[bytes]]:
    """What `datasets.map` calls."""
    cv2.setNumThreads(0)
    compose = _compose()
    return {"jpg": [made for content in batch["jpg"] for made in _copies(content, copies, compose)]}


def webdataset_workers(photos: list[Path], copies: int, out: Path) -> int:
    """webdataset's TarWriter in the workers, albumentations in between."""
    import webdataset  # noqa: F401

    out.mkdir(parents=True)
    parts = [photos[at::2] for at in range(2)]
    return sum(
        _pool().imap_unordered(
            _star, [(_tar_written, part, copies, out / f"{at}.tar") for at, part in enumerate(parts)]
        )
    )


def _tar_written(photos: list[Path], copies: int, out: Path) -> int:
    import webdataset

    cv2.setNumThreads(0)
    compose = _compose()
    with webdataset.TarWriter(str(out)) as writer:
        for path in photos:
            for copy, made in enumerate(_copies(path.read_bytes(), copies, compose)):
                writer.write({"__key__": f"{path.stem}_{copy}", "jpg": made, "json": {"copy": copy}})
    return len(photos) * copies


def litdata_optimize(photos: list[Path], copies: int, out: Path) -> int:
    """`litdata.optimize`, two workers."""
    import litdata

    os.environ["LITDATA_DISABLE_VERSION_CHECK"] = "1"
    parts = [(list(map(str, photos[at : at + 16])), copies) for at in range(0, len(photos), 16)]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        litdata.optimize(_lit, parts, str(out), num_workers=2, chunk_bytes="64MB")
    return len(photos) * copies


def _lit(part: tuple[list[str], int]) -> Iterator[dict[str, Any]]:
    cv2.setNumThreads(0)
    compose = _compose()
    for path in part[0]:
        for made in _copies(Path(path).read_bytes(), part[1], compose):
            yield {"jpg": made}


CONTENDERS: dict[str, Contender] = {
    "floor": floor,
    "faster floor": faster_floor,
    "ours, gates off": ours(False),
    "ours, gates on": ours(True),
    "joblib + albumentations": joblib_albumentations,
    "datasets.map": hugging_face,
    "webdataset in the workers": webdataset_workers,
    "litdata": litdata_optimize,
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
