"""A voice detector with Silero's layers and random numbers: as its makers' kind of file, and computed by definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper, save

Floats = NDArray[np.float32]


def weights(seed: int = 0, taps: int = 256) -> dict[str, Floats]:
    random = np.random.default_rng(seed)

    def floats(*shape: int) -> Floats:
        return (random.standard_normal(shape) * 0.1).astype(np.float32)

    made = {"stft.forward_basis_buffer": floats(taps + 2, 1, taps)}
    for index, (out, inputs) in enumerate([(128, taps // 2 + 1), (64, 128), (64, 64), (128, 64)]):
        made[f"encoder.{index}.reparam_conv.weight"] = floats(out, inputs, 3)
        made[f"encoder.{index}.reparam_conv.bias"] = floats(out)
    for name, shape in (("weight_ih", (512, 128)), ("weight_hh", (512, 128)), ("bias_ih", (512,)), ("bias_hh", (512,))):
        made[f"decoder.rnn.{name}"] = floats(*shape)
    made["decoder.decoder.2.weight"], made["decoder.decoder.2.bias"] = floats(1, 128, 1) * 10, floats(1)
    return made


def written(path: Path, sixteen: dict[str, Floats], eight: dict[str, Floats]) -> Path:
    """As its makers publish it: a branch for each rate, with its weights as constants in it."""

    def branch(prefix: str, made: dict[str, Floats]) -> object:
        nodes = [
            helper.make_node("Constant", [], [prefix + name], value=numpy_helper.from_array(value))
            for name, value in made.items()
        ]
        nodes.append(helper.make_node("Identity", ["x"], [prefix + "out"]))
        return helper.make_graph(nodes, prefix, [], [helper.make_tensor_value_info(prefix + "out", 1, [1])])

    chosen = helper.make_node(
        "If", ["rate"], ["y"], then_branch=branch("then.", sixteen), else_branch=branch("else.", eight)
    )
    inputs = [helper.make_tensor_value_info("rate", TensorProto.BOOL, []), helper.make_tensor_value_info("x", 1, [1])]
    save(
        helper.make_model(helper.make_graph([chosen], "vad", inputs, [helper.make_tensor_value_info("y", 1, [1])])),
        path,
    )
    return path


def probability(w: dict[str, Floats], frame: Floats, hidden: Floats, cell: Floats) -> tuple[float, Floats, Floats]:
    """Of one frame of 576 samples, and the state after it."""
    padded = np.concatenate([frame, frame[-2:-66:-1]])
    cut = np.stack([padded[start : start + 256] for start in range(0, 640 - 255, 128)])
    lines = cut @ w["stft.forward_basis_buffer"][:, 0].T
    x = np.sqrt(lines[:, :129] ** 2 + lines[:, 129:] ** 2).T
    for index, stride in enumerate((1, 2, 2, 1)):
        wide = np.pad(x, ((0, 0), (1, 1)))
        around = np.stack([wide[:, start : start + 3] for start in range(0, x.shape[1], stride)])
        name = f"encoder.{index}.reparam_conv"
        x = np.maximum(0, np.einsum("nik,oik->on", around, w[f"{name}.weight"]) + w[f"{name}.bias"][:, None])
    mixed = w["decoder.rnn.weight_ih"] @ x[:, 0] + w["decoder.rnn.bias_ih"]
    mixed = mixed + w["decoder.rnn.weight_hh"] @ hidden + w["decoder.rnn.bias_hh"]
    entry, forget, new, out = np.split(mixed, 4)
    cell = _sigmoid(forget) * cell + _sigmoid(entry) * np.tanh(new)
    hidden = _sigmoid(out) * np.tanh(cell)
    last = w["decoder.decoder.2.weight"][0, :, 0] @ np.maximum(0, hidden) + w["decoder.decoder.2.bias"][0]
    return float(_sigmoid(last)), hidden, cell


def _sigmoid(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))
