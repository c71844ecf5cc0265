"""Where each matrix of an expanded or widened shard lies. What is computed is ``orion_py``'s."""

from __future__ import annotations

from collections.abc import Callable

from orion_py.loading.manifest import FLOATS, ExpandedWeight, Expansion, Shard, WidenedWeight, Widening
from orion_py.runtime.bit_stream import BLOCK

ALIGNMENT = 64

Width = Callable[[str, int], int | None]
"""The bits that kernels need a matrix in, by its name and the bits it has; None: as it is."""


def plan_expansion(shard: Shard, wanted: Callable[[str], bool] = lambda source: True) -> Expansion | None:
    """The layout of ``<shard>.int8``; None for a shard without matrices that are ``wanted``."""
    weights, position = [], 0
    for source, _, n, k in _matrices(shard):
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
    for source, bits, n, k in _matrices(shard):
        wanted = None if bits is None else width(source, bits)
        if wanted is None or wanted == bits:
            continue
        weight = WidenedWeight.model_validate({"source": source, "k": k, "n": n, "bits": wanted, "offset": position})
        weights.append(weight)
        position = _aligned(position + k * n * weight.bits // 8)
    if not weights:
        return None
    return Widening(shard=shard.sha256, size=position, weights=tuple(weights))


def _matrices(shard: Shard) -> list[tuple[str, int | None, int, int]]:
    """Name, bits (None for floats), outputs n and inputs k of each matrix in ``shard``."""
    found: list[tuple[str, int | None, int, int]] = []
    for tensor in shard.tensors:
        source, _, kind = tensor.name.rpartition(".")
        if kind.startswith("q") and kind[1:].isdecimal() and len(tensor.shape) == 3:
            found.append((source, int(kind[1:]), tensor.shape[0], tensor.shape[1] * BLOCK))
        elif kind == FLOATS:
            found.append((source, None, tensor.shape[0], tensor.shape[1]))
    return found


def _aligned(position: int) -> int:
    return -(-position // ALIGNMENT) * ALIGNMENT
