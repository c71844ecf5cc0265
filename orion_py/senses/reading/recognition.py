"""Reads one line of text: the recognizer's input, and the text of what it returns.

The recognizer is PP-OCR's: a line 48 pixels high goes in, and for each eighth pixel column come probabilities over a
character set whose number 0 means "nothing" (connectionist temporal classification, Graves et al. 2006, decoded
greedily).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orion_py.senses.images.resampling import Picture, scaled

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


def line_input(line: Picture, width: int) -> NDArray[np.float32]:
    """What recognizer and classifier take: float32 [1, 3, 48, width], blue first, zeros to the right of the line."""
    rows, columns = line.shape[:2]
    taken = min(width, math.ceil(HEIGHT * columns / rows))
    out = np.zeros((1, 3, HEIGHT, width), np.float32)
    pixels = np.rint(scaled(line, HEIGHT, taken)) / 127.5 - 1
    out[0, :, :, :taken] = pixels[..., ::-1].transpose(2, 0, 1)
    return out


def line_width(line: Picture) -> int:
    """The width that the recognizer gets for ``line``."""
    rows, columns = line.shape[:2]
    return max(LEAST_WIDTH, int(HEIGHT * columns / rows))


def decoded(probabilities: NDArray[np.float32], characters: Sequence[str]) -> ReadLine:
    """The line's text from ``probabilities`` [steps, 1 + characters]; number 1 is the first of ``characters``."""
    best = probabilities.argmax(axis=1)
    kept = (best != BLANK) & np.append(True, best[1:] != best[:-1])
    chances = probabilities[np.arange(len(best)), best][kept]
    text = "".join(characters[number - 1] for number in best[kept].tolist() if number <= len(characters))
    return ReadLine(text, float(chances.mean()) if len(chances) else 0.0)
