"""Reads a picture's text: detects lines, turns them upright, recognizes each, and orders them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from orion_py.cancellation import CancelToken
from orion_py.errors import RuntimeFailure
from orion_py.runtime.graphs import Graph, GraphModel, Tensor
from orion_py.senses.images.resampling import Picture, cut, runs_across, scaled_bands
from orion_py.senses.reading.detection import TextBox, detector_input, text_boxes
from orion_py.senses.reading.lines import Line, joined, reading_order
from orion_py.senses.reading.recognition import SURELY, TURNED_WIDTH, ReadLine, decoded, line_input, line_width

LONG_SIDE = 2000
"""Pixels: a larger picture is scaled down to it before anything is looked for."""
SHORT_SIDE = 30
"""Pixels: a smaller one is enlarged to it."""
WIDEST = 8
"""A picture that is so many times as wide as high, or lower than ``SHORT_SIDE``, gets a margin, and a narrow one, too:
the detector was trained on none such."""
LEAST_CONFIDENCE = 0.5
"""Of a line that is reported: below that the recognizer guesses."""
LONE_CONFIDENCE = 0.9
"""Of a line with a single character, which anything round or straight looks like."""
OnLine = Callable[[int, int], None]
"""Hears how many lines are read, of how many that were found: once they are found, and after each."""


def unwatched(_read: int, _found: int) -> None:
    """For a reader whom nobody waits for."""


@dataclass(frozen=True, slots=True)
class Reading:
    """``rows``: in the order of reading; ``unsure``: lines that were found and couldn't be read."""

    rows: tuple[tuple[Line, ...], ...]
    unsure: tuple[Line, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for row in self.rows for line in row)

    @property
    def text(self) -> str:
        return joined(self.rows)


class TextReader:
    """``detector``, ``turned`` (upright or upside down) and ``recognizer`` are PP-OCR's graphs, ``characters`` what the
    recognizer's numbers stand for, from number 1 on."""

    def __init__(self, detector: Graph, turned: Graph, recognizer: Graph, characters: Sequence[str]) -> None:
        self._detector, self._turned, self._recognizer = detector, turned, recognizer
        self._characters = characters

    @classmethod
    async def of(cls, model: GraphModel) -> TextReader:
        """The reader of a loaded ``ppocr`` model. Raises InvalidInput where it lacks a session or its characters."""
        characters = (await model.file("characters.txt")).decode().split("\n")
        return cls(model.graph("detector"), model.graph("turned"), model.graph("recognizer"), characters)

    async def read(
        self, picture: Picture, cancel: CancelToken, on_line: OnLine = unwatched, shrink: int = 1
    ) -> Reading:
        """All text in ``picture``. ``shrink``: lines are looked for in a copy whose sides are so many times smaller.
        Raises Cancelled, RuntimeFailure, OutOfMemory or WorkerDied."""
        shrunk = _within_bounds(picture)
        ratio = np.array([picture.shape[1] / shrunk.shape[1], picture.shape[0] / shrunk.shape[0]])
        height, width = shrunk.shape[:2]
        down, across = _margin(height, width), _margin(width, height)
        seen = np.pad(shrunk, ((down, down), (across, across), (0, 0)), mode="edge") if down or across else shrunk
        boxes = await self._boxes(seen, shrink)
        lines: list[Line] = []
        for box in boxes:
            on_line(len(lines), len(boxes))
            cancel.raise_if_cancelled()
            line = cut(seen, box.quad)
            upside_down = await self._is_upside_down(line)
            read = await self._line(line[::-1, ::-1] if upside_down else line)
            quad = np.clip((box.quad - [across, down]) * ratio, 0, [picture.shape[1], picture.shape[0]])
            # Cut out, text that runs downwards begins at its box's second corner; what is upside down begins across.
            begins = (1 if runs_across(box.quad) else 0) + (2 if upside_down else 0)
            lines.append(Line(read.text, np.roll(quad, -begins, axis=0), read.confidence, box.score))
        on_line(len(lines), len(boxes))
        sure = [line for line in lines if _is_sure(line)]
        unsure = tuple(line for line in lines if not _is_sure(line))
        return Reading(tuple(tuple(row) for row in reading_order(sure)), unsure)

    async def _boxes(self, picture: Picture, shrink: int) -> list[TextBox]:
        found = await self._detector.run_held({"x": detector_input(picture, shrink)})
        return text_boxes(found, *picture.shape[:2])

    async def _is_upside_down(self, line: Picture) -> bool:
        return _turned(await self._turned.run({"x": line_input(line, TURNED_WIDTH)})) > SURELY

    async def _line(self, line: Picture) -> ReadLine:
        found = await self._recognizer.run_held({"x": line_input(line, line_width(line))})
        return decoded(found, self._characters)


def _is_sure(line: Line) -> bool:
    text = line.text.strip()
    return bool(text) and line.confidence >= (LEAST_CONFIDENCE if len(text) > 1 else LONE_CONFIDENCE)


def _turned(outputs: Mapping[str, Tensor]) -> float:
    """How likely a line is upside down."""
    (array,) = outputs.values()
    if array.ndim != 2 or not np.isfinite(array).all():
        raise RuntimeFailure("The classifier of turned lines returned no usable numbers.", shape=list(array.shape))
    return float(array[0, -1])


def _within_bounds(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    ratio = min(1.0, LONG_SIDE / max(height, width))
    ratio *= max(1.0, SHORT_SIDE / (ratio * min(height, width)))
    ratio = min(ratio, 2 * LONG_SIDE / max(height, width))  # a hair line isn't blown up to gigabytes
    if ratio == 1.0:
        return picture
    rows, columns = max(1, round(height * ratio)), max(1, round(width * ratio))
    out = np.empty((rows, columns, 3), np.uint8)
    for band, pixels in scaled_bands(picture, rows, columns):
        out[band] = np.rint(pixels)
    return out


def _margin(height: int, width: int) -> int:
    """What a picture gets above and below, or, with its sides exchanged, left and right."""
    if height > SHORT_SIDE and width / height <= WIDEST:
        return 0
    return abs(max(width // WIDEST, SHORT_SIDE) * 2 - height) // 2
