"""Where each int8 matrix of an expanded shard lies. The expansion itself is ``orion_py``'s."""

from __future__ import annotations

from orion_py.loading.manifest import ExpandedWeight, Expansion, Shard

ALIGNMENT = 64


def plan_expansion(shard: Shard) -> Expansion | None:
    """The layout of ``<shard>.int8``; None for a shard without matrices."""
    weights, position = [], 0
    for tensor in shard.tensors:
        source, _, kind = tensor.name.rpartition(".")
        if kind not in ("q4", "q8"):
            continue
        n = tensor.shape[0]
        k = tensor.shape[1] * 32
        weight_offset = position
        scale_offset = _aligned(weight_offset + k * n)
        sum_offset = _aligned(scale_offset + 4 * n)
        position = _aligned(sum_offset + 4 * n)
        weights.append(
            ExpandedWeight(
                source=source,
                k=k,
                n=n,
                weight_offset=weight_offset,
                scale_offset=scale_offset,
                sum_offset=sum_offset,
            )
        )
    if not weights:
        return None
    return Expansion(shard=shard.sha256, size=position, weights=tuple(weights))


def _aligned(position: int) -> int:
    return -(-position // ALIGNMENT) * ALIGNMENT
