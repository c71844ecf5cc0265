"""Convolutions of integers along one axis become such along two, and compute the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from model_foundry.senses.flat_convolutions import flattened

CHANCE = np.random.default_rng(5)
GIVEN = CHANCE.integers(0, 255, (1, 4, 40)).astype(np.uint8)
WIDE = {"kernel_shape": [5], "dilations": [3], "pads": [6, 6], "strides": [1]}


def model(*convolutions: dict[str, Any], weights: list[str] | None = None, more: list[Any] | None = None) -> Any:
    """``x`` U8 [1, 4, n] through each convolution by itself, to ``y0``, ``y1``, …"""
    names = weights or [f"w{number}" for number in range(len(convolutions))]
    fixed: dict[str, Any] = {
        name: CHANCE.integers(0, 255, (3, 4, (how.get("kernel_shape") or [5])[0])).astype(np.uint8)
        for name, how in zip(names, convolutions, strict=True)
    }
    fixed["zero"] = np.array(121, np.uint8)
    nodes = [
        helper.make_node("ConvInteger", ["x", name, "from", "zero"], [f"y{number}"], name=f"conv{number}", **how)
        for number, (name, how) in enumerate(zip(names, convolutions, strict=True))
    ]
    value = helper.make_tensor_value_info
    inputs = [value("x", TensorProto.UINT8, [1, 4, "n"]), value("from", TensorProto.UINT8, [])]
    outputs = [value(f"y{number}", TensorProto.INT32, [1, 3, "m"]) for number in range(len(convolutions))]
    initializers = [numpy_helper.from_array(array, name) for name, array in fixed.items()]
    graph = helper.make_graph([*(more or []), *nodes], "convolutions", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def computed(made: onnx.ModelProto) -> list[Any]:
    session = ort.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(None, {"x": GIVEN, "from": np.array(97, np.uint8)}))


@pytest.mark.parametrize("how", [WIDE, {"strides": [2], "pads": [1, 0]}, {}, {"auto_pad": "SAME_UPPER"}])
def test_the_numbers_are_the_same(how: dict[str, Any]) -> None:
    made = model(how)
    before = computed(made)
    assert flattened(made) == 1
    onnx.checker.check_model(made)
    after = computed(made)
    assert before[0].shape == after[0].shape
    assert (before[0] == after[0]).all()


def test_weights_that_two_share_are_reshaped_once() -> None:
    made = model(WIDE, WIDE, weights=["w", "w"])
    assert flattened(made) == 2
    assert [list(tensor.dims) for tensor in made.graph.initializer if tensor.name == "w"] == [[3, 4, 1, 5]]
    assert flattened(made) == 0, "it is along two already"


def test_weights_that_something_else_reads_stay_and_so_does_their_convolution() -> None:
    made = model(WIDE, more=[helper.make_node("Shape", ["w0"], ["size"])])
    assert flattened(made) == 0
    assert [node.op_type for node in made.graph.node] == ["Shape", "ConvInteger"]
