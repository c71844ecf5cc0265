"""EfficientNet's graph against its definition, on a tiny net of random weights."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest

from model_foundry.errors import MalformedGraph
from model_foundry.senses.efficientnet import EPSILON, efficientnet_graph

SIDE, STAGES = 8, ((1, 1), (2, 2))
Weights = dict[str, np.ndarray]


def weights() -> Weights:
    """A stem of 4 channels, three blocks and a head of 6, for 5 kinds."""
    chance, out = np.random.default_rng(0), {}

    def convolution(name: str, norm: str, channels: int, taken: int, size: int) -> None:
        out[f"{name}.weight"] = chance.normal(0, 0.5, (channels, taken, size, size)).astype(np.float32)
        out[f"{norm}.weight"] = chance.uniform(0.5, 1.5, channels).astype(np.float32)
        out[f"{norm}.bias"] = chance.normal(0, 0.2, channels).astype(np.float32)
        out[f"{norm}.running_mean"] = chance.normal(0, 0.2, channels).astype(np.float32)
        out[f"{norm}.running_var"] = chance.uniform(0.5, 1.5, channels).astype(np.float32)

    convolution("_conv_stem", "_bn0", 4, 3, 3)
    for index, (taken, inner, given, size) in enumerate([(4, 4, 4, 3), (4, 8, 6, 5), (6, 12, 6, 3)]):
        name = f"_blocks.{index}."
        if inner != taken:
            convolution(f"{name}_expand_conv", f"{name}_bn0", inner, taken, 1)
        convolution(f"{name}_depthwise_conv", f"{name}_bn1", inner, 1, size)
        convolution(f"{name}_project_conv", f"{name}_bn2", given, inner, 1)
    convolution("_conv_head", "_bn1", 6, 6, 1)
    out["_fc.weight"], out["_fc.bias"] = chance.normal(size=(5, 6)).astype(np.float32), np.zeros(5, np.float32)
    return out


class Defined:
    """The net as its definition says, with the normalizations left apart."""

    def __init__(self, given: Weights) -> None:
        self.w = given

    def convolved(self, x: np.ndarray, name: str, norm: str, stride: int, depthwise: bool = False) -> np.ndarray:
        kernel, side = self.w[f"{name}.weight"], x.shape[1]
        size = kernel.shape[2]
        made = -(-side // stride)
        pad = max((made - 1) * stride + size - side, 0)
        x = np.pad(x, ((0, 0), *[(pad // 2, pad - pad // 2)] * 2))
        out = np.zeros((len(kernel), made, made))
        for row in range(made):
            for column in range(made):
                window = x[:, row * stride : row * stride + size, column * stride : column * stride + size]
                product = kernel[:, 0] * window if depthwise else (kernel * window).sum(axis=1)
                out[:, row, column] = product.sum(axis=(1, 2))
        mean, variance, scale, shift = (
            self.w[f"{norm}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (out - mean) / np.sqrt(variance + EPSILON) * scale + shift

    def chances(self, x: np.ndarray) -> np.ndarray:
        x = np.clip(self.convolved(x, "_conv_stem", "_bn0", 2), 0, 6)
        for index, (stride, adds) in enumerate([(1, True), (2, False), (1, True)]):
            name, inner = f"_blocks.{index}.", x
            if f"{name}_expand_conv.weight" in self.w:
                inner = np.clip(self.convolved(inner, f"{name}_expand_conv", f"{name}_bn0", 1), 0, 6)
            inner = np.clip(self.convolved(inner, f"{name}_depthwise_conv", f"{name}_bn1", stride, True), 0, 6)
            inner = self.convolved(inner, f"{name}_project_conv", f"{name}_bn2", 1)
            x = inner + x if adds else inner
        x = np.clip(self.convolved(x, "_conv_head", "_bn1", 1), 0, 6).mean(axis=(1, 2))
        scores = np.exp(self.w["_fc.weight"] @ x + self.w["_fc.bias"])
        return np.asarray(scores / scores.sum())


def test_the_graph_computes_what_the_definition_says() -> None:
    made = weights()
    session = ort.InferenceSession(efficientnet_graph(made, SIDE, STAGES), providers=["CPUExecutionProvider"])
    picture = np.random.default_rng(5).normal(size=(1, 3, SIDE, SIDE)).astype(np.float32)
    (found,) = session.run(["chances"], {"picture": picture})
    assert found.shape == (1, 5)
    assert np.allclose(found[0], Defined(made).chances(picture[0]), atol=1e-5)


@pytest.mark.parametrize("lost", ["_conv_stem.weight", "_blocks.2._bn2.bias", "_fc.bias"])
def test_weights_that_lack_a_part_are_refused(lost: str) -> None:
    made = weights()
    del made[lost]
    with pytest.raises(MalformedGraph, match="EfficientNet"):
        efficientnet_graph(made, SIDE, STAGES)
