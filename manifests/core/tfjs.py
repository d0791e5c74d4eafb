"""Read a TensorFlow.js graph model and run it in NumPy, op by op: as much of the format as our models need."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from manifests.core.errors import UserError

Node = dict[str, Any]
_STORED = {"float32": "float32", "int32": "int32", "float16": "float16"}  # the widths that are read


@dataclass(frozen=True)
class Graph:
    """A frozen graph: nodes in an order in which each has its inputs, and the constants by name."""

    nodes: tuple[Node, ...]
    weights: dict[str, np.ndarray]


def read(path: Path) -> Graph:
    """Read `<name>.json` and the weight files beside it.

    Raises:
        UserError: no such file, another format, weights of another length, or a graph that lacks a node.
    """
    remedy = "Name the model's .json file, its .bin beside it"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        manifest = content["weightsManifest"][0]
        raw = b"".join((path.parent / Path(name).name).read_bytes() for name in manifest["paths"])
        nodes = content["modelTopology"]["node"]
    except OSError as error:
        raise UserError(str(path), "a TensorFlow.js graph model", error.strerror, remedy) from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise UserError(str(path), "a TensorFlow.js graph model", type(error).__name__, remedy) from error
    weights, start = {}, 0
    for entry in manifest["weights"]:
        kind = np.dtype(_STORED.get(entry.get("quantization", entry)["dtype"], "V1"))
        count = int(np.prod(entry["shape"]))
        end = start + count * kind.itemsize
        if kind.kind == "V" or end > len(raw):
            raise UserError(f"{path}: {entry['name']}", "weights of 16 or 32 bits, all there", entry["dtype"], remedy)
        weights[entry["name"]] = np.frombuffer(raw, kind, count, start).reshape(entry["shape"]).astype(entry["dtype"])
        start = end
    if start != len(raw):
        raise UserError(str(path), f"{start} bytes of weights", len(raw), remedy)
    return Graph(_ordered([node for node in nodes if node["op"] != "Const"], set(weights)), weights)


def _ordered(waiting: list[Node], known: set[str]) -> tuple[Node, ...]:
    """The file's order is free; each pass takes what has its inputs."""
    found: list[Node] = []
    while waiting:
        able = [node for node in waiting if known.issuperset(node.get("input", []))]
        if not able:
            raise UserError(
                waiting[0]["name"], "a graph whose inputs are all there", "one that misses some", "Get it anew"
            )
        found += able
        known |= {node["name"] for node in able}
        waiting = [node for node in waiting if node["name"] not in known]
    return tuple(found)


def run(graph: Graph, inputs: np.ndarray) -> dict[str, np.ndarray]:
    """Evaluate every node.

    Args:
        graph: the model.
        inputs: float32 (images, ...), fed to its one placeholder.
    Returns:
        each node's output by name.
    Raises:
        UserError: an op that this reader does not know.
    """
    values: dict[str, np.ndarray] = {}
    for node in graph.nodes:
        given = [graph.weights[name] if name in graph.weights else values[name] for name in node.get("input", [])]
        if node["op"] not in _OPS:
            raise UserError(node["name"], f"one of the ops {', '.join(_OPS)}", node["op"], "Use another model")
        values[node["name"]] = inputs if node["op"] == "Placeholder" else _OPS[node["op"]](node, *given)
    return values


def _attribute(node: Node, name: str) -> Any:
    """A list of numbers or of strings, or a string."""
    value = node["attr"].get(name, {"list": {}})
    if "list" in value:
        texts = value["list"].get("s")
        return [_text(text) for text in texts] if texts else [int(i) for i in value["list"].get("i", [])]
    return _text(value["s"])


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


def _windows(node: Node, x: np.ndarray, sides: tuple[int, ...]) -> np.ndarray:
    """Every position of a window: a view (images, rows, columns, channels, window rows, window columns)."""
    strides = _attribute(node, "strides")[1:3]
    if _attribute(node, "padding") == "SAME":
        lacking = [
            max((-(-size // step) - 1) * step + side - size, 0)
            for size, step, side in zip(x.shape[1:3], strides, sides, strict=True)
        ]
        x = np.pad(x, [(0, 0), *((lack // 2, lack - lack // 2) for lack in lacking), (0, 0)])
    views = np.lib.stride_tricks.sliding_window_view(x, sides, axis=(1, 2))
    return views[:, :: strides[0], :: strides[1]]


def _convolve(node: Node, x: np.ndarray, kernel: np.ndarray, *rest: np.ndarray) -> np.ndarray:
    """`rest` is what a fused convolution adds: a bias and, with PReLU, its slopes."""
    if kernel.shape[:2] == (1, 1):
        step = _attribute(node, "strides")[1]
        columns = x[:, ::step, ::step]
    else:
        columns = _windows(node, x, kernel.shape[:2]).transpose(0, 1, 2, 4, 5, 3)
    shape = columns.shape[:3]
    out = np.ascontiguousarray(columns).reshape(-1, kernel[..., 0].size) @ kernel.reshape(-1, kernel.shape[3])
    return _fused(node, out.reshape(*shape, -1), *rest)


def _depthwise(node: Node, x: np.ndarray, kernel: np.ndarray, *rest: np.ndarray) -> np.ndarray:
    views = _windows(node, x, kernel.shape[:2])
    out = np.zeros(views.shape[:4], np.float32)
    for row, column in np.ndindex(*kernel.shape[:2]):
        out += views[..., row, column] * kernel[row, column, :, 0]
    return _fused(node, out, *rest)


def _dense(node: Node, x: np.ndarray, kernel: np.ndarray, *rest: np.ndarray) -> np.ndarray:
    return _fused(node, x @ kernel, *rest)


def _fused(node: Node, out: np.ndarray, *rest: np.ndarray) -> np.ndarray:
    more = iter(rest)
    for op in _attribute(node, "fused_ops"):
        if op == "BiasAdd":
            out = out + next(more)
        elif op == "Prelu":
            out = _prelu(node, out, next(more))
        else:
            out = _relu(out)
    return out


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, np.float32(0))


def _prelu(_: Node, x: np.ndarray, slope: np.ndarray) -> np.ndarray:
    return _relu(x) + np.minimum(x, np.float32(0)) * slope


def _transposed(node: Node, size: np.ndarray, kernel: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A transposed convolution whose windows do not overlap: each pixel becomes a block."""
    rows, columns = kernel.shape[:2]
    if _attribute(node, "strides")[1:3] != [rows, columns]:
        raise UserError(node["name"], "strides that are the kernel's sides", "others", "Use another model")
    blocks = np.einsum("nyxc,abdc->nyaxbd", x, kernel)
    return blocks.reshape(len(x), *size[1:3].tolist(), -1)


def _resize(_: Node, x: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Bilinear, with the centres of pixels at halves, as OpenCV has them."""
    wide = (int(size[1]), int(size[0]))
    return np.stack([cv2.resize(one, wide, interpolation=cv2.INTER_LINEAR).reshape(*size, -1) for one in x])


def _softmax(_: Node, x: np.ndarray) -> np.ndarray:
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


def _pool(reduce: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """Windows that do not overlap, as all of our models have them."""

    def pooled(node: Node, x: np.ndarray) -> np.ndarray:
        rows, columns = _attribute(node, "ksize")[1:3]
        count, height, width, channels = x.shape
        blocks = x[:, : height // rows * rows, : width // columns * columns].reshape(
            count, height // rows, rows, width // columns, columns, channels
        )
        return np.asarray(reduce(blocks, axis=(2, 4)))

    return pooled


_OPS: dict[str, Callable[..., Any]] = {
    "Conv2D": _convolve,
    "_FusedConv2D": _convolve,
    "DepthwiseConv2dNative": _depthwise,
    "Conv2DBackpropInput": _transposed,
    "_FusedMatMul": _dense,
    "Add": lambda _, x, y: x + y,
    "AddV2": lambda _, x, y: x + y,
    "AddN": lambda _, *several: sum(several),
    "Mul": lambda _, x, y: x * y,
    "Minimum": lambda _, x, y: np.minimum(x, y),
    "Maximum": lambda _, x, y: np.maximum(x, y),
    "Relu": lambda _, x: _relu(x),
    "Relu6": lambda _, x: np.clip(x, np.float32(0), np.float32(6)),
    "Prelu": _prelu,
    "Mean": lambda _, x, axes: x.mean(axis=tuple(axes.ravel().tolist())),
    "AvgPool": _pool(np.mean),
    "MaxPool": _pool(np.max),
    "Pad": lambda _, x, wide: np.pad(x, wide.tolist()),
    "ResizeBilinear": _resize,
    "Reshape": lambda _, x, shape: x.reshape(len(x), *shape.tolist()[1:]),
    "Identity": lambda _, x: x,
    "Sigmoid": lambda _, x: 0.5 + 0.5 * np.tanh(0.5 * x),
    "Softmax": _softmax,
    "Placeholder": lambda _: None,
}
