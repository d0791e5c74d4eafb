"""Input pipelines side by side: photos to uint8 batches of 64 at 224 pixels, images a second.

    python -m tests.bench_batches [--images 2048] [--rounds 5]

Rounds are interleaved, each pipeline once a round in turn, so that a busy machine slows all
alike; the figures are medians, time to the last batch, and each round's ratio to the floor: two
threads that decode bytes from memory. A peer that is not installed is skipped with a line.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import io
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

from manifests import command
from manifests.codec import encode
from manifests.tables import index
from tests.train_fixtures import write_shards
from train.batches import Images, ready
from train.feed import batches
from train.quiet import keras, tf

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


def floor(contents: list[bytes]) -> Pipeline:
    def run() -> Iterator[int]:
        half = len(contents) // 2
        with ThreadPoolExecutor(2) as pool:
            parts = (contents[:half], contents[half:])
            yield from pool.map(lambda part: len([simplejpeg.decode_jpeg(c, "RGB") for c in part]), parts)

    return run


def parallel(dataset: Any, decode: Any) -> Pipeline:
    return lambda: dataset.map(decode, num_parallel_calls=2).batch(BATCH).prefetch(2)


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
    return {
        "ours, to NumPy": lambda: ready(images, rows, BATCH),
        "ours, to tf.data": lambda: batches(images, rows, BATCH),
    }


def seconds(pipeline: Pipeline) -> float:
    start = time.perf_counter()
    for _ in pipeline():
        pass
    return time.perf_counter() - start


def main() -> None:
    """Time every pipeline in turn, and print images a second and the ratio to the floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    contents = photos(options.images)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        every = {"floor: two threads, bytes in memory": floor(contents)}
        every |= ours(contents, folder) | peers(contents, folder)
        for pipeline in every.values():
            seconds(pipeline)  # warm: code is compiled, files are in the page cache
        times: dict[str, list[float]] = {name: [] for name in every}
        with command.progress(options.rounds * len(every), "bench", "pass") as bar:
            for _ in range(options.rounds):
                for label, pipeline in every.items():
                    times[label].append(seconds(pipeline))
                    bar.update(1)
    base = next(iter(times.values()))
    print(f"{len(contents)} photos of {sum(map(len, contents)) / len(contents) / 1000:.0f} kB, {options.rounds} rounds")
    for label, took in sorted(times.items(), key=lambda item: statistics.median(item[1])):
        ratio = statistics.median(b / t for b, t in zip(base, took, strict=True))
        print(f"{label:38} {len(contents) / statistics.median(took):8.0f} images/s   {ratio:.2f} of the floor")


if __name__ == "__main__":
    main()
