"""Draw which regions of a face a run's model uses: in chosen photos, and in the mean over each group."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from manifests.core import command, costs
from manifests.core.cells import Cells
from manifests.core.files import write_bytes
from manifests.tables import index
from train import predict
from train.data.readers import Images, fit
from train.model import runtime
from train.model.runtime import keras, tf

PANEL, GAP, LABEL = 96, 4, 20  # pixels
PER_GROUP = 3  # photos per group, taken in order of their paths: a stage that costs seconds, not minutes


def main() -> None:
    """Read the exported model and photos; write one picture: one row per photo or group."""
    parser = command.parser(__doc__, remote=("shards",), runs="datasets/runs", shards="datasets/shards")
    parser.add_argument("--run", required=True, help="the run's name, a folder of --runs")
    parser.add_argument(
        "--out", type=command.place, help="default: datasets/saliency/<run>.png; with photos <run>_photos.png"
    )
    parser.add_argument("--per-group", type=int, default=PER_GROUP, help=f"photos per group; default: {PER_GROUP}")
    parser.add_argument(
        "photos", nargs="*", type=command.place, help="photos, or folders of them; none: the groups alone"
    )
    options = parser.parse_args()
    # The stage's own picture is that of the groups: photos of your own must not take its place.
    name = f"{options.run}_photos.png" if options.photos else f"{options.run}.png"
    out = options.out or Path("datasets/saliency") / name
    runtime.prepare(seed=0)  # nothing is drawn; the last digits depend on the threads
    model = predict.load(options.runs / options.run / "model.keras", options.runs)
    try:
        attention = Attention(model)
    except ValueError as error:  # a network of the user's own, perhaps; the other runs still have their pictures
        rows = [notice(f"No picture: {error}")]
    else:
        table, cells = index.read(options.shards / "index.parquet")
        rows = [row(path.name, of_photo(path, attention.size), attention) for path in predict.listed(options.photos)]
        rows += of_groups(options.shards, by_group(table, cells, options.per_group), attention)
    write_bytes(out, cv2.imencode(".png", np.concatenate(rows)[:, :, ::-1])[1].tobytes())
    print(f"{out}: {len(rows)} rows of photo, Grad-CAM, gradients")
    costs.say("saliency", len(rows), out, unit="row")


def of_groups(shards: Path, groups: list[tuple[str, pa.Table]], attention: Attention) -> list[np.ndarray]:
    """The row of each group."""
    rows = []
    with command.progress(len(groups), "saliency", "group") as bar:
        for name, chosen in groups:
            images = Images(shards, chosen, None, attention.size)
            pixels = np.zeros((len(chosen), *images.shape), np.uint8)
            images.fill(np.arange(len(chosen)), pixels)
            rows.append(row(f"{name} (n = {len(chosen)})", pixels, attention))
            bar.update(1)
    return rows


def of_photo(path: Path, size: int) -> np.ndarray:
    """One photo as uint8 (1, size, size, 3)."""
    return fit(predict.read(path), size)[None]


def by_group(table: pa.Table, cells: Cells, count: int) -> list[tuple[str, pa.Table]]:
    """The first `count` photos of each group, named `axis: value`; groups without photos are left out.

    The photos are those of valid; where it has no labels those of test, or of train, and without any label, all.
    """
    photos = table.filter(pc.field("copy") == 0).sort_by("path")
    labelled = photos.filter(pc.field("cell") >= 0)
    for split in ("valid", "test", "train"):
        own = labelled.filter(pc.field("split") == split)
        if len(own):
            break
    made = []
    for axis in cells.axes:
        for value in axis.values:
            chosen = own.filter(pc.equal(own[axis.column].cast(pa.string()), value)).slice(0, count)
            if len(chosen):
                made.append((f"{axis.name}: {value}", chosen))
    return made or [("all photos", photos.slice(0, count))]


def notice(words: str) -> np.ndarray:
    """Words instead of a row: uint8 (height, width, 3)."""
    strip = np.full((LABEL + GAP, 3 * (PANEL + GAP), 3), 255, np.uint8)
    cv2.putText(strip, words, (2, LABEL - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.3, (0, 0, 0), 1, cv2.LINE_AA)
    return strip


def row(name: str, pixels: np.ndarray, attention: Attention) -> np.ndarray:
    """The mean photo, and the mean of each map over it: uint8 (height, width, 3) RGB under its name.

    Args:
        name: the title of the row.
        pixels: uint8 (n, size, size, 3).
        attention: of the model.
    """
    photo = pixels.mean(axis=0).astype(np.uint8)
    maps = [attention.grad_cam(pixels).mean(axis=0), attention.gradients(pixels).mean(axis=0)]
    panels = [photo, *(_over(photo, heat) for heat in maps)]
    strip = np.full((LABEL + PANEL + GAP, 3 * (PANEL + GAP), 3), 255, np.uint8)
    for position, panel in enumerate(panels):
        left = position * (PANEL + GAP)
        strip[LABEL : LABEL + PANEL, left : left + PANEL] = cv2.resize(panel, (PANEL, PANEL))
    cv2.putText(strip, name, (2, LABEL - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return strip


def _over(photo: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """A map from 0 to 1 in colour over the photo in grey."""
    grey = cv2.cvtColor(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    colours = cv2.applyColorMap((255 * heat / max(float(heat.max()), 1e-9)).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
    return cv2.addWeighted(grey, 0.45, colours[:, :, ::-1], 0.55, 0)


SAMPLES, NOISE = 8, 0.1  # of SmoothGrad: noisy copies, and their deviation as a share of 255


class Attention:
    """Both maps of the model that a run exported; the mean over its branches.

    Args:
        model: as `train.model.heads.exported` makes it.
    Raises:
        ValueError: a backbone without maps that end in features.
    """

    def __init__(self, model: keras.Model) -> None:
        branches = [layer for layer in model.layers if isinstance(layer, keras.Model)]
        if not branches:
            raise ValueError("the model has no branch")
        self.size = int(branches[0].input_shape[1])
        self._branches = [_Branch(branch) for branch in branches]

    def grad_cam(self, pixels: np.ndarray) -> np.ndarray:
        """Grad-CAM (Selvaraju et al. 2017) of the prediction: which regions raise or lower it.

        It is the number that is predicted, or the probability of the predicted class. The gradient stays at its
        position (HiResCAM, Draelos and Carin 2020): for a mean over the positions that is Grad-CAM itself, and right
        for a head that knows them too. The magnitude takes the place of the ReLU, as a number can be lowered as well.

        Args:
            pixels: uint8 (n, size, size, 3).
        Returns:
            float32 (n, size, size), 0 to 1 in each photo.
        """
        parts = [branch.cam(pixels) for branch in self._branches]
        return np.stack([_scaled(cam) for cam in np.mean(parts, axis=0)])

    def gradients(self, pixels: np.ndarray) -> np.ndarray:
        """SmoothGrad (Smilkov et al. 2017): how strongly each pixel moves the prediction, over noisy copies.

        Args:
            pixels: uint8 (n, size, size, 3).
        Returns:
            float32 (n, size, size), 0 to 1 in each photo.
        """
        rng, total = np.random.default_rng(0), np.zeros(pixels.shape[:3], np.float32)
        for _ in range(SAMPLES):
            noisy = pixels + rng.normal(0, 255 * NOISE, pixels.shape).astype(np.float32)
            total += np.mean([branch.gradient(noisy) for branch in self._branches], axis=0)
        return np.stack([_scaled(cv2.GaussianBlur(image, (0, 0), 1.5)) for image in total])


class _Branch:
    """A backbone, cut at its last maps, and the prediction of its features; it may see several crops of a photo."""

    def __init__(self, branch: keras.Model) -> None:
        inner = [layer for layer in branch.layers if isinstance(layer, keras.Model)]
        if len(inner) != 2 or not any(isinstance(layer, keras.Model) for layer in inner[0].layers):
            raise ValueError(f"{branch.name} is no backbone with a head")
        backbone, self._predict = inner
        *self._centres, body = [layer for layer in backbone.layers if isinstance(layer, keras.Model)]
        ends = (keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D, keras.layers.Flatten)
        pooling = [layer for layer in body.layers if isinstance(layer, ends)]
        if not pooling:
            raise ValueError(f"{body.name} has no maps that end in features")
        models = [at for at, layer in enumerate(backbone.layers) if isinstance(layer, keras.Model)]
        self._before, self._after = backbone.layers[1 : models[0]], backbone.layers[models[-1] + 1 :]
        self._maps = keras.Model(body.input, pooling[-1].input)
        self._pooled = keras.Model(pooling[-1].input, body.output)

        self._cam, self._gradient = tf.function(self._cam_of), tf.function(self._gradient_of)

    def cam(self, pixels: np.ndarray) -> np.ndarray:
        """float32 (n, size, size): the sum over the crops, each laid where it was cut out."""
        made = np.zeros(pixels.shape[:3], np.float32)
        edges = [0, *(centre.get_layer("cut").cropping[0][0] for centre in self._centres)]
        for edge, cams in zip(edges, self._cam(tf.cast(pixels, tf.float32)), strict=True):
            side = pixels.shape[1] - 2 * edge
            made[:, edge : edge + side, edge : edge + side] += [cv2.resize(cam, (side, side)) for cam in cams.numpy()]
        return made

    def gradient(self, pixels: np.ndarray) -> np.ndarray:
        return np.asarray(self._gradient(tf.cast(pixels, tf.float32)))

    def _cam_of(self, pixels: Any) -> list[Any]:
        maps = [self._maps(each, training=False) for each in self._seen(pixels)]
        slopes = tf.gradients(self._from_maps(maps), maps)
        return [
            tf.abs(tf.reduce_sum(tf.cast(slope * each, tf.float32), axis=-1))
            for slope, each in zip(slopes, maps, strict=True)
        ]

    def _gradient_of(self, pixels: Any) -> Any:
        predicted = self._from_maps([self._maps(each, training=False) for each in self._seen(pixels)])
        (slope,) = tf.gradients(predicted, [pixels])
        return tf.reduce_max(tf.abs(slope), axis=-1)

    def _seen(self, pixels: Any) -> list[Any]:
        """What the body receives: the whole photo, and its crops."""
        for layer in self._before:
            pixels = layer(pixels)
        return [pixels, *(centre(pixels) for centre in self._centres)]

    def _from_maps(self, maps: list[Any]) -> Any:
        features = [self._pooled(each, training=False) for each in maps]
        joined = features if len(features) > 1 else features[0]
        for layer in self._after:
            joined = layer(joined)
        return tf.reduce_max(self._predict(joined, training=False), axis=-1)


def _scaled(image: np.ndarray) -> np.ndarray:
    """0 to 1; a map of one value becomes 0."""
    low, high = float(image.min()), float(image.max())
    return ((image - low) / (high - low) if high > low else np.zeros_like(image)).astype(np.float32)


if __name__ == "__main__":
    command.run(main)
