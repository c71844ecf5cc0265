"""Cuts pictures into the tiles that an encoder takes, and writes the marks of Idefics3 and SmolVLM around their rows.

As their processors in transformers do it (image_processing_idefics3.py, processing_idefics3.py): the picture is scaled
until its longer side has ``longest`` pixels, then both sides to multiples of a tile's, and cut; behind the tiles comes
the whole as one tile. Each row of tiles ends with a line's end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from orion_py.manifest.sight import Tiles
from orion_py.runtime.segments import Embeddings, Marked
from orion_py.senses.images.filters import lanczos

if TYPE_CHECKING:
    from orion_py.senses.images.resampling import Picture

AROUND, WHOLE = "<fake_token_around_image>", "<global-img>"
"""Control tokens: of an image's bounds, and before the picture as a whole."""
MARKS = 3
"""Places that the marks of a tile take, at most."""


def tile_mark(row: int, column: int) -> str:
    """The control token before a tile, both counted from 1."""
    return f"<row_{row}_col_{column}>"


@dataclass(frozen=True, slots=True)
class Cut:
    """``tiles``: uint8 [side, side, 3] each, row by row, and the whole picture behind them. ``grid``: rows and columns,
    none of both where the picture isn't cut."""

    tiles: tuple[Picture, ...]
    grid: tuple[int, int]


def within(form: Tiles, height: int, width: int, places: int) -> Tiles:
    """``form`` for a picture that is to take at most so many places of a prompt: with a smaller ``longest``, as far as
    necessary; in the end the picture is one tile."""
    while form.splits and form.longest > form.side:
        rows, columns = _grid(height, width, form)
        if (rows * columns + 1) * (form.rows + MARKS) <= places:
            return form
        form = form.model_copy(update={"longest": max(form.side, form.longest - form.side)})
    return form


def cut(picture: Picture, form: Tiles) -> Cut:
    """``picture`` in tiles as ``form`` wants it."""
    side, (rows, columns) = form.side, _grid(picture.shape[0], picture.shape[1], form)
    picture = lanczos(picture, *_longest(picture.shape[0], picture.shape[1], form.longest))
    if not rows:
        return Cut((lanczos(picture, side, side),), (0, 0))
    picture = lanczos(picture, rows * side, columns * side)
    tiles = [
        picture[row * side : (row + 1) * side, column * side : (column + 1) * side]
        for row in range(rows)
        for column in range(columns)
    ]
    return Cut((*tiles, lanczos(picture, side, side)), (rows, columns))


def marked(rows: Sequence[Embeddings], grid: tuple[int, int]) -> Marked:
    """The rows of a cut picture's tiles, in their order, with the marks around them."""
    parts: list[str | Embeddings] = []
    left = iter(rows)
    for row in range(1, grid[0] + 1):
        for column in range(1, grid[1] + 1):
            parts += [AROUND + tile_mark(row, column), next(left)]
        parts.append("\n")
    parts += [("\n" if grid[0] else "") + AROUND + WHOLE, next(left), AROUND]
    return Marked(tuple(parts))


def _grid(height: int, width: int, form: Tiles) -> tuple[int, int]:
    """Rows and columns of tiles, none of both for a picture that is one."""
    if not form.splits:
        return 0, 0
    height, width = _whole_tiles(*_longest(height, width, form.longest), form.side)
    rows, columns = height // form.side, width // form.side
    return (0, 0) if rows == columns == 1 else (rows, columns)


def _longest(height: int, width: int, longest: int) -> tuple[int, int]:
    """Height and width with the longer side as wanted, the other one even."""
    ratio = width / height
    if width >= height:
        width, height = longest, int(longest / ratio)
        height += height % 2
    else:
        height, width = longest, int(longest * ratio)
        width += width % 2
    return max(1, height), max(1, width)


def _whole_tiles(height: int, width: int, side: int) -> tuple[int, int]:
    """Height and width as multiples of ``side``, about in their ratio."""
    ratio = width / height
    if width >= height:
        width = math.ceil(width / side) * side
        height = math.ceil(int(width / ratio) / side) * side
    else:
        height = math.ceil(height / side) * side
        width = math.ceil(int(height * ratio) / side) * side
    return max(side, height), max(side, width)
