"""Tells what a picture shows as a whole: the classifier's input, and the likeliest kinds of what it returns.

The classifier is EfficientNet-Lite0, which saw the middle of ImageNet's pictures, scaled to 224 pixels by bicubic
interpolation (``decode_and_center_crop`` of its authors' preprocessing.py), each value less 127 over 128 (``MEAN_RGB``
and ``STDDEV_RGB`` of their lite/efficientnet_lite_builder.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from orion_py.senses.images.resampling import Picture, cubic

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 224
_MARGIN = 32
"""Pixels of the scaled picture that are cut off in all, on either axis."""
_MEAN, _DEVIATION = 127.0, 128.0


def classifier_input(picture: Picture) -> NDArray[np.float32]:
    """What the classifier takes: float32 [1, 3, 224, 224], red first, of the middle square of ``picture``."""
    height, width = picture.shape[:2]
    side = max(1, int(min(height, width) * SIDE / (SIDE + _MARGIN)))
    top, left = (height - side + 1) // 2, (width - side + 1) // 2
    pixels = (cubic(picture[top : top + side, left : left + side], SIDE, SIDE) - _MEAN) / _DEVIATION
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32)


def likeliest(chances: NDArray[np.float32], most: int, least: float) -> list[tuple[int, float]]:
    """The kinds of at least ``least`` of ``chances`` [kinds], likeliest first, ``most`` at most, with their chances."""
    order = np.argsort(-chances, kind="stable")[:most]
    return [(int(kind), float(chances[kind])) for kind in order if chances[kind] >= least]
