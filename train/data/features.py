"""Compute the features of each photo once: a frozen backbone's output, cached by the photo's content.

The key of a feature is the photo's SHA-256 and its view; the folder's name is a fingerprint of the
backbone's weights, preprocessing and size. So a new plan computes only new images, and nothing
stale is ever read. Packs are only ever added, each published whole: a killed run loses one pack.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from manifests.core import command
from manifests.core.files import write_bytes
from manifests.sections.network import Network
from train.data.readers import Images, Inputs, ready
from train.model.runtime import keras, tf

BATCH = 64
ROOM = Path(__file__).resolve().parents[1]  # train/
PACK = 1024  # images; 4 MiB of MobileNet's features, ten seconds of work


def fingerprint(backbone: keras.Model, train: Network) -> str:
    """Name what makes the features (structure, preprocessing, code, weights, precision): 16 hex digits."""
    policy = keras.mixed_precision.dtype_policy().name
    made = hashlib.sha256(
        f"{train.backbone}/{train.preprocessing}/{train.size}/{train.crops}/{train.pooling}/{policy}".encode()
    )
    for name in ("data/views.py", "data/readers.py", "model/backbones.py", "model/blocks.py"):
        made.update((ROOM / name).read_bytes())
    for variable in backbone.variables:
        made.update(np.ascontiguousarray(variable.numpy()).tobytes())
    return made.hexdigest()[:16]


def extract(backbone: keras.Model, images: Images, keys: list[str], folder: Path | None) -> np.ndarray:
    """Features of every image, from the cache where it has them.

    Args:
        backbone: uint8 (n, size, size, 3) -> float32 (n, features), or float16 maps, in inference mode.
        images: the photos.
        keys: each photo's SHA-256 and view.
        folder: the cache of this backbone; None: keep nothing.
    Returns:
        what the backbone makes of each image, in order.
    """
    known = _read(folder, set(keys)) if folder else {}
    first = {key: row for row, key in reversed(list(enumerate(keys))) if key not in known}
    missing = np.array(sorted(first.values()), np.int64)
    with command.progress(len(missing), "features") as bar:
        outputs = forward(backbone, BATCH, bar)
        for start in range(0, len(missing), PACK):
            rows = missing[start : start + PACK]
            features = outputs(images, rows)
            names = [keys[row] for row in rows]
            known.update(zip(names, features, strict=True))
            if folder:
                _write(folder, names, features)
    return np.stack([known[key] for key in keys]) if keys else _none(backbone)


Outputs = Callable[[Inputs, np.ndarray], np.ndarray]


def forward(model: keras.Model, batch: int, bar: tqdm | None = None) -> Outputs:
    """A function from inputs and rows to the model's output in inference mode, float32 (rows, outputs).

    Every call has the same batch size, the last one filled up, so that a photo's result does
    not depend on which others are asked for with it.
    """
    call = tf.function(lambda x: model(x, training=False))

    def outputs(inputs: Inputs, rows: np.ndarray) -> np.ndarray:
        parts = [_none(model)]
        for cut, content in ready(inputs, rows, batch):
            if len(cut) < batch:
                content = np.concatenate([content, np.zeros((batch - len(cut), *inputs.shape), inputs.dtype)])
            parts.append(call(tf.convert_to_tensor(content)).numpy()[: len(cut)])
            if bar is not None:
                bar.update(len(cut))
        return np.concatenate(parts)

    return outputs


def _none(model: keras.Model) -> np.ndarray:
    """The output for no images at all."""
    return np.zeros((0, *model.output_shape[1:]), model.outputs[0].dtype)


def _read(folder: Path, wanted: set[str]) -> dict[str, np.ndarray]:
    """The wanted features that the packs hold: another plan's may be many times as many."""
    known: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*.npz")):
        try:
            with np.load(path, allow_pickle=False) as pack:
                rows = {name: row for row, name in enumerate(pack["keys"].tolist()) if name in wanted}
                if rows:
                    made = pack["features"]
                    known.update((name, made[row].copy()) for name, row in rows.items())  # not the whole pack
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            path.unlink(missing_ok=True)  # damaged: its features are computed again
    return known


def _write(folder: Path, keys: list[str], features: np.ndarray) -> None:
    name = hashlib.sha256("\n".join(keys).encode()).hexdigest()[:16]
    memory = io.BytesIO()
    np.savez(memory, keys=np.array(keys), features=features)
    write_bytes(folder / f"{name}.npz", memory.getvalue())
