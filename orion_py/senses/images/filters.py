"""Scales pictures by the filters that Pillow has, whose results models were trained on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from orion_py.senses.images.resampling import bands

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orion_py.senses.images.resampling import Picture

_LOBES, _CUBIC_REACH, _CUBIC = 3.0, 2.0, -0.5
_Filter: TypeAlias = "Callable[[NDArray[np.float64]], NDArray[np.float64]]"


def lanczos(picture: Picture, height: int, width: int) -> Picture:
    """``picture`` at another size. Where it shrinks, the filter is as much wider, so that each pixel counts. First to
    its width, then to its height, each rounded to whole numbers: Pillow's ``resize`` with ``Resampling.LANCZOS``, in
    the order that all have before Pillow 13, which takes what is cheaper."""
    return _scaled(picture, height, width, _lanczos, _LOBES)


def bicubic(picture: Picture, height: int, width: int) -> Picture:
    """As ``lanczos``, with Pillow's ``Resampling.BICUBIC`` (Keys 1981, a = -0.5)."""
    return _scaled(picture, height, width, _cubic, _CUBIC_REACH)


def _lanczos(at: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.where(np.abs(at) < _LOBES, np.sinc(at) * np.sinc(at / _LOBES), 0.0)
    return found


def _cubic(at: NDArray[np.float64]) -> NDArray[np.float64]:
    x, a = np.abs(at), _CUBIC
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < _CUBIC_REACH, far, 0.0))


def _scaled(picture: Picture, height: int, width: int, weigh: _Filter, reach: float) -> Picture:
    across = _along_rows(picture, width, weigh, reach) if width != picture.shape[1] else picture
    if height == picture.shape[0]:
        return across
    down = _along_rows(across.transpose(1, 0, 2), height, weigh, reach)
    return np.ascontiguousarray(down.transpose(1, 0, 2))


def _along_rows(picture: Picture, width: int, weigh: _Filter, reach: float) -> Picture:
    """uint8 [height, width, 3] of [height, columns, 3]."""
    first, weights = _taps(picture.shape[1], width, weigh, reach)
    last = picture.shape[1] - 1
    out = np.empty((picture.shape[0], width, 3), np.uint8)
    for band in bands(picture.shape[0], width):
        part = np.full((band.stop - band.start, width, 3), 0.5, np.float32)
        for tap in range(weights.shape[1]):
            part += picture[band, np.minimum(first + tap, last)] * weights[:, tap, None]
        out[band] = np.clip(part, 0, 255, part)
    return out


def _taps(size: int, count: int, weigh: _Filter, reach: float) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """For each of ``count`` outputs the first of the ``size`` inputs that it is made of, and the weights of that and of
    those behind it, float32 [count, taps]: their sum is 1, and 0 is the weight of what lies outside."""
    scale = size / count
    stretch = max(scale, 1.0)
    reach *= stretch
    centres = (np.arange(count) + 0.5) * scale
    first = np.maximum(0, (centres - reach + 0.5).astype(np.int64))
    end = np.minimum(size, (centres + reach + 0.5).astype(np.int64))
    places = first[:, None] + np.arange(math.ceil(2 * reach) + 1)
    at = (places - centres[:, None] + 0.5) / stretch
    weights = weigh(at)
    weights[places >= end[:, None]] = 0.0
    weights /= weights.sum(1, keepdims=True)
    used = max(1, int((end - first).max()))
    return first.astype(np.intp), weights[:, :used].astype(np.float32)
