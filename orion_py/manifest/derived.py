"""Describes the files that a device computes from a weight shard before a session reads them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from orion_py.manifest.fields import MAX_SHARD_BYTES, Sha256, Strict


class ExpandedWeight(Strict):
    """One linear layer as int8 per output channel, made from the stored blocks of 32 or floats.

    ``source`` names the stored tensors ``<source>.q{b}`` with b bits a weight, b one of 2, 3, 4, 5,
    6 and 8 (U8 [n, k/32, 4b], each block a bit stream: orion_py/manifest/bit_stream.py),
    ``<source>.scale`` (F16 [n, k/32]) and, where the weights are affine, ``<source>.min`` (the same).
    Where larger blocks share a scale, both are [n, k/64] or [n, k/128]. Or it names ``<source>.weight``,
    F16 or F32 [n, k], whose numbers are w[i, j] themselves.
    The expansion writes, at the given byte offsets of the expanded file (all else there is 0):
    ``weight`` I8 [k, n] (transposed), ``scale`` F32 [n] and ``sum`` F32 [n]. In float32, with f()
    rounding to it (Math.fround):

        w[i, j]     = f(f(q * s) + m), or f((q - 2^(b-1)) * s)   s, m: the block's scale and min
        scale[i]    = f(max over j of |w[i, j]| / 127), or 1 where that max is below 2^-119
        c[i, j]     = floor(x + 1/2) with x = f(w[i, j] / scale[i]), not rounding x + 1/2 (Math.round)
        weight[j,i] = c[i, j]
        sum[i]      = f(sum over j of c[i, j], times scale[i]), the sum an integer, the product in double

    Below 2^-119 the scale would be subnormal, and c too large; blocks hold 0 or at least 2^-24. In a block
    w grows with q, so that the row's maximum lies at the block's least or greatest q.
    ``orion_py.manifest.expansion`` is the reference; the browser's has to agree bit for bit.
    """

    source: Annotated[str, Field(min_length=1, max_length=200)]
    k: Annotated[int, Field(gt=0, le=2**20)]
    """A multiple of 32 where the matrix is in blocks."""
    n: Annotated[int, Field(gt=0, le=2**20)]
    weight_offset: Annotated[int, Field(ge=0, le=MAX_SHARD_BYTES)]
    scale_offset: Annotated[int, Field(ge=0, le=MAX_SHARD_BYTES)]
    sum_offset: Annotated[int, Field(ge=0, le=MAX_SHARD_BYTES)]


class Expansion(Strict):
    """The expanded form of one weight shard; external data finds it at ``<shard>.int8``."""

    shard: Sha256
    size: Annotated[int, Field(gt=0, le=MAX_SHARD_BYTES)]
    weights: Annotated[tuple[ExpandedWeight, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _outputs_lie_inside(self) -> Self:
        for weight in self.weights:
            spans = (
                (weight.weight_offset, weight.k * weight.n),
                (weight.scale_offset, weight.n * 4),
                (weight.sum_offset, weight.n * 4),
            )
            if any(offset + length > self.size for offset, length in spans):
                raise ValueError(f"expansion of {weight.source} ends past its {self.size} bytes")
        return self


class WidenedWeight(Strict):
    """A matrix's weights with more bits: the same numbers, in a width that kernels read.

    ``source`` is stored as for ``ExpandedWeight``, with b bits. The widening writes U8 [n, k/32, 4
    bits] at ``offset``, bit streams again: q where it is affine, else q - 2^(b-1) + 2^(bits-1). Scale
    and min stay where they are.
    """

    source: Annotated[str, Field(min_length=1, max_length=200)]
    k: Annotated[int, Field(gt=0, le=2**20, multiple_of=32)]
    n: Annotated[int, Field(gt=0, le=2**20)]
    bits: Literal[4, 8]
    offset: Annotated[int, Field(ge=0, le=MAX_SHARD_BYTES)]


class Widening(Strict):
    """A weight shard's matrices that no kernel reads as they are; external data finds it at
    ``<shard>.wide``. What lies between the matrices is 0."""

    shard: Sha256
    size: Annotated[int, Field(gt=0, le=MAX_SHARD_BYTES)]
    weights: Annotated[tuple[WidenedWeight, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _outputs_lie_inside(self) -> Self:
        for weight in self.weights:
            if weight.offset + weight.k * weight.n * weight.bits // 8 > self.size:
                raise ValueError(f"widening of {weight.source} ends past its {self.size} bytes")
        return self
