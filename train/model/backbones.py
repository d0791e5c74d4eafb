"""Backbones from uint8 pixels to pooled features; the preprocessing that the weights expect is inside."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from manifests.core import places
from manifests.core.errors import UserError, located
from manifests.sections.network import Network
from train.model.runtime import keras, layers, ops

SMALL, LEVI_HASSNER = "small_cnn", "levi_hassner"
_TORCH_MEAN, _TORCH_DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
_CAFFE_MEAN = (103.939, 116.779, 123.68)  # of blue, green, red

# What each family of keras.applications was trained on; the newer ones scale inside.
_FAMILIES = {
    "densenet": "torch",
    "resnet50v2": "tf",
    "resnet101v2": "tf",
    "resnet152v2": "tf",
    "resnet": "caffe",
    "vgg": "caffe",
    "mobilenetv3": "none",
    "efficientnet": "none",
    "convnext": "none",
    "mobilenet": "tf",
    "inception": "tf",
    "xception": "tf",
    "nasnet": "tf",
    SMALL: "tf",
    LEVI_HASSNER: "unit",
}


_POOLING = {"avg": "avg", "max": "max", "flatten": None}  # in Keras' words


def names() -> list[str]:
    """Every backbone there is: `small_cnn`, `levi_hassner`, and the models of `keras.applications`."""
    return [*OWN, *sorted(n for n in dir(keras.applications) if n[0].isupper())]


def build(train: Network) -> keras.Model:
    """Make the backbone with its weights.

    Args:
        train: the section.
    Returns:
        a model from uint8 or float (n, size, size, 3) RGB, 0 to 255, to float32 (n, crops * features).
        With pretrained weights its BatchNorm stays in inference mode, also in finetuning, unless `batch_norm` says so.
    Raises:
        UserError: no such backbone, no such weights, or weights of another network; the key is relative to the section.
    """
    body = _body(train)
    pixels = keras.Input((train.size, train.size, 3), name="pixels")
    prepared = preprocess(train.preprocessing, train.backbone, pixels)
    parts = [body(prepared if share == 1 else centre(train.size, share)(prepared)) for share in train.crops]
    joined = layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    outputs = layers.Activation("linear", dtype="float32", name="features")(joined)
    backbone = keras.Model(pixels, outputs)
    set_trainable(backbone, True, train.keeps_statistics)
    return backbone


def centre(size: int, share: float) -> keras.Model:
    """A model that cuts the central share of the sides out of (n, size, size, 3) pixels, and enlarges it to `size`."""
    pixels = keras.Input((size, size, 3))
    cut = layers.Cropping2D(round(size * (1 - share) / 2), name="cut")(pixels)
    return keras.Model(pixels, keras.ops.image.resize(cut, (size, size)), name=f"centre_{round(100 * share)}")


def set_trainable(backbone: keras.Model, trainable: bool, keeps_statistics: bool) -> None:
    """Let the backbone learn, or not; its BatchNorm never does where it keeps its statistics.

    `body(x, training=False)` is not enough: within an outer model, Keras 3's `fit` passes `training=True` on, and
    BatchNorm takes the statistics of the batch and moves its averages. A BatchNorm layer that is not trainable
    runs in inference mode whatever it is called with.
    """
    backbone.trainable = trainable
    if keeps_statistics:
        for layer in _batch_norms(backbone):
            layer.trainable = False


def _batch_norms(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _batch_norms(layer)
        elif isinstance(layer, layers.BatchNormalization):
            yield layer


def preprocess(name: str, backbone: str, pixels: Any) -> Any:
    """Scale RGB pixels of 0 to 255 as the weights expect; only built-in layers, so that it loads in safe mode."""
    if name == "auto":
        name = next(mode for family, mode in _FAMILIES.items() if backbone.lower().startswith(family))
    if name == "caffe":
        turned = keras.ops.flip(pixels, axis=-1)
        return layers.Normalization(mean=_CAFFE_MEAN, variance=(1.0, 1.0, 1.0), name="caffe")(turned)
    if name == "torch":
        variance = tuple(deviation**2 for deviation in _TORCH_DEVIATION)
        return layers.Normalization(mean=_TORCH_MEAN, variance=variance, name="torch")(pixels)
    scale, offset = {"tf": (1 / 127.5, -1.0), "unit": (1 / 255, 0.0), "none": (1.0, 0.0)}[name]
    return layers.Rescaling(scale, offset, name=name)(pixels)


def _body(train: Network) -> keras.Model:
    if train.backbone not in names():
        raise UserError(".backbone", f"one of {', '.join(names())}", repr(train.backbone), "Correct it")
    weights = "imagenet" if train.weights == "imagenet" else None
    try:
        body = OWN[train.backbone](train.size) if train.backbone in OWN else _of_keras(train, weights)
    except Exception as error:  # a size too small, or a download that failed: Keras raises bare Exceptions
        raise UserError(
            ".backbone",
            f"{train.backbone} at {train.size} pixels with weights {train.weights}",
            " ".join(str(error).split()),
            "Change train.size, or name a weights file",
        ) from error
    if train.weights not in ("none", "imagenet"):
        with located(".weights"):
            _load(body, train.weights)
    if train.backbone not in OWN and train.pooling == "flatten":
        return keras.Model(body.input, layers.Flatten()(body.output), name=body.name)
    return body


def _of_keras(train: Network, weights: str | None) -> keras.Model:
    make = getattr(keras.applications, train.backbone)
    pooling = _POOLING[train.pooling]
    return make(input_shape=(train.size, train.size, 3), include_top=False, weights=weights, pooling=pooling)


def _load(body: keras.Model, file: str) -> None:
    remedy = "Link one there, run `make face-weights`, or set train.weights to none or imagenet"
    path = places.local(file)
    if not path.is_file():
        raise UserError("", "none, imagenet, or a weights file", f"{file}, which does not exist", remedy)
    try:
        body.load_weights(path)
    except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
        received = f"{file}: {' '.join(str(error).split())[:200]}"
        raise UserError("", f"the weights of {body.name} without its top", received, remedy) from error


def small_cnn(size: int) -> keras.Model:
    """Four convolutions, each halved by its maxima, and no mean over the positions at the end.

    An aligned face has its eyes and mouth in known places, so that the position of a feature is information.
    The maxima are taken before the normalisation, which is then four times cheaper.

    Args:
        size: input width and height, in pixels, 32 or more.
    Returns:
        a model from float (n, size, size, 3) to (n, positions * 96); 864 features at 96 pixels.
    """
    inputs = outputs = keras.Input((size, size, 3))
    for kernel, stride, width in ((5, 2, 16), (3, 1, 32), (3, 1, 64), (3, 1, 96)):
        outputs = layers.Conv2D(width, kernel, strides=stride, padding="same", use_bias=False)(outputs)
        outputs = layers.MaxPooling2D()(outputs)
        outputs = layers.BatchNormalization(momentum=0.9, synchronized=True)(outputs)
        outputs = layers.Activation("relu")(outputs)
    return keras.Model(inputs, layers.Flatten()(outputs), name=SMALL)


def levi_hassner(size: int) -> keras.Model:
    """The network of Levi and Hassner 2015, Age and gender classification using convolutional neural networks.

    As the gender study built it: stride 1, no padding, pools of 3 x 3 with stride 2, which gives 221,184 features and,
    with dense layers of 512 and 512 and one unit, 115,023,873 parameters at 224 pixels. (The original has stride 4.)

    Args:
        size: input width and height, in pixels, 40 or more.
    Returns:
        a model of built-in layers from float (n, size, size, 3) to (n, positions * 384).
    """
    inputs = outputs = keras.Input((size, size, 3))
    for number, (kernel, width) in enumerate(((7, 96), (5, 256), (3, 384))):
        outputs = layers.Conv2D(width, kernel, activation="relu")(outputs)
        outputs = layers.MaxPooling2D(3, 2)(outputs)
        if number < 2:
            outputs = _normalised(outputs)
    return keras.Model(inputs, layers.Flatten()(outputs), name=LEVI_HASSNER)


def _normalised(maps: Any) -> Any:
    """Local response normalisation over five channels (Krizhevsky et al. 2012), with Caffe's alpha 1e-4, beta .75."""
    channels = maps.shape[-1]
    squares = ops.pad(ops.square(maps), [[0, 0], [0, 0], [0, 0], [2, 2]])
    around = squares[..., :channels]
    for shift in range(1, 5):
        around = around + squares[..., shift : shift + channels]
    return maps / ops.power(1.0 + (1e-4 / 5) * around, 0.75)


OWN: dict[str, Callable[[int], keras.Model]] = {SMALL: small_cnn, LEVI_HASSNER: levi_hassner}
