"""Read a TensorFlow.js graph model and run it, op by op: enough of the format to check a conversion."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from manifests.core.errors import UserError
from train.model.runtime import tf

Node = dict[str, Any]


@dataclass(frozen=True)
class Graph:
    """A frozen graph: nodes in order, and the constants by name."""

    nodes: tuple[Node, ...]
    weights: dict[str, np.ndarray]


def read(path: Path) -> Graph:
    """Read `<name>.json` and the weight files beside it.

    Raises:
        UserError: no such file, another format, or weights of another length.
    """
    remedy = "Name the model's .json file, its .bin beside it"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        manifest = content["weightsManifest"][0]
        raw = b"".join((path.parent / Path(name).name).read_bytes() for name in manifest["paths"])
        nodes = tuple(content["modelTopology"]["node"])
    except OSError as error:
        raise UserError(str(path), "a TensorFlow.js graph model", error.strerror, remedy) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise UserError(str(path), "a TensorFlow.js graph model", type(error).__name__, remedy) from error
    weights, start = {}, 0
    for entry in manifest["weights"]:
        count = int(np.prod(entry["shape"]))
        end = start + count * 4  # float32 and int32 alone; quantised models are another format
        if "quantization" in entry or entry["dtype"] not in ("float32", "int32") or end > len(raw):
            raise UserError(f"{path}: {entry['name']}", "32-bit weights, all there", entry["dtype"], remedy)
        weights[entry["name"]] = np.frombuffer(raw, entry["dtype"], count, start).reshape(entry["shape"])
        start = end
    if start != len(raw):
        raise UserError(str(path), f"{start} bytes of weights", len(raw), remedy)
    return Graph(nodes, weights)


def run(graph: Graph, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Evaluate every node.

    Args:
        graph: the model.
        inputs: float32, fed to its one placeholder.
    Returns:
        each node's output by name.
    Raises:
        UserError: an op that this reader does not know.
    """
    values: dict[str, Any] = {name: tf.constant(array) for name, array in graph.weights.items()}
    waiting = [node for node in graph.nodes if node["op"] != "Const"]
    while waiting:
        # The file's order is free; each pass runs what has its inputs.
        able = [node for node in waiting if all(name in values for name in node.get("input", []))]
        if not able:
            raise UserError(
                waiting[0]["name"], "a graph whose inputs are all there", "one that misses some", "Get it anew"
            )
        for node in able:
            given = [values[name] for name in node.get("input", [])]
            values[node["name"]] = tf.constant(inputs) if node["op"] == "Placeholder" else _op(node)(node, *given)
        waiting = [node for node in waiting if node["name"] not in values]
    return {name: np.asarray(value) for name, value in values.items() if name not in graph.weights}


def _op(node: Node) -> Callable[..., Any]:
    if node["op"] not in _OPS:
        raise UserError(node["name"], f"one of the ops {', '.join(_OPS)}", node["op"], "Use another model")
    return _OPS[node["op"]]


def _attribute(node: Node, name: str) -> Any:
    """A list of numbers or of strings, or a string."""
    value = node["attr"][name]
    if "list" in value:
        texts = value["list"].get("s")
        return [_text(text) for text in texts] if texts else [int(i) for i in value["list"]["i"]]
    return _text(value["s"])


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


def _convolve(node: Node, x: Any, kernel: Any) -> Any:
    return tf.nn.conv2d(x, kernel, _attribute(node, "strides"), _attribute(node, "padding"))


def _depthwise(node: Node, x: Any, kernel: Any) -> Any:
    return tf.nn.depthwise_conv2d(x, kernel, _attribute(node, "strides"), _attribute(node, "padding"))


def _dense(node: Node, x: Any, kernel: Any, bias: Any) -> Any:
    out = tf.matmul(x, kernel) + bias
    return tf.nn.relu(out) if "Relu" in _attribute(node, "fused_ops") else out


_OPS: dict[str, Callable[..., Any]] = {
    "Conv2D": _convolve,
    "DepthwiseConv2dNative": _depthwise,
    "_FusedMatMul": _dense,
    "Add": lambda node, x, y: x + y,
    "Mul": lambda node, x, y: x * y,
    "Minimum": lambda node, x, y: tf.minimum(x, y),
    "Maximum": lambda node, x, y: tf.maximum(x, y),
    "Relu": lambda node, x: tf.nn.relu(x),
    "Mean": lambda node, x, axes: tf.reduce_mean(x, axis=axes),
    "Sigmoid": lambda node, x: tf.sigmoid(x),
    "Softmax": lambda node, x: tf.nn.softmax(x),
    "Placeholder": lambda node: None,
}
