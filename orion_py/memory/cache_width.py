"""Chooses the width of our kernel's KV cache: 16 bits a number, or 8.

With 8 bits a row takes 0.53 of the bytes, and a long context is gone through in less time; docs/kernel.md says what it
costs in accuracy. So 16 bits come first, and 8 where the memory is short or the configuration asks for them.
"""

from __future__ import annotations

from orion_py.config import EngineConfig
from orion_py.manifest.architecture import Architecture
from orion_py.manifest.manifest import Manifest
from orion_py.manifest.variants import Variant
from orion_py.memory.budget import MB

OTHER_ID = "-{bits}bit"
"""Behind the id of a variant whose width was changed: its verdict and its kept rows are its own."""
WORTH = 16 * MB
"""Bytes that a narrower cache has to save before a model is opened again for them."""
SCALED = 32
"""8-bit numbers of a row that share a scale of two bytes (BYTES_BLOCK of kernel/attention.h)."""
_PASS, _LOGITS, _CHUNK, _QUERIES = 128, 8, 64, 4
_MODULE_BYTES = 1 << 20


def cache_widths(variant: Variant, manifest: Manifest, config: EngineConfig) -> list[Variant]:
    """The kernel's ``variant`` with the widths to try, best first. One of 8 bits by its manifest stays that, unless
    16 are asked for."""
    wide, narrow = with_cache(variant, 16), with_cache(variant, 8)
    if config.cache_bits != "auto":
        return [narrow if config.cache_bits == "8" else wide]
    if variant.cache_bits == 8:
        return [variant]
    context = min(manifest.architecture.context_length, config.context_tokens)
    saved = cache_bytes(manifest.architecture, context, 16) - cache_bytes(manifest.architecture, context, 8)
    if saved < WORTH:
        return [wide]
    if kernel_bytes(manifest, context, 16) > config.max_memory_mb * MB:
        return [narrow]
    return [wide, narrow]


def with_cache(variant: Variant, bits: int) -> Variant:
    """``variant`` with a cache of so many bits."""
    if variant.cache_bits == bits:
        return variant
    return variant.model_copy(update={"id": variant.id + OTHER_ID.format(bits=bits), "cache_bits": bits})


def cache_bytes(a: Architecture, context: int, bits: int) -> int:
    """Bytes of the keys and values of ``context`` tokens."""
    row = 2 * a.head_dim if bits == 16 else a.head_dim + 2 * -(-a.head_dim // SCALED)
    return 2 * a.layers * a.kv_heads * context * row


def kernel_bytes(manifest: Manifest, context: int, bits: int) -> int:
    """What the kernel takes for ``manifest`` with two threads, to some percent: ``orion_plan`` of kernel/open.c says
    it exactly, once the model is being opened."""
    a = manifest.architecture
    attended, chunks = a.heads * a.head_dim, -(-context // _CHUNK)
    row = 3 * a.hidden_size + 2 * attended + 2 * a.kv_heads * a.head_dim + a.ffn_size
    longest = max(a.hidden_size, a.ffn_size, attended)
    rotations = len({a.rotation(layer) for layer in range(a.layers)})
    parts = chunks * (a.heads + 2 * _QUERIES) * (a.head_dim + 4)
    floats = _PASS * (row + longest) + _LOGITS * a.vocab_size + context * a.head_dim * rotations + parts
    weights = sum(shard.size for shard in manifest.shards if shard.tensors)
    return weights + cache_bytes(a, context, bits) + 4 * floats + _MODULE_BYTES
