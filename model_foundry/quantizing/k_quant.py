"""Searches each block's grid, as ggml's k-quants do, weighted by the inputs.

The error that counts is that of W x, so that a weight's squared error is weighted by the mean
square of its input (``importance``). A block's grid is sought by narrowing and widening the plain
one in steps, rounding to it, and fitting scale and minimum to those integers by weighted least
squares; the best of all is refined by rounding and fitting again. The plain grid is among the
candidates: no block comes out worse than round-to-nearest leaves it. (ggml-quants.c,
``make_qkx3_quants`` and ``make_qx_quants``, written anew for all blocks at once.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_foundry.model.weights import Bytes, Float16, Float32, Matrix
from model_foundry.quantizing.blocks import nearest, quantized, start_of, to_minimum, to_scale
from model_foundry.quantizing.round_to_nearest import plain_grid
from model_foundry.quantizing.scheme import Scheme

RANGES = (0.7, 0.8, 0.87, 0.93, 1.07)
"""Widths of the grids that are tried beside the plain one, as shares of its width."""
REFINEMENTS = 2


def k_quant(weights: Float32, scheme: Scheme, importance: Float32 | None = None) -> Matrix:
    """``weights`` [n, k] on grids that leave the least weighted error; ``importance`` F32 [k].

    Without an importance all inputs count alike. Raises UnquantizableMatrix.
    """
    k = weights.shape[1]
    inputs = np.ones(k, np.float32) if importance is None else importance
    # An input that was never seen still counts a little: another text may use it.
    inputs = np.maximum(inputs / max(float(inputs.mean()), 1e-30), np.float32(1e-3)).astype(np.float32)
    shares = inputs[: k - k % scheme.block].reshape(1, -1, scheme.block)
    return quantized(weights, scheme, lambda blocks: _searched(blocks, shares, scheme))


@dataclass
class _Best:
    """The best grid of each block so far; ``error`` F32 [n, k/block]."""

    quants: Float32
    scale: Float16
    minimum: Float16 | None
    error: Float32

    def take(self, other: _Best) -> None:
        better = other.error < self.error
        self.quants[better] = other.quants[better]
        self.scale[better] = other.scale[better]
        if self.minimum is not None and other.minimum is not None:
            self.minimum[better] = other.minimum[better]
        self.error[better] = other.error[better]


def _searched(blocks: Float32, shares: Float32, scheme: Scheme) -> tuple[Bytes, Float16, Float16 | None]:
    scale, minimum = plain_grid(blocks, scheme)
    best = _on_grid(blocks, shares, scheme, scale, minimum)
    centre = np.float32(0) if scheme.symmetric else (blocks.min(axis=-1) + blocks.max(axis=-1)) / 2
    for width in RANGES:
        narrow = to_scale(scale.astype(np.float32) * np.float32(width))
        half = narrow.astype(np.float32) * np.float32((2**scheme.bits - 1) / 2)
        low = None if scheme.symmetric else to_minimum(centre - half)
        tried = _on_grid(blocks, shares, scheme, narrow, low)
        best.take(tried)
        best.take(_fitted(blocks, shares, scheme, tried.quants))
    for _ in range(REFINEMENTS):
        best.take(_fitted(blocks, shares, scheme, best.quants))
    return best.quants.astype(np.uint8), best.scale, best.minimum


def _on_grid(blocks: Float32, shares: Float32, scheme: Scheme, scale: Float16, minimum: Float16 | None) -> _Best:
    start = start_of(scale, minimum, scheme.bits)
    quants = nearest(blocks, scale, start, scheme.bits)
    missed = quants * scale.astype(np.float32)[..., None]
    missed += start[..., None]
    missed -= blocks
    missed *= missed
    missed *= shares
    return _Best(quants, scale.copy(), None if minimum is None else minimum.copy(), missed.sum(axis=-1))


def _fitted(blocks: Float32, shares: Float32, scheme: Scheme, quants: Float32) -> _Best:
    """The grid that fits these integers best, with the integers rounded to it again."""
    if scheme.symmetric:
        centred = quants - np.float32(2 ** (scheme.bits - 1))
        weighted = centred * shares
        scale = _quotient((weighted * blocks).sum(axis=-1), (weighted * centred).sum(axis=-1))
        return _on_grid(blocks, shares, scheme, to_scale(scale), None)
    weighted = quants * shares
    total = np.broadcast_to(shares.sum(axis=-1), quants.shape[:2])
    sum_q, sum_qq = weighted.sum(axis=-1), (weighted * quants).sum(axis=-1)
    sum_qx, sum_x = (weighted * blocks).sum(axis=-1), (blocks * shares).sum(axis=-1)
    step = to_scale(_quotient(total * sum_qx - sum_q * sum_x, total * sum_qq - sum_q * sum_q))
    minimum = to_minimum((sum_x - step.astype(np.float32) * sum_q) / total)
    return _on_grid(blocks, shares, scheme, step, minimum)


def _quotient(numerator: Float32, denominator: Float32) -> Float32:
    """1 where a block's integers are all alike and fit any scale; the plain grid wins there."""
    fits = denominator > np.float32(1e-6)
    return np.where(fits, numerator / np.where(fits, denominator, np.float32(1)), np.float32(1)).astype(np.float32)
