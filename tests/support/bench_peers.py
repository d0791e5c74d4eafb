"""What the renderer is measured against: floors without a framework, and its peers.

Each takes photos, the number of copies of each and a folder to write to, and returns how many copies it made.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import joblib
import numpy as np
import pyarrow as pa
import simplejpeg
import stringzilla

QUALITY = 95
Contender = Callable[[list[Path], int, Path], int]


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


@cache
def _pool() -> Any:
    return multiprocessing.get_context("spawn").Pool(2)


def stop() -> None:
    """End the two workers."""
    _pool().terminate()


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
