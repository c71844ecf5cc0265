"""Reads a Hugging Face folder as a ModelDescription: which tensors it must have, and how each is used.

model_foundry/exporting/hf_folder.py writes such a folder; the names that both use are in
model_foundry/formats/hf_names.py. transformers' rotary embedding turns halves, as ours does, so that no row moves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from model_foundry.errors import MalformedFolder, UnknownArchitecture
from model_foundry.formats.hf_names import LM_HEAD, MODULES, NORM, TABLE, layer_tensor, norm_modules
from model_foundry.importing.hf_config import ReadConfig, read_config
from model_foundry.importing.hf_tokenizer import read_folder_tokenizer
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.model.description import Layer, Linear, ModelDescription, TokenizerDescription
from model_foundry.model.weights import Dense, Float32, Matrix
from model_foundry.progress import Progress
from model_foundry.sharding.stored import EMBEDDING, HEAD, linear_names
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.manifest import Source

Quantizer = Callable[[str, Float32], Matrix]
"""Gives the matrix to store under a name (model_foundry/sharding/stored.py) for its values [n, k]."""


def dense(name: str, matrix: Float32) -> Matrix:
    """The quantizer that loses nothing."""
    return Dense(matrix)


def as_stored(folder: SafetensorsFolder) -> Quantizer:
    """``dense``, remembering in which type the folder has its matrices, where all have the same."""
    found = {tensor.dtype for tensor in folder.tensors.values() if len(tensor.shape) == 2}
    if found == {"F16"}:
        return lambda name, matrix: Dense(matrix, "F16")
    return (lambda name, matrix: Dense(matrix, "BF16")) if found == {"BF16"} else dense


class _Tensors(Protocol):
    """What a plan needs of a folder: tests and other containers can give the same."""

    @property
    def tensor_names(self) -> frozenset[str]: ...
    def shape(self, name: str) -> tuple[int, ...] | None: ...
    def tensor(self, name: str) -> Float32: ...


@dataclass(frozen=True)
class FolderPlan:
    """A folder whose config, tokenizer and tensor shapes fit together; no weight is read yet."""

    tensors: _Tensors
    config: ReadConfig
    tokenizer: TokenizerDescription
    notes: tuple[str, ...]

    @property
    def architecture(self) -> Architecture:
        return self.config.architecture

    def load(self, source: Source, quantizer: Quantizer = dense, progress: Progress | None = None) -> ModelDescription:
        """Reads the weights, one matrix at a time, and hands each to ``quantizer``.

        Raises MalformedSafetensors, UnknownQuantization, or what ``quantizer`` raises.
        """
        a, tell = self.architecture, progress or (lambda what, done, total: None)
        layers = []
        table = quantizer(EMBEDDING, self.tensors.tensor(TABLE))
        for index in range(a.layers):
            tell("reading layers", index, a.layers)
            layers.append(self._layer(index, quantizer))
        tell("reading layers", a.layers, a.layers)
        scale = np.full(a.hidden_size, np.sqrt(a.hidden_size), np.float32)
        return ModelDescription(
            architecture=a,
            embedding=table,
            layers=tuple(layers),
            final_norm=self._norm(NORM),
            head=None if a.tied_embeddings else quantizer(HEAD, self.tensors.tensor(LM_HEAD)),
            tokenizer=self.tokenizer,
            source=source,
            embedding_scale=scale if self.config.family.scaled_embedding else None,
        )

    def _layer(self, index: int, quantizer: Quantizer) -> Layer:
        stored = linear_names(index)

        def linear(field: str) -> Linear:
            modules = [layer_tensor(index, module) for module in MODULES[field]]
            matrix = np.concatenate([self.tensors.tensor(f"{module}.weight") for module in modules])
            biased = _is_biased(self.config, field)
            bias = np.concatenate([self.tensors.tensor(f"{module}.bias") for module in modules]) if biased else None
            return Linear(quantizer(stored[field], matrix), bias)

        parts: dict[str, Any] = {field: linear(field) for field in MODULES}
        for field, (name, _) in norm_modules(self.architecture).items():
            parts[field] = self._norm(layer_tensor(index, f"{name}.weight"))
        if self.config.query_scale != 1:
            parts["query_norm"] = parts["query_norm"] * np.float32(self.config.query_scale)
        return Layer(**parts)

    def _norm(self, name: str) -> Float32:
        weight: Float32 = self.tensors.tensor(name) + np.float32(self.config.family.norm_offset)
        return weight


def plan_folder(folder: SafetensorsFolder, context_cap: int | None) -> FolderPlan:
    """What ``folder`` holds, with ``context_cap`` as for ``read_config``.

    Raises UnknownArchitecture, UnknownTokenizer or MalformedFolder.
    """
    config = read_config(folder.config, context_cap)
    tokenizer, notes = read_folder_tokenizer(folder, config.architecture.vocab_size)
    _check_tensors(folder, config)
    return FolderPlan(folder, config, tokenizer, (*config.notes, *notes))


def _check_tensors(folder: _Tensors, config: ReadConfig) -> None:
    """Every tensor that the family has is there, with its shape, and no other."""
    names = folder.tensor_names
    expected = _expected_shapes(config)
    for name, shape in expected.items():
        found = folder.shape(name)
        if found is None:
            raise MalformedFolder(f"tensor {name} is missing")
        if found != shape:
            raise MalformedFolder(f"tensor {name} is {list(found)} and should be {list(shape)}")
    tied = {LM_HEAD} if config.architecture.tied_embeddings else set()
    others = sorted(name for name in names - set(expected) - tied if not name.endswith("rotary_emb.inv_freq"))
    if others:
        raise UnknownArchitecture(
            f"{len(others)} tensors have no place in a {config.family.name} decoder, such as {others[0][:80]!r}"
        )


def _expected_shapes(config: ReadConfig) -> dict[str, tuple[int, ...]]:
    a = config.architecture
    query, key = a.heads * a.head_dim, a.kv_heads * a.head_dim
    rows = dict(zip(MODULES["qkv"], (query, key, key), strict=True)) | {
        "self_attn.o_proj": a.hidden_size,
        "mlp.gate_proj": a.ffn_size,
        "mlp.up_proj": a.ffn_size,
        "mlp.down_proj": a.hidden_size,
    }
    columns = {"self_attn.o_proj": query, "mlp.down_proj": a.ffn_size}
    shapes: dict[str, tuple[int, ...]] = {TABLE: (a.vocab_size, a.hidden_size), NORM: (a.hidden_size,)}
    if not a.tied_embeddings:
        shapes[LM_HEAD] = (a.vocab_size, a.hidden_size)
    for index in range(a.layers):
        for norm, length in norm_modules(a).values():
            shapes[layer_tensor(index, f"{norm}.weight")] = (length,)
        for field, modules in MODULES.items():
            for module in modules:
                name = layer_tensor(index, module)
                shapes[f"{name}.weight"] = (rows[module], columns.get(module, a.hidden_size))
                if _is_biased(config, field):
                    shapes[f"{name}.bias"] = (rows[module],)
    return shapes


def _is_biased(config: ReadConfig, field: str) -> bool:
    if field == "qkv":
        return config.attention_bias
    return config.output_bias if field == "attention_output" else config.mlp_bias
