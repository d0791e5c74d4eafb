"""Print what a trained run predicts for photos: the age in years, or the class and its probability."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from manifests.core import codec, command
from manifests.core.errors import UserError
from manifests.core.plain import NotReadable, read_plain
from manifests.tables import predictions
from train import targets
from train.targets import Target

if TYPE_CHECKING:
    from train.model.runtime import keras

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
MAX_BYTES, MAX_PIXELS = 50_000_000, 50_000_000


def main() -> None:
    """Read the exported model and the photos; print path and prediction, one photo per line."""
    parser = command.parser(__doc__, runs="datasets/runs")
    parser.add_argument("--run", required=True, help="the run's name, a folder of --runs")
    parser.add_argument("photos", nargs="+", type=command.place, help="photos, or folders of them")
    options = parser.parse_args()
    paths = list(listed(options.photos))
    folder = options.runs / options.run
    model, target = load(folder / "model.keras", options.runs), target_of(folder / "predictions.parquet")
    with command.progress(len(paths), "predict") as bar:
        for path in paths:
            output = np.asarray(model(read(path)[None], training=False))[0]
            bar.update(1)
            print(f"{path}\t{target.told(output)}")


def target_of(path: Path) -> Target:
    """What the run predicts, as its predictions of the valid and test photos say."""
    table, cells = predictions.read(path)
    return targets.of(predictions.target(table, cells), cells)


def listed(photos: list[Path]) -> Iterator[Path]:
    """The photos named, and those inside the folders named, in order of their paths.

    Raises:
        UserError: a path that does not exist, or a folder without photos.
    """
    for path in photos:
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
            if not inside:
                raise UserError(str(path), f"a folder with photos ({', '.join(SUFFIXES)})", "none", "Name another")
            yield from inside
        elif path.exists():
            yield path
        else:
            raise UserError(str(path), "a photo or a folder", "no such path", "Correct the path")


def read(path: Path) -> np.ndarray:
    """A photo's pixels, uint8 (height, width, 3).

    Raises:
        UserError: no photo, or one too large.
    """
    remedy = "Name a photo, or convert it to JPEG"
    try:
        content = read_plain(str(path), MAX_BYTES)
        head = codec.header(content)
        if head.width * head.height > MAX_PIXELS:
            size = f"{head.width} x {head.height}"
            raise UserError(str(path), f"at most {MAX_PIXELS} pixels", size, "Scale it down")
        return codec.decode(content)
    except NotReadable as error:
        raise UserError(str(path), f"a photo of at most {MAX_BYTES} bytes", error.detail, remedy) from error
    except codec.Undecodable as error:
        raise UserError(str(path), "a photo", error, remedy) from error


def load(path: Path, runs: Path) -> keras.Model:
    """The exported model, in safe mode: a file that brings code of its own is refused.

    Raises:
        UserError: no such run, or no model of Keras' built-in layers.
    """
    from train.model.runtime import keras

    if not path.is_file():
        known = ", ".join(sorted(p.parent.name for p in runs.glob("*/model.keras"))) or "none yet"
        remedy = "Name one of them, or run `python -m train.fit --run R` first"
        raise UserError("--run", f"a trained run ({known})", repr(path.parent.name), remedy)
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras, zipfile, h5py and json raise many kinds for damaged bytes
        text = " ".join(str(error).split())[:200]
        raise UserError(str(path), "a Keras model that loads in safe mode", text, "Train the run again") from error


if __name__ == "__main__":
    command.run(main)
