"""Reads one line of text: the recognizer's input, and the text of what it returns.

The recognizer is PP-OCR's: a line 48 pixels high goes in, and for each eighth pixel column come probabilities over a
character set whose number 0 means "nothing" (connectionist temporal classification, Graves et al. 2006, decoded
greedily).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orion_py.runtime.bands import Held, InBands, read_bands
from orion_py.senses.images.resampling import Picture, scaled_bands

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEIGHT = 48
LEAST_WIDTH = 320
"""A shorter line is padded to this, as in training."""
TURNED_WIDTH = 192
"""What the classifier of upside-down lines sees, 48 high."""
SURELY = 0.9
"""From there on a line counts as upside down."""
BLANK = 0


@dataclass(frozen=True, slots=True)
class ReadLine:
    text: str
    confidence: float
    """The mean probability of its characters, 0 to 1."""


def line_input(line: Picture, width: int) -> InBands:
    """What recognizer and classifier take: [1, 3, 48, width], blue first, zeros to the right of the line."""
    rows, columns = line.shape[:2]
    taken = min(width, math.ceil(HEIGHT * columns / rows))

    def bands() -> Iterator[tuple[int, NDArray[np.float32]]]:
        for band, pixels in scaled_bands(line, HEIGHT, taken):
            out = np.zeros((3, len(pixels), width), np.float32)
            out[:, :, :taken] = (np.rint(pixels) / 127.5 - 1)[..., ::-1].transpose(2, 0, 1)
            yield band.start, out

    return InBands((1, 3, HEIGHT, width), bands)


def line_width(line: Picture) -> int:
    """The width that the recognizer gets for ``line``."""
    rows, columns = line.shape[:2]
    return max(LEAST_WIDTH, int(HEIGHT * columns / rows))


def decoded(probabilities: Held, characters: Sequence[str]) -> ReadLine:
    """The line's text from ``probabilities`` [1, steps, 1 + characters]; number 1 is the first of ``characters``.
    Raises RuntimeFailure for others."""
    steps = [
        (values.argmax(axis=1), values.max(axis=1)) for _, values in read_bands(probabilities, 3, "text recognizer")
    ]
    best, likely = (np.concatenate(parts) for parts in zip(*steps, strict=True))
    kept = (best != BLANK) & np.append(True, best[1:] != best[:-1])
    chances = likely[kept]
    text = "".join(characters[number - 1] for number in best[kept].tolist() if number <= len(characters))
    return ReadLine(text, float(chances.mean()) if len(chances) else 0.0)
