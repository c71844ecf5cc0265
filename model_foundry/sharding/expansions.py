"""Places each matrix in an expanded or widened shard; ``orion_py`` defines what is computed."""

from __future__ import annotations

from collections.abc import Callable

from model_foundry.sharding.shard_matrices import shard_matrices
from orion_py.manifest.derived import ExpandedWeight, Expansion, WidenedWeight, Widening
from orion_py.manifest.shards import Shard

ALIGNMENT = 64

Width = Callable[[str, int], int | None]
"""The bits that kernels need a matrix in, by its name and the bits it has; None: as it is."""


def plan_expansion(shard: Shard, wanted: Callable[[str], bool] = lambda source: True) -> Expansion | None:
    """The layout of ``<shard>.int8``; None for a shard without matrices that are ``wanted``."""
    weights, position = [], 0
    for matrix in shard_matrices(shard):
        source, n, k = matrix.name, matrix.n, matrix.k
        if not wanted(source):
            continue
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


def plan_widening(shard: Shard, width: Width) -> Widening | None:
    """The layout of ``<shard>.wide``; None for a shard whose matrices are wide enough."""
    weights, position = [], 0
    for matrix in shard_matrices(shard):
        source, bits, n, k = matrix.name, matrix.bits, matrix.n, matrix.k
        wanted = None if bits is None else width(source, bits)
        if wanted is None or wanted == bits:
            continue
        weight = WidenedWeight.model_validate({"source": source, "k": k, "n": n, "bits": wanted, "offset": position})
        weights.append(weight)
        position = _aligned(position + k * n * weight.bits // 8)
    if not weights:
        return None
    return Widening(shard=shard.sha256, size=position, weights=tuple(weights))


def _aligned(position: int) -> int:
    return -(-position // ALIGNMENT) * ALIGNMENT
