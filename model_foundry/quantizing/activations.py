"""Collects the inputs of each linear map on a calibration text: they say which weights matter.

Every token counts alike, whatever its norm: the first one carries activations a hundred times
larger than the others', and would otherwise speak for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_foundry.model.description import ModelDescription
from model_foundry.model.weights import Float32
from model_foundry.reference.llama import ReferenceModel
from model_foundry.sharding.stored import EMBEDDING, HEAD, linear_names
from orion_py.native.tokenizer import NativeTokenizer

_INPUTS = {"qkv": "qkv", "attention_output": "output", "gate": "mlp", "up": "mlp", "down": "down"}
"""Field of ``description.Layer`` to what the reference calls that map's inputs."""


@dataclass(frozen=True)
class Activations:
    """Inputs F32 [t, k] of each linear map by its stored name, each row divided by its root mean square."""

    inputs: dict[str, Float32]

    def importance(self, name: str) -> Float32 | None:
        """Mean square of each input, F32 [k]; None for a table that is only looked up in."""
        inputs = self.inputs.get(name)
        if inputs is None:
            return None
        squares: Float32 = np.square(inputs).mean(axis=0)
        return squares


def observe(model: ModelDescription, text: str) -> Activations:
    """What ``model`` sees on ``text``."""
    seen: dict[tuple[str, int], Float32] = {}

    def keep(kind: str, layer: int, values: Float32) -> None:
        norm = np.sqrt(np.square(values).mean(axis=1, keepdims=True))
        seen[kind, layer] = (values / np.maximum(norm, 1e-30)).astype(np.float32)

    tokens = NativeTokenizer(model.tokenizer.shard_bytes()).encode(text)
    ReferenceModel(model, keep).forward(tokens[: model.architecture.context_length])
    inputs = {
        name: seen[_INPUTS[field], layer]
        for layer in range(model.architecture.layers)
        for field, name in linear_names(layer).items()
    }
    inputs[EMBEDDING if model.head is None else HEAD] = seen["head", 0]
    return Activations(inputs)
