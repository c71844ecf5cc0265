"""Finds lines of text: the detector's input, and boxes from the map that it returns.

The detector is PP-OCR's, trained by Differentiable Binarization (Liao et al. 2020, https://arxiv.org/abs/1911.08947):
it returns how likely each pixel lies in the core of a line. A line's box is the smallest rectangle around a part of
that map, grown by what training shrank it. The parameters are those of the rapidocr package.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orion_py.runtime.bands import NUMBERS, Held, InBands, read_bands
from orion_py.senses.images.resampling import Picture, Quad, scaled_bands
from orion_py.senses.reading.components import clockwise, components, filled, smallest_rectangle

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORT_SIDE = 736
"""Pixels: a picture with a shorter side is enlarged to it."""
STRIDE = 32
"""What the detector's sides are multiples of."""
CORE = 0.3
"""A pixel's least probability."""
LEAST_SCORE = 0.5
"""A box's least mean probability."""
GROWTH = 1.6
"""A box is grown by its area over its circumference times this."""
MOST_BOXES = 1000
_LEAST_SIDE = 3


@dataclass(frozen=True, slots=True)
class TextBox:
    quad: Quad
    """In pixels of the picture."""
    score: float


def detector_input(picture: Picture, shrink: int = 1) -> InBands:
    """What the detector takes for ``picture``: [1, 3, h, w] of -1 to 1, blue first, as it was trained; its sides
    ``shrink`` times smaller than it was trained for."""
    height, width = picture.shape[:2]
    ratio = max(1.0, SHORT_SIDE / min(height, width)) / shrink
    rows, columns = (max(STRIDE, round(int(side * ratio) / STRIDE) * STRIDE) for side in (height, width))

    def bands() -> Iterator[tuple[int, NDArray[np.float32]]]:
        for band, pixels in scaled_bands(picture, rows, columns):
            yield band.start, detector_tensor(np.rint(pixels))[0]

    return InBands((1, 3, rows, columns), bands)


def detector_tensor(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """``pixels`` [h, w, 3] of 0 to 255 as the detector takes them: of all of its rows, or of some."""
    return np.ascontiguousarray((pixels / 127.5 - 1)[..., ::-1].transpose(2, 0, 1)[None], np.float32)


def text_boxes(probabilities: Held, height: int, width: int) -> list[TextBox]:
    """The boxes of a picture of ``height`` and ``width`` from the detector's map [1, 1, h, w], top to bottom. Raises
    RuntimeFailure for another map."""
    scale = np.array([width / probabilities.shape[-1], height / probabilities.shape[-2]])
    found = []
    for points in components(_masks(probabilities), MOST_BOXES):
        quad, side = smallest_rectangle(points)
        if side < _LEAST_SIDE:
            continue
        score = _mean_within(probabilities, quad)
        if score < LEAST_SCORE:
            continue
        sides = np.linalg.norm(quad - np.roll(quad, -1, axis=0), axis=1)
        grown, side = smallest_rectangle(quad, sides[0] * sides[1] * GROWTH / float(sides.sum()))
        if side < _LEAST_SIDE + 2:
            continue
        grown = clockwise(np.rint(grown * scale))
        grown = np.clip(grown, 0, [width - 1, height - 1])
        if min(np.linalg.norm(grown[0] - grown[1]), np.linalg.norm(grown[0] - grown[3])) > _LEAST_SIDE:
            found.append(TextBox(grown, score))
    return sorted(found, key=lambda box: (float(box.quad[:, 1].min()), float(box.quad[:, 0].min())))


def _masks(probabilities: Held) -> Iterator[NDArray[np.bool_]]:
    """Where lines are, band by band: each core, dilated by two pixels' square."""
    above = np.zeros((1, probabilities.shape[-1]), bool)
    for _, values in read_bands(probabilities, 4, "text detector"):
        core = np.concatenate([above, values > CORE])
        mask = core[1:] | core[:-1]
        mask[:, 1:] |= mask[:, :-1].copy()
        yield mask
        above = core[-1:].copy()


def _mean_within(values: Held, quad: Quad) -> float:
    height, width = values.shape[-2:]
    left, top = np.clip(np.floor(quad.min(axis=0)), 0, [width - 1, height - 1]).astype(int)
    right, bottom = np.clip(np.ceil(quad.max(axis=0)), 0, [width - 1, height - 1]).astype(int)
    total, count, step = 0.0, 0, max(1, NUMBERS // (8 * width))
    for row in range(top, bottom + 1, step):
        part = values.rows(row, min(row + step, bottom + 1))[:, left : right + 1]
        inside = filled(np.floor(quad - [left, row]), *part.shape)
        total += float(part[inside].sum(dtype=np.float64))
        count += int(inside.sum())
    return total / count if count else 0.0
