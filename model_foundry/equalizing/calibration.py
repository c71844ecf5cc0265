"""Chooses the exponents of an equalization from what goes through the model on a text.

For one map, with token t's inputs quantized in 255 steps over their range and row i of W in 127
steps up to its largest weight, the squared error to expect, relative to the output's, is

    mean over t of  [ range_t² / (12 · 255²) · Σ W²  +  Σ_i (max_j |W_ij|)² / (12 · 127²) · |x_t|² ] / |W x_t|²

(a rounding error is uniform over its step). The first token counts for more than its share: all
later ones attend to it, and it carries activations a hundred times larger than theirs. All of
these are cheap functions of the exponents once ranges, energies and maxima are known per block, so
that a greedy search over one block at a time looks at all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_foundry.equalizing.equalization import LIMIT, Equalization, LayerExponents
from model_foundry.model.description import ModelDescription
from model_foundry.model.weights import BLOCK, Float32
from model_foundry.progress import Progress
from model_foundry.reference.llama import ReferenceModel
from orion_py.native.tokenizer import NativeTokenizer

TEXT = Path(__file__).parent / "calibration.txt"
"""Written for this purpose, and not what ``foundry validate`` measures on."""
FIRST_TOKEN = 0.1
"""The first token's share in the mean."""
WORTHWHILE = 0.999
"""A step is taken if it leaves less than this share of the error."""

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class BlockStatistics:
    """What one map's error depends on; t tokens, n outputs, b blocks of inputs."""

    highest: Doubles
    """[t, b], at least 0, since a range always contains 0."""
    lowest: Doubles
    """[t, b], at most 0."""
    input_energy: Doubles
    """[b]: the mean over tokens of a block's sum of squares over |W x|²."""
    token_weight: Doubles
    """[t]: a token's share in the mean over |W x|²."""
    weight_energy: Doubles
    """[b]: sum of squares of a block's weights."""
    weight_maximum: Doubles
    """[n, b]: largest magnitude in a row's block."""

    @classmethod
    def of(cls, inputs: Float32, weight: Float32) -> BlockStatistics:
        """From inputs [t, k] and a weight [n, k]."""
        tokens, k = inputs.shape
        outputs = np.square((inputs @ weight.T).astype(np.float64)).sum(axis=1)
        shares = np.full(tokens, (1 - FIRST_TOKEN) / max(tokens - 1, 1))
        shares[0] = FIRST_TOKEN
        weights = shares / np.maximum(outputs, outputs.max() * 1e-12)
        blocks = inputs.astype(np.float64).reshape(tokens, k // BLOCK, BLOCK)
        rows = np.abs(weight).reshape(len(weight), k // BLOCK, BLOCK)
        return cls(
            highest=np.maximum(blocks.max(axis=2), 0),
            lowest=np.minimum(blocks.min(axis=2), 0),
            input_energy=(np.square(blocks).sum(axis=2) * weights[:, None]).sum(axis=0),
            token_weight=weights,
            weight_energy=np.square(rows.astype(np.float64)).sum(axis=(0, 2)),
            weight_maximum=rows.max(axis=2).astype(np.float64),
        )

    def error(self, exponents: NDArray[np.int32]) -> float:
        """The expected relative error with these exponents [b]."""
        power = np.exp2(exponents.astype(np.float64))
        extent = (self.highest / power).max(axis=1) - (self.lowest / power).min(axis=1)
        of_inputs = np.sum(np.square(extent) * self.token_weight) / 255**2 * (self.weight_energy * power**2).sum()
        largest = np.square((self.weight_maximum * power).max(axis=1)).sum()
        of_weights = largest / 127**2 * (self.input_energy / power**2).sum()
        return float(of_inputs + of_weights) / 12


def choose(statistics: BlockStatistics) -> tuple[int, ...]:
    """Exponents [b] that no step of one block improves any more."""
    exponents = np.zeros(len(statistics.weight_energy), np.int32)
    error = statistics.error(exponents)
    improved = True
    while improved:
        improved = False
        for block in range(len(exponents)):
            for step in (1, -1):
                tried = exponents.copy()
                tried[block] += step
                if abs(int(tried[block])) <= LIMIT and (found := statistics.error(tried)) < error * WORTHWHILE:
                    exponents, error, improved = tried, found, True
    return tuple(int(exponent) for exponent in exponents)


def calibrate(model: ModelDescription, text: str, progress: Progress) -> Equalization:
    """The equalization of ``model`` for inputs like ``text``."""
    inputs: dict[tuple[str, int], Float32] = {}

    def keep(kind: str, layer: int, values: Float32) -> None:
        inputs[kind, layer] = values

    tokens = NativeTokenizer(model.tokenizer.shard_bytes()).encode(text)
    ReferenceModel(model, keep).forward(tokens)
    layers = []
    for index, layer in enumerate(model.layers):
        progress("choosing exponents", index, len(model.layers) + 1)
        gate_up = np.concatenate([layer.gate.weight.dequantized(), layer.up.weight.dequantized()])
        layers.append(
            LayerExponents(
                qkv=choose(BlockStatistics.of(inputs["qkv", index], layer.qkv.weight.dequantized())),
                mlp=choose(BlockStatistics.of(inputs["mlp", index], gate_up)),
                down=choose(BlockStatistics.of(inputs["down", index], layer.down.weight.dequantized())),
            )
        )
    head = (model.embedding if model.head is None else model.head).dequantized()
    equalization = Equalization(layers=tuple(layers), head=choose(BlockStatistics.of(inputs["head", 0], head)))
    progress("choosing exponents", len(model.layers) + 1, len(model.layers) + 1)
    return equalization
