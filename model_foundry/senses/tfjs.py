"""Imports a TensorFlow.js graph model as ONNX.

The format (https://github.com/tensorflow/tfjs/tree/master/tfjs-converter): model.json holds TensorFlow's nodes and a
list of weights, whose bytes lie one after another in the weight files, in the list's order. Only the operations of
``_OPERATIONS`` are known; they are TensorFlow's, whose pictures are [batch, height, width, channels].
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from model_foundry.errors import MalformedGraph
from model_foundry.graphs.builder import GraphBuilder

Node = dict[str, Any]
_TYPES = {"float32": np.float32, "int32": np.int32}
MAX_JSON = 2**26
MAX_NODES = 20_000


def tfjs_graph(
    model: Path, files: Mapping[str, Path], inputs: Mapping[str, str], outputs: Mapping[str, str], name: str
) -> bytes:
    """The graph of ``model`` (model.json), with the ``outputs`` that are wanted. ``files``: its weight files by the
    names that it has for them; ``inputs`` and ``outputs``: what tensors are called in the result. Raises
    MalformedGraph."""
    try:
        if model.stat().st_size > MAX_JSON:
            raise MalformedGraph(f"{model.name} is larger than {MAX_JSON} bytes")
        document = json.loads(model.read_bytes())
        nodes: list[Node] = document["modelTopology"]["node"]
        if len(nodes) > MAX_NODES:
            raise MalformedGraph(f"{model.name} has {len(nodes)} nodes")
        weights = _weights(files, document["weightsManifest"])
        return _Importer(weights, inputs).run(nodes, outputs, document["signature"], name)
    except (OSError, KeyError, IndexError, TypeError, ValueError) as error:
        raise MalformedGraph(f"{model.name} isn't a TensorFlow.js graph model: {error}") from error


def _weights(files: Mapping[str, Path], groups: list[Node]) -> dict[str, NDArray[Any]]:
    out: dict[str, NDArray[Any]] = {}
    for group in groups:
        data = b"".join(files[path].read_bytes() for path in group["paths"])
        at = 0
        for entry in group["weights"]:
            count = int(np.prod(entry["shape"], dtype=np.int64))
            stored = entry.get("quantization", {}).get("dtype", entry["dtype"])
            wide = {"float16": np.float16, "uint8": np.uint8, "uint16": np.uint16, **_TYPES}[stored]
            array = np.frombuffer(data, wide, count, at).reshape(entry["shape"])
            at += array.nbytes
            if stored in ("uint8", "uint16"):
                array = array * np.float32(entry["quantization"]["scale"]) + np.float32(entry["quantization"]["min"])
            out[entry["name"]] = array.astype(_TYPES[entry["dtype"]])
        if at != len(data):
            raise ValueError(f"{len(data)} bytes of weights, {at} are named")
    return out


class _Importer:
    def __init__(self, weights: dict[str, NDArray[Any]], inputs: Mapping[str, str]) -> None:
        self._builder = GraphBuilder()
        self._inputs = inputs
        self._constants = dict(weights)
        self._values: dict[str, str] = {}
        self._numbers = count()

    def run(self, nodes: list[Node], outputs: Mapping[str, str], signature: Node, name: str) -> bytes:
        by_name = {node["name"]: node for node in nodes}
        shapes = {
            entry["name"].split(":")[0]: [int(side["size"]) for side in entry["tensorShape"]["dim"]]
            for entry in (*signature["inputs"].values(), *signature["outputs"].values())
        }
        for wanted in outputs:
            self._visit(wanted, by_name, shapes)
        for wanted, called in outputs.items():
            self._builder.node("Identity", [self._value(wanted)], called)
            self._builder.output(called, TensorProto.FLOAT, shapes[wanted])
        return self._builder.serialized(name)

    def _visit(self, name: str, nodes: dict[str, Node], shapes: dict[str, list[int]]) -> None:
        """Adds a node after those that it needs, without recursion: graphs are deeper than Python's stack."""
        waiting, open_nodes = [name], set[str]()
        while waiting:
            key = waiting[-1]
            node = nodes[key]
            inputs = [_plain(given) for given in node.get("input", []) if not given.startswith("^")]
            left = [given for given in inputs if given not in self._values and given not in self._constants]
            if left and key in open_nodes:
                raise ValueError(f"{key} needs itself")
            if left:
                open_nodes.add(key)
                waiting += left
                continue
            waiting.pop()
            if key not in self._values and key not in self._constants:
                self._add(node, shapes)

    def _add(self, node: Node, shapes: dict[str, list[int]]) -> None:
        kind, name = node["op"], node["name"]
        if kind == "Placeholder":
            self._values[name] = self._builder.input(self._inputs.get(name, name), TensorProto.FLOAT, shapes[name])
            return
        operation = _OPERATIONS.get(kind)
        if operation is None:
            raise MalformedGraph(f"{name}: {kind} isn't an operation that the import knows")
        given = [entry for entry in node.get("input", []) if not entry.startswith("^")]
        operation(self, node, given)

    def put(self, node: Node, value: str, output: int = 0) -> None:
        self._values[node["name"] if output == 0 else f"{node['name']}:{output}"] = value

    def node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        return self._builder.node(kind, inputs, **attributes)

    def nodes(self, kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> list[str]:
        return self._builder.node_with_outputs(kind, inputs, outputs, **attributes)

    def constant(self, value: NDArray[Any]) -> str:
        return self._builder.constant(f"constant.{next(self._numbers)}", value)

    def array(self, name: str) -> NDArray[Any]:
        """A weight or a constant. Raises ValueError."""
        if _plain(name) not in self._constants:
            raise ValueError(f"{name} has to be a constant")
        return self._constants[_plain(name)]

    def are_constant(self, names: list[str]) -> bool:
        return all(_plain(name) in self._constants for name in names)

    def value(self, name: str) -> str:
        return self._value(name)

    def keep(self, name: str, value: NDArray[Any]) -> None:
        self._constants[name] = value

    def _value(self, name: str) -> str:
        name = name.removesuffix(":0")
        if name in self._values:
            return self._values[name]
        if name in self._constants:
            self._values[name] = self.constant(self._constants[name])
            return self._values[name]
        raise ValueError(f"{name} isn't there")


def _plain(name: str) -> str:
    return name.split(":")[0]


def _of(node: Node, name: str) -> Any:
    """An attribute's value, whatever its type is. Raises KeyError."""
    attribute = node["attr"][name]
    (kind, value), *_ = attribute.items()
    if kind == "list":
        return [int(entry) for entry in value.get("i", [])]
    if kind == "s":
        return base64.b64decode(value).decode()
    return {"i": int, "f": float}.get(kind, lambda same: same)(value)


def _same(kind: str) -> Callable[[_Importer, Node, list[str]], None]:
    def add(importer: _Importer, node: Node, given: list[str]) -> None:
        importer.put(node, importer.node(kind, [importer.value(name) for name in given]))

    return add


def _transpose(importer: _Importer, node: Node, given: list[str]) -> None:
    order = importer.array(given[1]).tolist()
    importer.put(node, importer.node("Transpose", [importer.value(given[0])], perm=order))


def _pad(importer: _Importer, node: Node, given: list[str]) -> None:
    sides = importer.array(given[1]).astype(np.int64)
    inputs = [importer.value(given[0]), importer.constant(sides.T.reshape(-1))]
    if len(given) > 2:
        inputs.append(importer.value(given[2]))
    importer.put(node, importer.node("Pad", inputs))


def _channels_first(importer: _Importer, value: str) -> str:
    return importer.node("Transpose", [value], perm=[0, 3, 1, 2])


def _channels_last(importer: _Importer, value: str) -> str:
    return importer.node("Transpose", [value], perm=[0, 2, 3, 1])


def _spatial(node: Node) -> dict[str, Any]:
    padding = {"VALID": "VALID", "SAME": "SAME_UPPER"}[_of(node, "padding")]
    return {"strides": _of(node, "strides")[1:3], "auto_pad": padding}


def _convolution(importer: _Importer, node: Node, given: list[str]) -> None:
    weights = importer.array(given[1]).transpose(3, 2, 0, 1)
    dilations = _of(node, "dilations")[1:3]
    inputs = [_channels_first(importer, importer.value(given[0])), importer.constant(np.ascontiguousarray(weights))]
    importer.put(node, _channels_last(importer, importer.node("Conv", inputs, dilations=dilations, **_spatial(node))))


def _depthwise(importer: _Importer, node: Node, given: list[str]) -> None:
    high, wide, channels, each = importer.array(given[1]).shape
    weights = importer.array(given[1]).transpose(2, 3, 0, 1).reshape(channels * each, 1, high, wide)
    inputs = [_channels_first(importer, importer.value(given[0])), importer.constant(np.ascontiguousarray(weights))]
    importer.put(node, _channels_last(importer, importer.node("Conv", inputs, group=channels, **_spatial(node))))


def _pool(importer: _Importer, node: Node, given: list[str]) -> None:
    inputs = [_channels_first(importer, importer.value(given[0]))]
    kernel = _of(node, "ksize")[1:3]
    importer.put(
        node, _channels_last(importer, importer.node("MaxPool", inputs, kernel_shape=kernel, **_spatial(node)))
    )


def _concat(importer: _Importer, node: Node, given: list[str]) -> None:
    axis = int(importer.array(given[-1]))
    importer.put(node, importer.node("Concat", [importer.value(name) for name in given[:-1]], axis=axis))


def _resize(importer: _Importer, node: Node, given: list[str]) -> None:
    if not _of(node, "half_pixel_centers") or _of(node, "align_corners"):
        raise MalformedGraph(f"{node['name']}: only half-pixel centres are known")
    high, wide = importer.array(given[1]).tolist()
    value = _channels_first(importer, importer.value(given[0]))
    shape = importer.node("Shape", [value], end=2)
    sizes = importer.node("Concat", [shape, importer.constant(np.array([high, wide], np.int64))], axis=0)
    made = importer.node("Resize", [value, "", "", sizes], mode="linear", coordinate_transformation_mode="half_pixel")
    importer.put(node, _channels_last(importer, made))


def _split(importer: _Importer, node: Node, given: list[str]) -> None:
    sizes, axis = importer.array(given[1]).astype(np.int64), int(importer.array(given[2]))
    names = [f"{node['name']}/{index}" for index in range(len(sizes))]
    inputs = [importer.value(given[0]), importer.constant(sizes)]
    for index, value in enumerate(importer.nodes("Split", inputs, names, axis=axis)):
        importer.put(node, value, index)


def _reshape(importer: _Importer, node: Node, given: list[str]) -> None:
    shape = importer.constant(importer.array(given[1]).astype(np.int64))
    importer.put(node, importer.node("Reshape", [importer.value(given[0]), shape]))


def _leaky(importer: _Importer, node: Node, given: list[str]) -> None:
    importer.put(node, importer.node("LeakyRelu", [importer.value(given[0])], alpha=_of(node, "alpha")))


def _sparse(importer: _Importer, node: Node, given: list[str]) -> None:
    """Of constants alone: how the converter writes paddings."""
    places, shape, values, default = (importer.array(name) for name in given)
    out = np.full(shape.tolist(), default, values.dtype)
    for place, value in zip(np.atleast_2d(places), np.broadcast_to(values, len(places)), strict=True):
        out[tuple(place)] = value
    importer.keep(node["name"], out)


def _add(importer: _Importer, node: Node, given: list[str]) -> None:
    if importer.are_constant(given):
        importer.keep(node["name"], importer.array(given[0]) + importer.array(given[1]))
    else:
        _same("Add")(importer, node, given)


_OPERATIONS: dict[str, Callable[[_Importer, Node, list[str]], None]] = {
    "Add": _add,
    "AddV2": _add,
    "ConcatV2": _concat,
    "Conv2D": _convolution,
    "DepthwiseConv2dNative": _depthwise,
    "Identity": _same("Identity"),
    "LeakyRelu": _leaky,
    "MaxPool": _pool,
    "Mul": _same("Mul"),
    "Pad": _pad,
    "PadV2": _pad,
    "Relu": _same("Relu"),
    "Reshape": _reshape,
    "ResizeBilinear": _resize,
    "Sigmoid": _same("Sigmoid"),
    "SparseToDense": _sparse,
    "SplitV": _split,
    "Transpose": _transpose,
}
