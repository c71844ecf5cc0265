"""Moves powers of two between a linear map's inputs and its weights: exact, and free at run time.

A map W x is also (W S)(S⁻¹ x). Where S⁻¹ can be folded into what makes x (a norm's weights, the
rows of the map before), the model computes the same; but int8 activations, which share one range
for all inputs of a token, suffer less when no block of inputs dwarfs the others. This is
SmoothQuant's idea (https://arxiv.org/abs/2211.10438) under two conditions that keep shards exact:
S is constant over a block of 32 inputs, so that it goes into the block's scale and minimum, and a
power of two, so that float16 doesn't round. The exact variants stay exact.

Exponents are chosen once (``calibration``) and kept as data beside the recipe: a search over
floating-point sums may end differently on another processor, and shards have to be the same.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model_foundry.errors import UnknownRecipe
from model_foundry.model.description import Layer, Linear, ModelDescription
from model_foundry.model.weights import BLOCK, Exponents, Float32
from orion_py.faults import reason

LIMIT = 8
"""Exponents lie between -8 and 8."""

Blocks = tuple[Annotated[int, Field(ge=-LIMIT, le=LIMIT)], ...]


class LayerExponents(BaseModel):
    """One exponent a block of inputs: of ``qkv``, of gate and up (``mlp``), and of ``down``."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    qkv: Blocks
    mlp: Blocks
    down: Blocks


class Equalization(BaseModel):
    """Weights of block b are multiplied by 2**e[b], its inputs divided by that."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    layers: tuple[LayerExponents, ...]
    head: Blocks


def load_equalization(path: Path) -> Equalization:
    """Raises UnknownRecipe."""
    try:
        return Equalization.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UnknownRecipe(f"{path.name} isn't an equalization: {reason(error)}") from error


def equalized(model: ModelDescription, equalization: Equalization) -> ModelDescription:
    """The same function with other weights. Raises InexactScale, or UnknownRecipe for another shape."""
    try:
        return _equalized(model, equalization)
    except ValueError as error:
        raise UnknownRecipe(f"the equalization is for a model of another shape: {error}") from error


def _equalized(model: ModelDescription, equalization: Equalization) -> ModelDescription:
    head = _exponents(equalization.head)
    undo = _spread(-head)
    tied = model.head is None
    return replace(
        model,
        layers=tuple(_layer(layer, chosen) for layer, chosen in zip(model.layers, equalization.layers, strict=True)),
        final_norm=model.final_norm * undo,
        head=None if model.head is None else model.head.scaled(head),
        embedding=model.embedding.scaled(head) if tied else model.embedding,
        embedding_scale=_product(undo, model.embedding_scale) if tied else model.embedding_scale,
    )


def _layer(layer: Layer, chosen: LayerExponents) -> Layer:
    qkv, mlp, down = _exponents(chosen.qkv), _exponents(chosen.mlp), _exponents(chosen.down)
    return replace(
        layer,
        attention_norm=layer.attention_norm * _spread(-qkv),
        qkv=_columns(layer.qkv, qkv),
        mlp_norm=layer.mlp_norm * _spread(-mlp),
        gate=_columns(layer.gate, mlp),
        # What up gives is multiplied with the gate and goes into down: its rows are down's inputs.
        up=_rows(_columns(layer.up, mlp), -down),
        down=_columns(layer.down, down),
    )


def _product(undo: Float32, scale: Float32 | None) -> Float32:
    """What multiplies a looked-up row: the model's own scale, where it has one, beside ``undo``."""
    return undo if scale is None else undo * scale


def _columns(linear: Linear, exponents: Exponents) -> Linear:
    """The map with its blocks of inputs scaled."""
    return replace(linear, weight=linear.weight.scaled(exponents))


def _rows(linear: Linear, exponents: Exponents) -> Linear:
    """The map with its outputs scaled, one exponent for 32 of them."""
    bias = None if linear.bias is None else linear.bias * _spread(exponents)
    return Linear(linear.weight.scaled(np.repeat(exponents.reshape(-1, 1), BLOCK, axis=0)), bias)


def _exponents(blocks: Blocks) -> Exponents:
    return np.array(blocks, np.int32).reshape(1, -1)


def _spread(exponents: Exponents) -> Float32:
    """Powers of two, one for each of the blocks' 32 values."""
    powers: Float32 = np.ldexp(np.float32(1), np.repeat(exponents.reshape(-1), BLOCK)).astype(np.float32)
    return powers
