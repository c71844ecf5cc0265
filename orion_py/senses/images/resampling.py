"""Scales pictures, and cuts quadrilaterals out of them.

Pixel centres lie at half integers, as in OpenCV and Pillow: output pixel i of n covers input position
(i + 0.5) * size / n - 0.5. Values outside of a picture are those of its nearest edge.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Picture: TypeAlias = "NDArray[np.uint8]"
"""Shape [height, width, 3]: red, green, blue, 0 to 255."""
Quad: TypeAlias = "NDArray[np.float64]"
"""Shape [4, 2]: x and y of the corners, clockwise from the top left."""

_CUBIC = -0.75
"""OpenCV's coefficient of bicubic interpolation (Keys 1981)."""
_BAND = 1 << 15
"""Pixels that are computed at a time: Python's memory in a browser never shrinks, and what lies beside a picture of two
thousand rows in float32 or float64 would stay there."""
_SAMPLED = 1 << 13
"""As ``_BAND``, where a pixel takes some 30 numbers in float64."""


def scaled(picture: Picture, height: int, width: int) -> NDArray[np.float32]:
    """``picture`` at another size, by bilinear interpolation: float32 [height, width, 3], 0 to 255."""
    out = np.empty((height, width, 3), np.float32)
    for rows, part in scaled_bands(picture, height, width):
        out[rows] = part
    return out


def scaled_bands(picture: Picture, height: int, width: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """The rows of ``scaled``, some at a time: which they are, and their values."""
    rows, columns = picture.shape[:2]
    top, low = _between(height, rows)
    left, right = _between(width, columns)
    for band in bands(height, max(width, columns)):
        if (rows, columns) == (height, width):
            yield band, picture[band].astype(np.float32)
            continue
        # Rows first where the picture shrinks in height: fewer numbers are left for the second pass.
        part = picture[top[0][band]].astype(np.float32)
        part += (picture[low[band]].astype(np.float32) - part) * top[1][band, None, None]
        out = part[:, left[0]]
        out += (part[:, right] - out) * left[1][:, None]
        yield band, out


def bands(height: int, width: int, pixels: int | None = None) -> Iterator[slice]:
    """The rows of a picture, so many at a time that they have about ``pixels``."""
    step = max(1, (pixels or _BAND) // max(1, width))
    return (slice(row, min(row + step, height)) for row in range(0, height, step))


def shrunk(picture: Picture, height: int, width: int) -> NDArray[np.float32]:
    """As ``scaled``, but where several pixels fall into one their mean counts, so that fine patterns don't flicker."""
    return scaled(_averaged(picture, height, width), height, width)


def shrunk_bands(picture: Picture, height: int, width: int) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """As ``scaled_bands``, of ``shrunk``."""
    return scaled_bands(_averaged(picture, height, width), height, width)


def _averaged(picture: Picture, height: int, width: int) -> Picture:
    """``picture``, less than twice as high and as wide as asked for: the means of blocks of whole pixels."""
    down, across = picture.shape[0] // max(1, height), picture.shape[1] // max(1, width)
    if down < 2 and across < 2:
        return picture
    down, across = max(1, down), max(1, across)
    rows, columns = picture.shape[0] // down, picture.shape[1] // across
    out = np.empty((rows, columns, 3), np.uint8)
    for band in bands(rows, columns * across * down):
        part = picture[band.start * down : band.stop * down, : columns * across]
        blocks = part.reshape(band.stop - band.start, down, columns, across, 3)
        out[band] = np.rint(blocks.mean(axis=(1, 3), dtype=np.float32))
    return out


def cubic(picture: Picture, height: int, width: int) -> NDArray[np.float32]:
    """As ``scaled``, by bicubic interpolation, rounded to whole values of 0 to 255 as OpenCV does it."""
    out = np.empty((height, width, 3), np.float32)
    rows, columns = _cubic_taps(height, picture.shape[0]), _cubic_taps(width, picture.shape[1])
    for band in bands(height, max(width, picture.shape[1]), _SAMPLED):
        part = sum(picture[places[band]] * weights[band, None, None] for places, weights in rows)
        part = sum(np.take(part, places, 1) * weights[:, None] for places, weights in columns)
        out[band] = np.clip(np.rint(part), 0, 255)
    return out


def _cubic_taps(count: int, size: int) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Of each of its four neighbours, for each of ``count`` outputs: its place among ``size`` inputs, its weight."""
    at = (np.arange(count) + 0.5) * (size / count) - 0.5
    below = np.floor(at).astype(np.intp)
    weights = enumerate(_cubic_weights(at - below))
    return [(np.clip(below + step - 1, 0, size - 1), each) for step, each in weights]


def _between(count: int, size: int) -> tuple[tuple[NDArray[np.intp], NDArray[np.float32]], NDArray[np.intp]]:
    """For each of ``count`` outputs the input below it with the weight of its successor, and that successor."""
    at = np.clip((np.arange(count) + 0.5) * (size / count) - 0.5, 0, size - 1)
    below = at.astype(np.intp)
    return (below, (at - below).astype(np.float32)), np.minimum(below + 1, size - 1)


def cut(picture: Picture, quad: Quad) -> Picture:
    """The content of ``quad`` as a rectangle as wide and as high as its longer sides, by bicubic interpolation; a
    quarter turn to the left where it is at least 1.5 times as high as wide: text that runs downwards."""
    width, height = _sides(quad)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    out = _sampled(picture, _homography(corners, quad), height, width)
    return np.rot90(out) if runs_across(quad) else out


def runs_across(quad: Quad) -> bool:
    """Whether ``cut`` turns it: its text runs downwards or upwards, and not from left to right."""
    width, height = _sides(quad)
    return height / width >= 1.5


def _sides(quad: Quad) -> tuple[int, int]:
    """The longer ones: width and height."""
    width = max(1, int(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3]))))
    height = max(1, int(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))))
    return width, height


def _homography(source: Quad, target: Quad) -> NDArray[np.float64]:
    """The projective map, 3 by 3, of four points to four others."""
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    found = np.linalg.lstsq(np.array(rows), np.array(values), rcond=None)[0]
    return np.append(found, 1.0).reshape(3, 3)


def _sampled(picture: Picture, backward: NDArray[np.float64], height: int, width: int) -> Picture:
    """Output pixel (x, y) is the input at ``backward`` of it."""
    out = np.empty((height, width, 3), np.uint8)
    for rows in bands(height, width, _SAMPLED):
        out[rows] = _sampled_rows(picture, backward, rows, width)
    return out


def _sampled_rows(picture: Picture, backward: NDArray[np.float64], band: slice, width: int) -> Picture:
    ys, xs = np.mgrid[band, 0:width].astype(np.float64)
    scale = backward[2, 0] * xs + backward[2, 1] * ys + backward[2, 2]
    u = (backward[0, 0] * xs + backward[0, 1] * ys + backward[0, 2]) / scale
    v = (backward[1, 0] * xs + backward[1, 1] * ys + backward[1, 2]) / scale
    left, top = np.floor(u).astype(np.intp), np.floor(v).astype(np.intp)
    across, down = _cubic_weights(u - left), _cubic_weights(v - top)
    rows, columns = picture.shape[:2]
    out = np.zeros((*ys.shape, 3))
    for i in range(4):
        y = np.clip(top + i - 1, 0, rows - 1)
        line = np.zeros((*ys.shape, 3))
        for j in range(4):
            x = np.clip(left + j - 1, 0, columns - 1)
            line += picture[y, x] * across[j][..., None]
        out += line * down[i][..., None]
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def _cubic_weights(t: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Of the four neighbours at -1, 0, 1 and 2 of a point ``t`` past the second of them."""
    a = _CUBIC
    before = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a
    here = ((a + 2) * t - (a + 3)) * t * t + 1
    s = 1 - t
    after = ((a + 2) * s - (a + 3)) * s * s + 1
    return [before, here, after, 1 - before - here - after]
