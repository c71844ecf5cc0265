"""Scales a picture to one grid of patches, and says where in it each row lies, as Qwen2-VL's processor and model do it
(transformers, image_processing_qwen2_vl.py, modeling_qwen2_vl.py).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from orion_py.manifest.sight import Grid
from orion_py.runtime.segments import Axes
from orion_py.senses.images.filters import bicubic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from orion_py.senses.images.resampling import Picture

_THETA = 10_000.0


def fitted(picture: Picture, form: Grid, places: int) -> Picture:
    """``picture`` with sides that are multiples of a square's, in at most ``places`` squares if one is fewer."""
    square = form.patch * form.merge
    most = max(square**2, min(form.most, places * square**2))
    return bicubic(picture, *_sides(picture.shape[0], picture.shape[1], square, min(form.least, most), most))


def turns_of(height: int, width: int, head: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cosines and sines, float32 [height * width, head / 2], by which a head's numbers turn at each patch, row by
    row: the first half of the frequencies with the patch's row, the other with its column."""
    count = head // 4
    frequencies = _THETA ** (-np.arange(count) / count)
    rows, columns = np.divmod(np.arange(height * width), width)
    angles = np.concatenate([rows[:, None] * frequencies, columns[:, None] * frequencies], axis=1)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def places_of(height: int, width: int) -> Axes:
    """Of the rows of so many squares, row by row: one time, and each square's row and column."""
    rows, columns = np.divmod(np.arange(height * width), width)
    places = np.stack([np.zeros_like(rows), rows, columns], axis=1).astype(np.int32)
    return Axes(places, max(height, width))


def _sides(height: int, width: int, square: int, least: int, most: int) -> tuple[int, int]:
    """Height and width as multiples of ``square``, about in their ratio, with ``least`` to ``most`` pixels in all."""
    high, wide = max(square, round(height / square) * square), max(square, round(width / square) * square)
    if high * wide > most:
        shrink = math.sqrt(height * width / most)
        high = max(square, math.floor(height / shrink / square) * square)
        wide = max(square, math.floor(width / shrink / square) * square)
        # Of a strip one side can't shrink any more: the other one does.
        high, wide = min(high, most // wide // square * square), min(wide, most // high // square * square)
    elif high * wide < least:
        grow = math.sqrt(least / (height * width))
        high = math.ceil(height * grow / square) * square
        wide = math.ceil(width * grow / square) * square
    return max(square, high), max(square, wide)
