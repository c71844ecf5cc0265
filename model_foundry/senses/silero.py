"""Builds Silero VAD's graph over many frames at once, from the weights of its published graph.

The published ONNX file (https://github.com/snakers4/silero-vad, version 5) takes one frame a run: 337,500 runs for
three hours. All but its LSTM is the same for each frame, so here frames are a batch, and the LSTM goes over them in
order. The layers, at 16 kHz: reflection at the end, a short-time Fourier transform as a convolution, four convolutions,
an LSTM of 128, and one more convolution.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from model_foundry.errors import MalformedGraph
from model_foundry.graphs.builder import GraphBuilder
from orion_py.senses.hearing.voice import CONTEXT, FRAME, STATE

Weights = Mapping[str, NDArray[np.float32]]

_MOST_BYTES = 50_000_000
_REFLECTED, _HOP = 64, 128
_STRIDES = (1, 2, 2, 1)
"""Of the encoder's convolutions."""
_BASIS = "stft.forward_basis_buffer"
_BASIS_16_KHZ = (258, 1, 256)
"""Cosines and sines of 129 frequencies; the branch for 8 kHz has half of them."""
_NEEDED = {
    _BASIS,
    *(f"encoder.{index}.reparam_conv.{part}" for index in range(4) for part in ("weight", "bias")),
    *(f"decoder.rnn.{part}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")),
    *(f"decoder.decoder.2.{part}" for part in ("weight", "bias")),
}


def read_silero(path: Path) -> dict[str, NDArray[np.float32]]:
    """The weights for 16 kHz, by their makers' names. Raises MalformedGraph."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is larger than {_MOST_BYTES} bytes")
        graph = onnx.load_model(path, load_external_data=False).graph
        tensors = dict(_tensors(graph))
    except Exception as error:  # protobuf's own, whose base isn't public
        raise MalformedGraph(f"{path.name} isn't Silero's graph: {error}") from error
    prefixes = [name.removesuffix(_BASIS) for name, value in tensors.items() if value.shape == _BASIS_16_KHZ]
    for prefix in prefixes:
        found = {name: tensors[prefix + name].astype(np.float32) for name in _NEEDED if prefix + name in tensors}
        if found.keys() == _NEEDED:
            return found
    raise MalformedGraph(f"{path.name} isn't Silero's graph of version 5: it lacks its weights for 16 kHz")


def _tensors(graph: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    """Initializers and constants, those in branches included."""
    for initializer in graph.initializer:
        yield initializer.name, numpy_helper.to_array(initializer)
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                yield node.output[0], numpy_helper.to_array(attribute.t)
            if attribute.HasField("g"):
                yield from _tensors(attribute.g)


def vad_graph(weights: Weights) -> bytes:
    """ONNX: ``frames`` F32 [n, 64 + 512], each with the 64 samples before it, and ``state`` F32 [2, 1, 128] in;
    ``speech`` F32 [n], the probability in each, and ``new_state`` out. Raises MalformedGraph."""
    try:
        return _graph(weights)
    except (KeyError, ValueError) as error:
        raise MalformedGraph(f"the weights aren't Silero's: {error}") from error


def _graph(weights: Weights) -> bytes:
    graph = GraphBuilder()

    def constant(name: str) -> str:
        return graph.constant(name, weights[name])

    frames = graph.input("frames", TensorProto.FLOAT, ["n", CONTEXT + FRAME])
    state = graph.input("state", TensorProto.FLOAT, list(STATE))
    x = graph.node("Unsqueeze", [frames, graph.integers(1)])
    x = graph.node("Pad", [x, graph.integers(0, 0, 0, 0, 0, _REFLECTED)], mode="reflect")
    x = graph.node("Conv", [x, constant(_BASIS)], kernel_shape=[_BASIS_16_KHZ[2]], strides=[_HOP])
    real, imaginary = graph.node_with_outputs("Split", [x], ["stft.real", "stft.imaginary"], axis=1, num_outputs=2)
    squares = [graph.node("Mul", [part, part]) for part in (real, imaginary)]
    x = graph.node("Sqrt", [graph.node("Add", squares)])
    for index, stride in enumerate(_STRIDES):
        inputs = [x, *(constant(f"encoder.{index}.reparam_conv.{part}") for part in ("weight", "bias"))]
        x = graph.node("Relu", [graph.node("Conv", inputs, kernel_shape=[3], pads=[1, 1], strides=[stride])])
    x = graph.node("Transpose", [x], perm=[0, 2, 1])  # [n, 1, 128]: steps, batch, features
    states = graph.node_with_outputs("Split", [state], ["hidden.0", "cell.0"], axis=0, num_outputs=2)
    outputs = graph.node_with_outputs(
        "LSTM", [x, *_lstm(graph, weights), "", *states], ["ys", "h", "c"], hidden_size=STATE[2]
    )
    graph.node("Concat", outputs[1:], "new_state", axis=0)
    x = graph.node("Reshape", [outputs[0], graph.integers(0, STATE[2], 1)])  # [n, 1, 1, 128] as [n, 128, 1]
    last = [graph.node("Relu", [x]), *(constant(f"decoder.decoder.2.{part}") for part in ("weight", "bias"))]
    chances = graph.node("Sigmoid", [graph.node("Conv", last, kernel_shape=[1])])
    graph.node("Reshape", [chances, graph.integers(-1)], "speech")
    graph.output("speech", TensorProto.FLOAT, ["n"])
    graph.output("new_state", TensorProto.FLOAT, list(STATE))
    return graph.serialized("silero vad")


def _lstm(graph: GraphBuilder, weights: Weights) -> list[str]:
    """The weights in ONNX's order of gates (input, output, forget, cell); PyTorch has input, forget, cell, output."""

    def ordered(name: str) -> NDArray[np.float32]:
        gates = np.split(weights[f"decoder.rnn.{name}"], 4)
        return np.concatenate([gates[0], gates[3], gates[1], gates[2]])

    biases = np.concatenate([ordered("bias_ih"), ordered("bias_hh")])[None]
    matrices = [graph.constant(f"lstm.{name}", ordered(name)[None]) for name in ("weight_ih", "weight_hh")]
    return [*matrices, graph.constant("lstm.bias", biases)]
