"""Input pipelines side by side: photos to uint8 batches of 64 at 224 pixels, images a second.

    python -m tests.bench_batches [--images 4096] [--rounds 5]

Rounds are interleaved, each pipeline once a round in turn, so that a busy machine slows all
alike. A dataset of tf.data is built once, as for the epochs of a training. The figures are
medians: time to the last batch, its ratio to the floor's in the same round (two threads that
decode bytes from memory), and processor time, which says the same on a machine that does other
work besides. A peer that is not installed is skipped with a line.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import io
import mmap
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

from manifests.core import command
from manifests.core.codec import encode
from manifests.tables import index
from tests.support.train_fixtures import write_shards
from train.data.readers import Images, ready
from train.data.tfdata import Feed, TrainingData
from train.model.runtime import keras, prepare, tf

SIZE, BATCH = 224, 64
Pipeline = Callable[[], Iterable[Any]]


def photos(count: int) -> list[bytes]:
    """Smooth noise at quality 95, about 15 kB each, as an aligned face has."""
    rng, made = np.random.default_rng(0), []
    for _ in range(count):
        coarse = rng.integers(0, 255, (16, 16, 3), np.uint8)
        image = cv2.resize(coarse, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC).astype(np.int16)
        made.append(encode(np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8), 90))
    return made


def floor(contents: list[bytes], folder: Path) -> Pipeline:
    """Nothing but decoding: from one mapped file, by two threads, each into one photo's memory again and again."""
    path = folder / "photos"
    path.write_bytes(b"".join(contents))
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    ends = np.cumsum([len(content) for content in contents]).tolist()
    spans = list(zip([0, *ends], ends, strict=False))

    def decode(part: list[tuple[int, int]]) -> int:
        photo = np.empty((SIZE, SIZE, 3), np.uint8)
        for start, end in part:
            simplejpeg.decode_jpeg(mapped[start:end], "RGB", buffer=photo)
        return len(part)

    def run() -> Iterator[int]:
        with ThreadPoolExecutor(2) as pool:
            yield from pool.map(decode, (spans[::2], spans[1::2]))

    return run


def parallel(dataset: Any, decode: Any) -> Pipeline:
    made = dataset.map(decode, num_parallel_calls=2).batch(BATCH).prefetch(2)
    return lambda: made


def decoded(content: Any) -> Any:
    return tf.io.decode_jpeg(content, channels=3)


def peers(contents: list[bytes], folder: Path) -> dict[str, Pipeline]:
    files = folder / "files" / "all"
    files.mkdir(parents=True)
    for number, content in enumerate(contents):
        (files / f"{number:06d}.jpg").write_bytes(content)
    with tf.io.TFRecordWriter(str(folder / "photos.tfrecord")) as record, tarfile.open(folder / "p.tar", "w") as tar:
        for number, content in enumerate(contents):
            record.write(content)
            entry = tarfile.TarInfo(f"{number:06d}.jpg")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    memory = tf.data.Dataset.from_tensor_slices(contents)
    paths = tf.data.Dataset.from_tensor_slices([str(path) for path in sorted(files.iterdir())])
    made: dict[str, Pipeline] = {
        "tf.data, bytes in memory": parallel(memory, decoded),
        "tf.data, files": parallel(paths, lambda path: decoded(tf.io.read_file(path))),
        "tf.data, TFRecord": parallel(tf.data.TFRecordDataset(str(folder / "photos.tfrecord")), decoded),
        "Keras directory loader": lambda: keras.utils.image_dataset_from_directory(
            folder / "files", labels=None, batch_size=BATCH, image_size=(SIZE, SIZE), shuffle=False, verbose=False
        ),
    }
    for name, make in {"webdataset": webdataset, "grain": grain, "datasets": datasets, "litdata": litdata}.items():
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            print(f"{name}: not installed, skipped")
        else:
            made[name] = make(contents, folder)
    return made


def webdataset(contents: list[bytes], folder: Path) -> Pipeline:
    import webdataset as wds

    def run() -> Iterable[Any]:
        decode = wds.WebDataset(str(folder / "p.tar"), shardshuffle=False).map(
            lambda s: simplejpeg.decode_jpeg(s["jpg"])
        )
        return decode.batched(BATCH)

    return run


def grain(contents: list[bytes], folder: Path) -> Pipeline:
    import grain.python as pygrain

    def run() -> Iterable[Any]:
        dataset = pygrain.MapDataset.source(contents).map(lambda c: simplejpeg.decode_jpeg(c, "RGB"))
        return dataset.to_iter_dataset(pygrain.ReadOptions(num_threads=2, prefetch_buffer_size=128)).batch(BATCH)

    return run


def datasets(contents: list[bytes], folder: Path) -> Pipeline:
    # Our own folder of that name would be found first.
    kept, sys.path[:] = sys.path[:], [path for path in sys.path if Path(path).resolve() != Path.cwd()]
    import datasets as huggingface

    sys.path[:] = kept
    table = huggingface.Dataset.from_dict({"image": [{"bytes": c, "path": None} for c in contents]})
    table = table.cast_column("image", huggingface.Image()).with_format("numpy")
    return lambda: table.iter(BATCH)


def litdata(contents: list[bytes], folder: Path) -> Pipeline:
    import litdata as lit

    lit.optimize(fn=_same, inputs=contents, output_dir=str(folder / "lit"), num_workers=1, chunk_bytes="64MB")

    def run() -> Iterator[Any]:
        held = [simplejpeg.decode_jpeg(c, "RGB") for c in lit.StreamingDataset(str(folder / "lit"))]
        yield from (np.stack(held[i : i + BATCH]) for i in range(0, len(held), BATCH))

    return run


def _same(content: bytes) -> bytes:
    return content


def ours(contents: list[bytes], folder: Path) -> dict[str, Pipeline]:
    table, _ = index.read(write_shards(folder / "shards", {"train": len(contents)}, copies=0, contents=contents))
    images, rows = Images(folder / "shards", table, None, SIZE), np.arange(len(contents))
    nothing = np.zeros((len(contents), 1), np.float32)
    feed = Feed(TrainingData(images, nothing, nothing), ["age"], BATCH, prepare(7))  # deterministic, as in training
    return {
        "ours, to NumPy": lambda: ready(images, rows, BATCH),
        "ours, to tf.data": lambda: feed.epoch(rows),
    }


@dataclass(frozen=True)
class Pass:
    """One pass over the photos: seconds on the clock, and of all processors."""

    wall: float
    cpu: float


def timed(pipeline: Pipeline) -> Pass:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in pipeline():
        pass
    return Pass(time.perf_counter() - wall, time.process_time() - cpu)


def main() -> None:
    """Time every pipeline in turn, and print images a second and the ratio to the floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=4096, help="as many as APPA-REAL trains on")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    contents = photos(options.images)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        every = {"floor: two threads, bytes in memory": floor(contents, folder)}
        every |= ours(contents, folder) | peers(contents, folder)
        for pipeline in every.values():
            timed(pipeline)  # warm: code is compiled, files are in the page cache
        passes: dict[str, list[Pass]] = {name: [] for name in every}
        with command.progress(options.rounds * len(every), "bench", "pass") as bar:
            for _ in range(options.rounds):
                for label, pipeline in every.items():
                    passes[label].append(timed(pipeline))
                    bar.update(1)
    size = sum(map(len, contents)) / len(contents) / 1000
    print(f"{len(contents)} photos of {size:.0f} kB, {options.rounds} rounds")
    base = next(iter(passes.values()))
    for label, took in sorted(passes.items(), key=lambda item: statistics.median(p.wall for p in item[1])):
        speed = len(contents) / statistics.median(p.wall for p in took)
        ratio = statistics.median(b.wall / p.wall for b, p in zip(base, took, strict=True))
        cpu = statistics.median(p.cpu for p in took) / len(contents) * 1e6
        print(f"{label:38} {speed:8.0f} images/s   {ratio:.2f} of the floor   {cpu:5.0f} CPU us/image")


if __name__ == "__main__":
    main()
