"""Rewrites convolutions of integers along one axis as convolutions along two, the first of length 1.

onnxruntime unrolls the input of ``ConvInteger`` before it multiplies. For two axes it has a loop of its own; for one it
takes the general one, which looks up the place of each number by itself. In Kokoro, whose time goes into such
convolutions, that was over 40 % of all work in WebAssembly. What is computed stays the same, bit by bit.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

_AXIS = "first-axis"
_FIRST = 2
"""The axis that is put in: behind the batch and the channels."""


def flattened(model: onnx.ModelProto) -> int:
    """Rewrites, in place, each ``ConvInteger`` along one axis whose weights are in the graph and serve convolutions
    alone; returns how many it were."""
    graph = model.graph
    others = {name for node in graph.node if node.op_type != "ConvInteger" for name in node.input}
    weights = {
        tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 3 and tensor.name not in others
    }
    nodes: list[onnx.NodeProto] = []
    used: set[str] = set()
    for node in graph.node:
        if node.op_type == "ConvInteger" and node.input[1] in weights:
            used.add(node.input[1])
            nodes += _along_two(node)
        else:
            nodes.append(onnx.NodeProto.FromString(node.SerializeToString()))  # the list is emptied below
    for name in used:
        weights[name].dims.insert(_FIRST, 1)
    count = sum(node.op_type == "ConvInteger" and node.input[1] in used for node in nodes)
    if count:
        graph.initializer.append(numpy_helper.from_array(np.array([_FIRST], np.int64), _AXIS))
        del graph.node[:]
        graph.node.extend(nodes)
    return count


def _along_two(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    for name in ("dilations", "kernel_shape", "strides"):
        if name in attributes:
            attributes[name] = [1, *attributes[name]]
    if "pads" in attributes:
        before, after = attributes["pads"]
        attributes["pads"] = [0, before, 0, after]
    given, made = f"{node.output[0]}.given", f"{node.output[0]}.made"
    return [
        helper.make_node("Unsqueeze", [node.input[0], _AXIS], [given]),
        helper.make_node("ConvInteger", [given, *node.input[1:]], [made], name=node.name, **attributes),
        helper.make_node("Squeeze", [made, _AXIS], [node.output[0]]),
    ]
