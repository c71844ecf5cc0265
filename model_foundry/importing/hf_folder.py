"""A model's folder to a ModelDescription: which tensors there have to be, and what becomes of them.

Names are transformers'. Its rotary embedding turns halves, as ours does, so that no row moves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from model_foundry.description import Layer, Linear, ModelDescription, TokenizerDescription
from model_foundry.errors import MalformedFolder, UnknownArchitecture
from model_foundry.importing.hf_config import ReadConfig, read_config
from model_foundry.importing.hf_tokenizer import read_folder_tokenizer
from model_foundry.importing.rounding import Quantizer, dense
from model_foundry.importing.safetensors_folder import SafetensorsFolder
from model_foundry.sharding.stored import EMBEDDING, HEAD, linear_names
from model_foundry.weights import Float32
from orion_py.loading.manifest import Architecture, Source

Progress = Callable[[str, int, int], None]

TABLE, NORM, LM_HEAD = "model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"

_QKV = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
_MAPS: dict[str, tuple[str, ...]] = {
    "qkv": _QKV,
    "attention_output": ("self_attn.o_proj",),
    "gate": ("mlp.gate_proj",),
    "up": ("mlp.up_proj",),
    "down": ("mlp.down_proj",),
}
"""Field of ``description.Layer`` to the modules whose rows it has, one after the other."""


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
        prefix, stored = f"model.layers.{index}", linear_names(index)

        def linear(field: str) -> Linear:
            modules = [f"{prefix}.{module}" for module in _MAPS[field]]
            matrix = np.concatenate([self.tensors.tensor(f"{module}.weight") for module in modules])
            biased = _is_biased(self.config, field)
            bias = np.concatenate([self.tensors.tensor(f"{module}.bias") for module in modules]) if biased else None
            return Linear(quantizer(stored[field], matrix), bias)

        return Layer(
            attention_norm=self._norm(f"{prefix}.input_layernorm.weight"),
            mlp_norm=self._norm(f"{prefix}.post_attention_layernorm.weight"),
            **{field: linear(field) for field in _MAPS},
        )

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
    rows = dict(zip(_QKV, (query, key, key), strict=True)) | {
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
        prefix = f"model.layers.{index}"
        for norm in ("input_layernorm", "post_attention_layernorm"):
            shapes[f"{prefix}.{norm}.weight"] = (a.hidden_size,)
        for field, modules in _MAPS.items():
            for module in modules:
                shapes[f"{prefix}.{module}.weight"] = (rows[module], columns.get(module, a.hidden_size))
                if _is_biased(config, field):
                    shapes[f"{prefix}.{module}.bias"] = (rows[module],)
    return shapes


def _is_biased(config: ReadConfig, field: str) -> bool:
    if field == "qkv":
        return config.attention_bias
    return config.output_bias if field == "attention_output" else config.mlp_bias
