"""A backbone cut in two: what lies below a stage's first trained layer is computed once per image, and kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from manifests.core.errors import UserError
from train.model.runtime import keras, ops


@dataclass(frozen=True)
class Cut:
    """A backbone and its head, cut at the input of a layer.

    Attributes:
        below: pixels -> (n, crops, *maps) of the dtype asked for, in inference mode.
        above: that -> output; shares its layers with the whole network.
        frozen: the layers below.
    """

    below: keras.Model
    above: keras.Model
    frozen: tuple[keras.layers.Layer, ...]


def body_of(backbone: keras.Model) -> keras.Model:
    """The network of `keras.applications` within a backbone that `backbones.build` made."""
    return [layer for layer in backbone.layers if isinstance(layer, keras.Model)][-1]


def cut(backbone: keras.Model, head: keras.Model, first: str, maps: str = "float16") -> Cut:
    """Cut the network so that `first` is the lowest layer above.

    Args:
        backbone: of `backbones.build`.
        head: features -> output.
        first: the layer's name in the body.
        maps: their dtype; float16 halves what is kept of each image, float32 is exactly the whole network.
    Raises:
        UserError: no such layer, or not everything passes through its input; the key is relative to the recipe.
    """
    body = body_of(backbone)
    names = [layer.name for layer in body.layers]
    if first not in names[1:]:
        some = ", ".join(names[1:4]) + f", ..., {names[-1]}"
        raise UserError(": layers.from", f"a layer of {body.name}: {some}", repr(first), "Correct the name")
    try:
        at = body.get_layer(first).input
        lower, upper = keras.Model(body.input, at), keras.Model(at, body.output)
    except (
        ValueError,
        KeyError,
        AttributeError,
    ) as error:  # a graph in pieces, several inputs
        rule = "a layer that everything passes through, such as the first of a block"
        raise UserError(": layers.from", rule, f"{first} of {body.name}", "Name another layer") from error
    joined = backbone.layers[backbone.layers.index(body) + 1 :]
    return Cut(_below(backbone, body, lower, maps), _above(upper, joined, head, maps), tuple(lower.layers))


def _below(backbone: keras.Model, body: keras.Model, lower: keras.Model, dtype: str) -> keras.Model:
    before = backbone.layers[1 : backbone.layers.index(body)]
    centres = [layer for layer in before if isinstance(layer, keras.Model)]
    scaled = [layer for layer in before if layer not in centres]
    # From the graph, as an operation that is no layer, such as the turn from RGB to BGR, is in no list of layers.
    prepared = scaled[-1].output if scaled else backbone.input
    seen = [prepared, *(centre(prepared) for centre in centres)]
    maps = [ops.cast(lower(each), dtype) for each in seen]
    return keras.Model(backbone.input, ops.stack(maps, axis=1))


def _above(upper: keras.Model, joined: list[keras.layers.Layer], head: keras.Model, dtype: str) -> keras.Model:
    crops = 1 if len(joined) == 1 else len(joined[0].input)
    maps = keras.Input((crops, *upper.input_shape[1:]), dtype=dtype, name="maps")
    parts = [upper(ops.cast(maps[:, number], upper.compute_dtype)) for number in range(crops)]
    features: Any = parts if crops > 1 else parts[0]
    for layer in joined:
        features = layer(features)
    return keras.Model(maps, head(features))
