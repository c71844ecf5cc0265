"""Lays out a model in the kernel's memory, as kernel/orion_kernel.h describes it.

From the module's heap base on: the description, its table of tensors, the tokens of a call, the rotary table, each
weight shard whole, the workspace, the cache. web/bridge/worker/kernel/memory.js does the same in a browser.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from orion_py.errors import BackendUnavailable
from orion_py.manifest.architecture import Architecture, Rotation
from orion_py.manifest.bit_stream import BLOCK
from orion_py.manifest.rotary import frequencies
from orion_py.manifest.shards import Shard, Tensor
from orion_py.manifest.stored_names import FLOATS, bits_of

ABI = 2
MAX_ROWS = 128
"""Tokens of one call: between two of them a cancel is heard."""
MOST_LOGITS = 8
DECODER_WORDS, TENSOR_WORDS = 37, 10
CACHE_BITS = 36
"""The description's word that says how wide a cached number is."""
F32, F16, SYMMETRIC, AFFINE = range(4)

_WHOLE = {"embedding": 0, "embedding.rescale": 1, "final_norm": 2, "head": 3}
_OF_LAYER = {
    "attention_norm": 4,
    "attention.qkv": 5,
    "attention.qkv.bias": 6,
    "attention.query_norm": 7,
    "attention.key_norm": 8,
    "attention.output": 9,
    "attention.output.bias": 10,
    "attention.post_norm": 11,
    "mlp_norm": 12,
    "mlp.gate": 13,
    "mlp.gate.bias": 14,
    "mlp.up": 15,
    "mlp.up.bias": 16,
    "mlp.down": 17,
    "mlp.down.bias": 18,
    "mlp.post_norm": 19,
}
"""enum orion_role by stored name (model_foundry/sharding/stored.py), those of a layer behind ``layers.{i}.``."""

Words = NDArray[np.uint32]
Float32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class KernelTensor:
    """One matrix or vector. ``data``, ``scale`` and ``minimum`` are offsets in its shard, 0 where there is none;
    ``bits`` and ``blocks_per_scale`` are 0 where it isn't in blocks."""

    name: str
    role: int
    layer: int
    shard: str
    form: int
    rows: int
    columns: int
    data: int
    bits: int = 0
    scale: int = 0
    minimum: int = 0
    blocks_per_scale: int = 0


def kernel_tensors(shards: Sequence[Shard], tied: bool) -> tuple[KernelTensor, ...]:
    """What the kernel reads of ``shards``; where the token table serves as head (``tied``), no other head.

    Raises BackendUnavailable for a form that it doesn't know, or a matrix that lies in two shards.
    """
    return tuple(
        tensor for shard in shards for tensor in _tensors_of(shard) if not (tied and tensor.role == _WHOLE["head"])
    )


def _tensors_of(shard: Shard) -> Iterator[KernelTensor]:
    stored = {tensor.name: tensor for tensor in shard.tensors}
    sources = dict.fromkeys(_source(name) for name in stored)
    for name in sources:
        known = _role(name)
        if known is not None:
            yield _described(name, *known, shard.sha256, stored)


def _source(name: str) -> str:
    """What a stored tensor is part of."""
    source, _, kind = name.rpartition(".")
    part = kind in ("scale", "min", FLOATS) or (kind[:1] == "q" and kind[1:].isdecimal())
    return source if part else name


def _role(name: str) -> tuple[int, int] | None:
    """Role and layer, where the kernel has one for it."""
    if name in _WHOLE:
        return _WHOLE[name], 0
    first, _, rest = name.partition(".")
    number, _, part = rest.partition(".")
    if first != "layers" or not number.isdecimal() or part not in _OF_LAYER:
        return None
    return _OF_LAYER[part], int(number)


def _described(name: str, role: int, layer: int, shard: str, stored: dict[str, Tensor]) -> KernelTensor:
    floats = stored.get(name) or stored.get(f"{name}.{FLOATS}")
    if floats is not None:
        if floats.dtype not in ("F16", "F32"):
            raise BackendUnavailable(f"the kernel doesn't read {name} as {floats.dtype}")
        rows, columns = (*floats.shape, 1)[:2]
        return KernelTensor(
            name, role, layer, shard, F32 if floats.dtype == "F32" else F16, rows, columns, floats.offset
        )
    bits = bits_of(name, stored)
    quants, scale, minimum = stored.get(f"{name}.q{bits}"), stored.get(f"{name}.scale"), stored.get(f"{name}.min")
    if bits is None or quants is None or scale is None:
        raise BackendUnavailable(f"the kernel needs {name} and its scales in one shard")
    rows, blocks = quants.shape[0], quants.shape[1]
    return KernelTensor(
        name,
        role,
        layer,
        shard,
        SYMMETRIC if minimum is None else AFFINE,
        rows,
        blocks * BLOCK,
        quants.offset,
        bits,
        scale.offset,
        0 if minimum is None else minimum.offset,
        blocks // max(1, scale.shape[1]),
    )


def turned(architecture: Architecture, places: NDArray[np.int64]) -> Float32:
    """F32 [n, head_dim], rows of a rotary table for ``places`` [n, 3] in time, rows and columns."""
    sections = architecture.rope_sections
    assert sections is not None, "the model counts places in one axis"
    angles = places[:, np.repeat(np.arange(3), sections)] * frequencies(architecture)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def rotary_table(architecture: Architecture, rows: int, rotation: Rotation = "usual") -> Float32:
    """F32 [rows, head_dim]: of row p the cosines of p times each frequency, then the sines."""
    angles = np.arange(rows)[:, None] * frequencies(architecture, rotation)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@dataclass
class Layout:
    """Offsets in the memory. ``base`` is the module's heap base; ``threads`` at most."""

    architecture: Architecture
    shards: Sequence[Shard]
    context: int
    threads: int
    base: int
    windows: Sequence[int] = ()
    """Positions that each layer's queries see, 0 for all; the architecture's where it is empty."""
    caches: int = 1
    """Conversations that are kept side by side."""
    cache_bits: int = 16
    """Of a cached number: 16, or 8 with a scale for 32 of a head's numbers."""
    options: dict[int, float] = field(default_factory=dict)
    """Float words of the description by number, in place of their defaults."""

    def __post_init__(self) -> None:
        self.tensors = kernel_tensors(self.shards, self.architecture.tied_embeddings)
        self._end = _aligned(self.base)
        self.decoder = self._take(4 * DECODER_WORDS)
        self.table = self._take(4 * TENSOR_WORDS * len(self.tensors))
        self.tokens, self.positions = self._take(4 * MAX_ROWS), self._take(4 * MAX_ROWS)
        self.embeddings = self._take(4 * MAX_ROWS * self.architecture.hidden_size)
        self.windows = self.windows or self.architecture.windows or ()
        self.window_words = self._take(4 * len(self.windows)) if self.windows else 0
        turning = [self.architecture.rotation(layer) for layer in range(self.architecture.layers)]
        self.rope_words = self._take(4 * len(turning)) if len(set(turning)) > 1 else 0
        self.planned_end = self._end
        """Above what ``orion_plan`` reads."""
        size = 4 * self.rope_rows * self.architecture.head_dim
        self.ropes = {rotation: self._take(size) for rotation in dict.fromkeys(turning)}
        """The rotary tables' offsets."""
        self.layer_ropes = [self.ropes[rotation] for rotation in turning]
        self.rope = self.layer_ropes[0]
        self.shard_at = {shard.sha256: self._take(shard.size) for shard in self.shards if shard.tensors}
        self.workspace = self.cache = self._end
        self.workspace_bytes = self.cache_bytes = 0

    @property
    def rope_rows(self) -> int:
        """Rows of the rotary table: one a place, and where pictures have places in three axes one more for each row of
        the cache, which is written when that row is of a picture."""
        return self.context * (1 if self.architecture.rope_sections is None else 2)

    def _take(self, size: int) -> int:
        at = self._end
        self._end = _aligned(at + size)
        return at

    def planned(self, workspace: int, cache: int) -> int:
        """Makes room for workspace and cache of so many bytes; gives the memory's size."""
        self.workspace, self.workspace_bytes = self._take(workspace), workspace
        self.cache_bytes = cache
        self.cache, *self.more_caches = (self._take(cache) for _ in range(self.caches))
        return self._end

    def description(self) -> Words:
        """struct orion_decoder."""
        a, words = self.architecture, np.zeros(DECODER_WORDS, np.uint32)
        sizes = (a.layers, a.hidden_size, a.heads, a.kv_heads, a.head_dim, a.ffn_size, a.vocab_size)
        activation = int(a.activation == "gelu_tanh")
        words[:13] = (ABI, *sizes, self.context, a.head_dim, activation, MAX_ROWS, self.threads)
        floats = words.view(np.float32)
        floats[13:15] = (a.norm_epsilon, 1.0)
        for word, value in self.options.items():
            floats[word] = value
        words[18:24] = (self.table, len(self.tensors), self.rope, self.rope_rows, self.rope_words, self.window_words)
        words[24:28] = (self.workspace, self.workspace_bytes, self.cache, self.cache_bytes)
        words[CACHE_BITS] = self.cache_bits
        return words

    def tensor_table(self) -> Words:
        """struct orion_tensor [len(tensors)]."""
        return np.array([self._row(tensor) for tensor in self.tensors], np.uint32)

    def _row(self, tensor: KernelTensor) -> tuple[int, ...]:
        start = self.shard_at[tensor.shard]
        scale, minimum = (start + at if at else 0 for at in (tensor.scale, tensor.minimum))
        what = (tensor.role, tensor.layer, tensor.form, tensor.bits, tensor.rows, tensor.columns)
        return (*what, start + tensor.data, scale, minimum, tensor.blocks_per_scale)


def _aligned(at: int) -> int:
    return -(-at // 64) * 64
