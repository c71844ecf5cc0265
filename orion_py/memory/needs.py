"""Estimates what a model will take in memory, by what runs it and the length of its context.

Once it is loaded its real bytes are measured (``BuildReport.memory_bytes``); these decide whether it may be.
"""

from __future__ import annotations

from typing import Protocol

from orion_py.config import EngineConfig
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.memory.cache_width import cache_bytes as kernel_cache
from orion_py.memory.cache_width import kernel_bytes
from orion_py.registry.added import AddedEntry
from orion_py.registry.models import ModelEntry

OVERHEAD_BYTES = 130_000_000
"""What a session takes beside its weights and its cache: the runtime, and a prefill's activations."""
KV_TOKENS = 2048
"""The context with which the registry's figures are measured."""


class Room(Protocol):
    """The memory of all models, as an opener asks for a part of it."""

    async def admit(self, needed: int) -> None:
        """Ends idle models so that ``needed`` bytes fit. Raises TooLarge, or OutOfMemory where what must stay leaves
        too little."""

    async def give(self) -> bool:
        """Ends all idle models; False where there were none."""


class NoRoom:
    """Nothing may be evicted: the caller has checked the memory before."""

    async def admit(self, needed: int) -> None:
        pass

    async def give(self) -> bool:
        return False


def on_kernel(has_kernel: bool, config: EngineConfig) -> bool:
    """Whether our kernel would compute a model of the registry; ``has_kernel``: whether the device has it."""
    return has_kernel and config.runner != "onnxruntime" and not config.exact


def memory_needed(entry: ModelEntry, manifest: Manifest, variant: Variant, context: int) -> int:
    """Bytes that ``variant`` takes with ``context`` tokens: the registry's figure for what computes, or an estimate
    where there is none."""
    shape = manifest.architecture
    if variant.engine == "kernel":
        if isinstance(entry, AddedEntry):
            return kernel_bytes(manifest, context, variant.cache_bits)
        usual, mine = (min(tokens, shape.context_length) for tokens in (KV_TOKENS, context))
        saved = kernel_cache(shape, usual, 16) - kernel_cache(shape, mine, variant.cache_bits)
        return entry.memory_on(kernel=True) - saved
    if isinstance(entry, AddedEntry):
        return entry.memory_bytes  # an estimate for just this
    measured = entry.onnxruntime_memory_bytes if variant.backend == "wasm" and not variant.exact else None
    full = measured or max(entry.memory_bytes, memory_estimate(manifest, variant))
    return full - cache_bytes(shape) + cache_bytes(shape, context)


def memory_estimate(manifest: Manifest, variant: Variant) -> int:
    """Bytes: the expanded weights, those that stay as they are, the cache for ``KV_TOKENS``, and
    ``OVERHEAD_BYTES``. An estimate: what it really takes is measured once it is loaded."""
    expanded = {expansion.shard: expansion.size for expansion in variant.expansions}
    weights = sum(expanded.get(s.sha256, s.size) for s in manifest.shards_for(variant))
    return weights + cache_bytes(manifest.architecture) + OVERHEAD_BYTES


def cache_bytes(shape: Architecture, tokens: int = KV_TOKENS) -> int:
    """Bytes of the keys and values of so many tokens, in float32."""
    return 2 * shape.layers * shape.kv_heads * shape.head_dim * 4 * min(tokens, shape.context_length)
