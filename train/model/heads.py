"""Heads on a backbone, what their outputs mean, and the exported model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from manifests.sections.recipe import Recipe
from train.model.runtime import keras, layers, ops
from train.targets import YEARS, Readout, Target

EXPERT = "expert_"


@dataclass(frozen=True)
class Network:
    """One backbone and one head as the models that the stages train; they share their layers.

    Attributes:
        backbone: pixels -> features.
        head: features -> output.
        full: pixels -> output.
        hidden: features -> what the last layer of the head receives.
        last: that -> output.
        experts: features -> {expert_<axis>: output}; None where the recipe has none.
    """

    backbone: keras.Model
    head: keras.Model
    full: keras.Model
    hidden: keras.Model
    last: keras.Model
    experts: keras.Model | None


@dataclass(frozen=True)
class Correction:
    """A map of ages: linear between its knots, a shift beyond them.

    Attributes:
        x: float64 (knots,), predicted years, ascending.
        y: float64 (knots,), corrected years.
    """

    x: np.ndarray
    y: np.ndarray

    def __call__(self, years: np.ndarray) -> np.ndarray:
        """Correct float64 years of any shape."""
        inside = np.clip(years, self.x[0], self.x[-1])
        return np.asarray(np.interp(inside, self.x, self.y) + years - inside)

    def layers(self, years: Any) -> Any:
        """The same as built-in layers: the age, plus a change of slope at each knot. (n, 1) to (n, 1)."""
        slopes = np.concatenate([[1.0], np.diff(self.y) / np.diff(self.x), [1.0]])
        bends = layers.Dense(len(self.x), activation="relu", trainable=False, dtype="float32")
        shift = layers.Dense(1, trainable=False, dtype="float32")
        made = layers.Add()([years, shift(bends(years))])
        bends.set_weights([np.ones((1, len(self.x))), -self.x])
        shift.set_weights([np.diff(slopes)[:, None], self.y[:1] - self.x[:1]])
        return made


def assemble(backbone: keras.Model, recipe: Recipe, axes: Sequence[str], target: Target = YEARS) -> Network:
    """Put a head as the recipe describes it, for the target, on the backbone."""
    features = keras.Input(backbone.output_shape[1:], name="features")
    experts = None
    if recipe.experts:
        outputs = {}
        for axis in axes:
            before = _hidden(features, recipe)
            outputs[EXPERT + axis] = _output(recipe, target, EXPERT + axis)(before)
        experts = keras.Model(features, outputs)
        before = layers.Concatenate()(list(outputs.values()))
    else:
        before = _hidden(features, recipe)
    output = _output(recipe, target, "joined" if recipe.experts else target.name)
    head, hidden = keras.Model(features, output(before)), keras.Model(features, before)
    received = keras.Input(before.shape[1:], name="hidden")
    full = keras.Model(backbone.inputs, head(backbone.outputs[0]))
    return Network(backbone, head, full, hidden, keras.Model(received, output(received)), experts)


def _hidden(features: Any, recipe: Recipe) -> Any:
    for number in recipe.head:
        if number >= 1:
            features = layers.Dense(int(number), activation="relu", kernel_regularizer=_penalty(recipe))(features)
        elif number > 0:
            features = layers.Dropout(number)(features)
    return features


def _output(recipe: Recipe, target: Target, name: str) -> layers.Dense:
    """The last layer, float32 also in mixed precision."""
    units, activation = target.output(recipe)
    return layers.Dense(units, activation, dtype="float32", name=name, kernel_regularizer=_penalty(recipe))


def _penalty(recipe: Recipe) -> keras.regularizers.Regularizer | None:
    return keras.regularizers.L2(recipe.l2) if recipe.l2 else None


def redraw(head: keras.Model) -> None:
    """Draw new weights for the head, or for its last layer, from Keras' seeded generator."""
    for layer in head.layers:
        if isinstance(layer, layers.Dense):
            layer.kernel.assign(keras.initializers.GlorotUniform()(layer.kernel.shape))
            layer.bias.assign(ops.zeros(layer.bias.shape))


def shift_logits(head: keras.Model, offset: np.ndarray) -> None:
    """Add float32 (values,) to the bias of the last layer: a distribution p becomes softmax(log p + offset).

    One unit is the second of two values.
    """
    last = head.layers[-1]
    last.bias.assign(last.bias + (offset if len(offset) == last.units else offset[1:] - offset[:1]))


def exported(
    networks: Sequence[Network], recipe: Recipe, correct: Correction | None = None, target: Target = YEARS
) -> keras.Model:
    """One model from photos to predictions: the mean of the repeats, resizing and preprocessing inside.

    It resizes, then has one branch per backbone: the backbone, and the heads that turn its
    features into predictions. The correction, where there is one, is the last.

    Returns:
        a model of built-in layers alone from uint8 or float (n, height, width, 3) RGB, 0 to 255,
        of any size, to float32 (n, 1) years, or (n, classes) probabilities.
    """
    size = networks[0].backbone.input_shape[1]
    photo = keras.Input((None, None, 3), name="photo")
    # The layer `Resizing` would put the layers after it into training mode where a caller names no mode.
    pixels = ops.image.resize(photo, (size, size), antialias=True)
    sharing: dict[int, list[Network]] = {}  # repeats on one frozen backbone share its features
    for network in networks:
        sharing.setdefault(id(network.backbone), []).append(network)
    seen = [pixels, ops.flip(pixels, axis=2)] if recipe.mirror else [pixels]
    branches = [_branch(group, target.readout(recipe)) for group in sharing.values()]
    mean = _average([branch(each) for branch in branches for each in seen])
    return keras.Model(photo, correct.layers(mean) if correct else mean, name="predictions")


def _branch(networks: Sequence[Network], readout: Readout) -> keras.Model:
    backbone = networks[0].backbone
    features = keras.Input(backbone.output_shape[1:])
    # Anew, for a compiled model would bring its loss into the file, which safe mode refuses.
    heads = [keras.Model(network.head.input, network.head.output) for network in networks]
    predicted = keras.Model(features, _average([_read(head(features), readout) for head in heads]))
    pixels = keras.Input(backbone.input_shape[1:])
    return keras.Model(pixels, predicted(backbone(pixels)))


def _average(tensors: list[Any]) -> Any:
    return layers.Average()(tensors) if len(tensors) > 1 else tensors[0]


def _read(output: Any, readout: Readout) -> Any:
    """The prediction that an output means."""
    if readout is None:
        return output
    if isinstance(readout, float):
        return layers.Rescaling(readout)(output)
    kernel, bias = readout
    linear = layers.Dense(kernel.shape[1], use_bias=bias is not None, trainable=False, dtype="float32")
    predicted = linear(output)
    linear.set_weights([kernel] if bias is None else [kernel, bias])
    return predicted
