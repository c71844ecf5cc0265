"""Small random models of each family and form, as the foundry describes them and as shards hold them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from model_foundry.model.description import Layer, Linear, ModelDescription, TokenizerDescription
from model_foundry.model.weights import Affine, Dense, Float32, Matrix, Symmetric
from model_foundry.sharding.safetensors_file import pack
from model_foundry.sharding.stored import contents
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.manifest import Source
from orion_py.manifest.shards import Shard
from orion_py.native.kernel_layout import Layout
from orion_py.native.kernel_module import KernelModel

BUILT = Path(__file__).parents[2] / "kernel" / "built"
TOKENIZER = TokenizerDescription({}, "", "", "", (0,))
SOURCE = Source(name="random", file="none", sha256="0" * 64, revision="1")


@dataclass(frozen=True)
class Form:
    """How a random matrix is stored. ``bits`` None: floats of ``dtype``."""

    bits: int | None = 4
    affine: bool = True
    block: int = 32
    dtype: Any = "F32"

    def matrix(self, random: np.random.Generator, n: int, k: int) -> Matrix:
        """Weights of about 1 / sqrt(k)."""
        if self.bits is None:
            values = (random.standard_normal((n, k)) / np.sqrt(k)).astype(np.float16).astype(np.float32)
            return Dense(values, self.dtype)
        quants = random.integers(0, 2**self.bits, (n, k)).astype(np.uint8)
        step = 3.5 / np.sqrt(k) / 2**self.bits
        scale = (step * random.uniform(0.5, 1.5, (n, k // self.block))).astype(np.float16)
        if self.affine:
            middle = -scale.astype(np.float32) * (2**self.bits - 1) / 2
            minimum = (middle * random.uniform(0.8, 1.2, scale.shape)).astype(np.float16)
            return Affine(self.bits, quants, scale, minimum)
        signed = (quants.astype(np.int16) - 2 ** (self.bits - 1)).astype(np.int8)
        return Symmetric(self.bits, signed, scale)


Q4, Q8 = Form(), Form(8, affine=False)


@dataclass(frozen=True)
class Recipe:
    """A model to make. ``table`` is the form of the token table, ``linear`` of all else."""

    linear: Form = Q4
    table: Form = Q8
    biases: bool = False
    rescaled: bool = False
    sizes: dict[str, Any] = field(default_factory=dict)
    seed: int = 0

    @property
    def architecture(self) -> Architecture:
        sizes: dict[str, Any] = {
            "family": "llama",
            "layers": 2,
            "hidden_size": 64,
            "heads": 4,
            "kv_heads": 2,
            "head_dim": 16,
            "ffn_size": 96,
            "vocab_size": 101,
            "context_length": 300,
            "rope_theta": 10000.0,
            "norm_epsilon": 1e-5,
            "tied_embeddings": True,
        }
        return Architecture.model_validate({**sizes, **self.sizes})

    def model(self) -> ModelDescription:
        random, a = np.random.default_rng(self.seed), self.architecture

        def vector(length: int) -> Float32:
            return random.uniform(0.5, 1.5, length).astype(np.float32)

        def linear(n: int, k: int) -> Linear:
            weight = self.linear.matrix(random, n, k)
            return Linear(weight, 0.1 * vector(n) if self.biases else None)

        hidden, width = a.hidden_size, a.heads * a.head_dim
        layers = tuple(
            Layer(
                vector(hidden),
                linear(width + 2 * a.kv_heads * a.head_dim, hidden),
                linear(hidden, width),
                vector(hidden),
                linear(a.ffn_size, hidden),
                linear(a.ffn_size, hidden),
                linear(hidden, a.ffn_size),
                *([vector(a.head_dim), vector(a.head_dim)] if a.head_norms else [None, None]),
                *([vector(hidden), vector(hidden)] if a.post_norms else []),
            )
            for _ in range(a.layers)
        )
        table = self.table.matrix(random, a.vocab_size, hidden)
        head = None if a.tied_embeddings else self.linear.matrix(random, a.vocab_size, hidden)
        scale = 2.0 ** random.integers(-2, 3, hidden).astype(np.float32) if self.rescaled else None
        return ModelDescription(a, table, layers, vector(hidden), head, TOKENIZER, SOURCE, scale)


Extras = dict[str, Float32]


def _belongs(name: str, layers: tuple[int, int] | None) -> bool:
    return layers is not None and name.startswith(f"layers.{layers[0]}.")


@dataclass(frozen=True)
class Stored:
    """A model's shards and their bytes."""

    architecture: Architecture
    shards: tuple[Shard, ...]
    data: dict[str, bytes]

    @classmethod
    def of(cls, model: ModelDescription, extras: Extras | None = None) -> Stored:
        """``extras``: vectors that a description has no place for, by their stored names."""
        shards, data = [], {}
        for part in contents(model, 1):
            more = {name: vector for name, vector in (extras or {}).items() if _belongs(name, part.layers)}
            file = pack({**part.arrays, **more})
            sha256 = hashlib.sha256(file.data).hexdigest()
            shards.append(
                Shard(sha256=sha256, size=len(file.data), role=part.role, layers=part.layers, tensors=file.tensors)
            )
            data[sha256] = file.data
        return cls(model.architecture, tuple(shards), data)

    def opened(self, build: str, threads: int = 1, context: int | None = None, **changes: Any) -> KernelModel:
        """The model in the kernel's module ``build``, fed."""
        context = context or self.architecture.context_length

        def layout(base: int) -> Layout:
            return Layout(self.architecture, self.shards, context, max(threads, 1), base, **changes)

        opened = KernelModel(BUILT / f"{build}.wasm", layout, threads)
        for shard in self.shards:
            opened.feed(shard, self.data[shard.sha256])
        return opened


def kl(reference: Float32, found: Float32) -> float:
    """KL(reference || found) of the softmaxes of two rows of logits, in nats; the mean over rows [s, vocab]."""
    p, q = (x.astype(np.float64) - x.max(axis=-1, keepdims=True) for x in (reference, found))
    p -= np.log(np.exp(p).sum(axis=-1, keepdims=True))
    q -= np.log(np.exp(q).sum(axis=-1, keepdims=True))
    return float((np.exp(p) * (p - q)).sum(axis=-1).mean())
