"""Finds objects: the detector's input, and boxes from what it returns.

The detector is NanoDet (https://github.com/RangiLyu/nanodet). For each place of three grids it returns a probability
of every kind, and for each side of a box a distribution over distances of 0, 1, 2, … grid steps, whose mean is the
distance (Generalized Focal Loss, Li et al. 2020, https://arxiv.org/abs/2006.04388).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orion_py.senses.images.resampling import Picture, shrunk_bands

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 416
STRIDES = (8, 16, 32)
LEAST_SCORE = 0.5
"""Of an object that is reported."""
MOST_OVERLAP = 0.6
"""Intersection over union from which on two boxes of a kind are one object."""
MOST_OBJECTS = 100
_MEAN = np.array([103.53, 116.28, 123.675], np.float32)
_DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)


@dataclass(frozen=True, slots=True)
class Found:
    """``box``: left, top, right and bottom in pixels of the picture."""

    kind: int
    score: float
    box: tuple[float, float, float, float]


def objects_input(picture: Picture) -> NDArray[np.float32]:
    """What the detector takes: float32 [1, 3, 416, 416], blue first, each channel less its mean over its deviation."""
    out = np.empty((1, 3, SIDE, SIDE), np.float32)
    for band, pixels in shrunk_bands(picture, SIDE, SIDE):
        out[0, :, band] = ((pixels[..., ::-1] - _MEAN) / _DEVIATION).transpose(2, 0, 1)
    return out


def objects(
    outputs: Mapping[str, NDArray[np.float32]], height: int, width: int, least: float = LEAST_SCORE
) -> list[Found]:
    """The objects of a picture of ``height`` and ``width``, likeliest first. ``outputs``: for each of ``STRIDES``
    ``scores_<stride>`` [1, places, kinds] and ``sides_<stride>`` [1, places, 4 * distances]."""
    scores, boxes = [], []
    for stride in STRIDES:
        of_grid = outputs[f"scores_{stride}"][0]
        places = np.flatnonzero(of_grid.max(axis=1) >= least)
        scores.append(of_grid[places])
        boxes.append(_boxes(outputs[f"sides_{stride}"][0][places], places, stride))
    chances, corners = np.concatenate(scores), np.concatenate(boxes)
    corners *= np.array([width, height, width, height]) / SIDE
    corners = np.clip(corners, 0, [width, height, width, height])
    found: list[Found] = []
    for kind in np.unique(np.nonzero(chances >= least)[1]).tolist():
        likely = np.flatnonzero(chances[:, kind] >= least)
        for index in suppressed(corners[likely], chances[likely, kind], MOST_OVERLAP):
            left, top, right, bottom = corners[likely[index]].tolist()
            found.append(Found(kind, float(chances[likely[index], kind]), (left, top, right, bottom)))
    return sorted(found, key=lambda one: (-one.score, one.box))[:MOST_OBJECTS]


def _boxes(sides: NDArray[np.float32], places: NDArray[np.intp], stride: int) -> NDArray[np.float64]:
    """Corners in pixels of the detector's picture."""
    steps = sides.reshape(len(places), 4, sides.shape[1] // 4).astype(np.float64)
    weights = np.exp(steps - steps.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    distances = (weights * np.arange(steps.shape[2])).sum(axis=2) * stride
    columns = SIDE // stride
    x, y = (places % columns + 0.5) * stride, (places // columns + 0.5) * stride
    return np.stack([x - distances[:, 0], y - distances[:, 1], x + distances[:, 2], y + distances[:, 3]], axis=1)


def suppressed(boxes: NDArray[np.float64], scores: NDArray[np.float32], most: float) -> Sequence[int]:
    """Which of ``boxes`` [n, 4] stay, likeliest first, when each that overlaps a likelier one by more than ``most``
    (intersection over union) goes."""
    left = np.argsort(-scores, kind="stable")
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    kept = []
    while len(left):
        best, left = int(left[0]), left[1:]
        kept.append(best)
        low, high = np.maximum(boxes[best, :2], boxes[left, :2]), np.minimum(boxes[best, 2:], boxes[left, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        union = areas[best] + areas[left] - shared
        left = left[shared <= most * np.maximum(union, 1e-9)]
    return kept
