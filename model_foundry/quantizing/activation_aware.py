"""Scales weights by their activations (AWQ, https://arxiv.org/abs/2306.00978): more precision where inputs are large.

W x is also (W S)(S⁻¹ x) with one factor s > 0 for each input. Inputs that are large on average get
s > 1: their weights take more of a block's range, so that rounding hurts them less. S⁻¹ costs
nothing where it can be folded into what makes x: the norm before query, key, value, gate and up,
and the rows of up before down. Not into attention's values: several query heads share one of
these. s is the mean magnitude of an input to a power between 0 and 1, sought for each group of
maps that share their inputs; 0, which changes nothing, is among the powers tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from model_foundry.model.description import Layer, Linear, ModelDescription
from model_foundry.model.weights import Dense, Float32, Matrix
from model_foundry.quantizing.activations import Activations
from model_foundry.sharding.stored import linear_names

POWERS = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75)
TOKENS = 128
"""Of the calibration text, evenly spread, on which powers are compared."""

Quantize = Callable[[str, Float32], Matrix]
"""The stored name of a map and its weight to what it would be stored as."""
Kept = Callable[[str, Matrix], bool]
"""Whether a map is stored as it is, or as floats: then its group isn't scaled."""


def scaled_for_inputs(
    model: ModelDescription,
    activations: Activations,
    quantize: Quantize,
    kept: Kept,
    progress: Callable[[str, int, int], None],
) -> tuple[ModelDescription, dict[str, Float32]]:
    """The same function with dense weights that round better, and by stored name the factors used.

    A group of maps that no power improves keeps its weights, in the form they had.
    """
    layers: list[Layer] = []
    factors: dict[str, Float32] = {}
    for index, layer in enumerate(model.layers):
        progress("scaling for activations", index, len(model.layers))
        scaling = _LayerScaling(layer, linear_names(index), activations, quantize, kept)
        layers.append(scaling.run())
        factors |= scaling.factors
    progress("scaling for activations", len(model.layers), len(model.layers))
    return replace(model, layers=tuple(layers)), factors


class _LayerScaling:
    def __init__(
        self, layer: Layer, names: dict[str, str], activations: Activations, quantize: Quantize, kept: Kept
    ) -> None:
        self._layer, self._names, self._activations = layer, names, activations
        self._quantize, self._kept = quantize, kept
        self.factors: dict[str, Float32] = {}

    def run(self) -> Layer:
        layer = self._layer
        qkv, mlp = self._factor("qkv"), self._factor("gate", "up")
        # What up gives is multiplied with the gate and goes into down: its rows are down's inputs.
        down = None if self._fixed("up") else self._factor("down")
        if qkv is not None:
            layer = replace(layer, attention_norm=layer.attention_norm / qkv, qkv=_columns(layer.qkv, qkv))
        if mlp is not None:
            gate, up = _columns(layer.gate, mlp), _columns(layer.up, mlp)
            layer = replace(layer, mlp_norm=layer.mlp_norm / mlp, gate=gate, up=up)
        if down is not None:
            layer = replace(layer, up=_rows(layer.up, np.reciprocal(down)), down=_columns(layer.down, down))
        return layer

    def _fixed(self, field: str) -> bool:
        return self._kept(self._names[field], getattr(self._layer, field).weight)

    def _factor(self, *fields: str) -> Float32 | None:
        """What to scale these maps' shared inputs by, if that helps."""
        if any(self._fixed(field) for field in fields):
            return None
        maps = {self._names[field]: getattr(self._layer, field).weight.dequantized() for field in fields}
        factor = choose_factor(maps, self._activations.inputs[self._names[fields[0]]], self._quantize)
        if factor is not None:
            self.factors |= dict.fromkeys(maps, factor)
        return factor


def choose_factor(maps: dict[str, Float32], inputs: Float32, quantize: Quantize) -> Float32 | None:
    """Factors F32 [k] for maps [n, k] that share ``inputs`` [t, k]; None where 1 is best."""
    sample = inputs[np.linspace(0, len(inputs) - 1, min(TOKENS, len(inputs))).astype(int)]
    magnitude = np.maximum(np.abs(inputs).mean(axis=0), 1e-6)
    best, least = None, np.inf
    for power in POWERS:
        factor = (magnitude**power).astype(np.float32)
        factor /= np.sqrt(factor.max() * factor.min())
        error = sum(_error(name, weight, factor, sample, quantize) for name, weight in maps.items())
        if error < least:
            best, least = (factor if power else None), error
    return best


def _error(name: str, weight: Float32, factor: Float32, sample: Float32, quantize: Quantize) -> float:
    """Of W x, relative to it: the squared error that rounding W S leaves."""
    missed = quantize(name, weight * factor).dequantized() / factor - weight
    return float(np.square(sample @ missed.T).sum() / max(float(np.square(sample @ weight.T).sum()), 1e-30))


def _columns(linear: Linear, factor: Float32) -> Linear:
    return replace(linear, weight=Dense(linear.weight.dequantized() * factor))


def _rows(linear: Linear, factor: Float32) -> Linear:
    bias = None if linear.bias is None else linear.bias * factor
    return Linear(Dense(linear.weight.dequantized() * factor[:, None]), bias)
