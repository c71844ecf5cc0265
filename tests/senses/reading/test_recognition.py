"""A line's input, and text from probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.errors import RuntimeFailure
from orion_py.runtime.whole import HeldArray, whole
from orion_py.senses.reading.recognition import HEIGHT, LEAST_WIDTH, decoded, line_input, line_width

CHARACTERS = ["a", "b", "é", " "]


def chances(*numbers: int, sure: float = 0.9) -> np.ndarray:
    out = np.full((len(numbers), 1 + len(CHARACTERS)), (1 - sure) / len(CHARACTERS), np.float32)
    out[np.arange(len(numbers)), numbers] = sure
    return out


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((1, 1, 0, 1, 2), "aab"),
        ((0, 0, 0), ""),
        ((3, 0, 4, 4, 1), "é a"),
        ((2, 2, 2), "b"),
    ],
)
def test_repeats_are_one_character_unless_nothing_stands_between(numbers: tuple[int, ...], text: str) -> None:
    assert decoded(HeldArray(chances(*numbers)[None]), CHARACTERS).text == text


def test_the_confidence_is_that_of_the_characters_alone() -> None:
    rows = np.concatenate([chances(1, sure=0.8), chances(0, sure=1.0), chances(2, sure=0.6)])
    assert decoded(HeldArray(rows[None]), CHARACTERS).confidence == pytest.approx(0.7)
    assert decoded(HeldArray(chances(0, 0)[None]), CHARACTERS).confidence == 0.0


def test_a_short_line_is_padded_with_the_grey_of_training() -> None:
    line = np.full((24, 24, 3), 255, np.uint8)
    assert line_width(line) == LEAST_WIDTH
    tensor = whole(line_input(line, LEAST_WIDTH))
    assert tensor.shape == (1, 3, HEIGHT, LEAST_WIDTH)
    assert (tensor[..., :48] == 1).all()
    assert (tensor[..., 48:] == 0).all()


def test_a_long_line_keeps_its_shape() -> None:
    assert line_width(np.zeros((20, 500, 3), np.uint8)) == 1200


@pytest.mark.parametrize("shape", [(1, 0, 5), (5, 5), (2, 3, 5)])
def test_what_is_no_line_of_probabilities_is_the_models_fault(shape: tuple[int, ...]) -> None:
    with pytest.raises(RuntimeFailure):
        decoded(HeldArray(np.zeros(shape, np.float32)), CHARACTERS)
