"""The classifier's input and its likeliest kinds."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.senses.scenes.classifier import SIDE, classifier_input, likeliest


@pytest.mark.parametrize(("height", "width"), [(8, 8), (100, 4000), (3000, 2000), (224, 224)])
def test_the_middle_square_of_any_picture_is_taken(height: int, width: int) -> None:
    tensor = classifier_input(np.zeros((height, width, 3), np.uint8))
    assert tensor.shape == (1, 3, SIDE, SIDE)
    assert tensor[0, :, 0, 0].tolist() == [-127 / 128] * 3


def test_what_lies_outside_of_the_middle_doesnt_count() -> None:
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[:, :80] = 255
    assert (classifier_input(picture) == classifier_input(np.zeros((100, 300, 3), np.uint8))).all()


def test_the_likeliest_kinds_come_first_and_unlikely_ones_not_at_all() -> None:
    chances = np.array([0.1, 0.6, 0.25, 0.05], np.float32)
    assert [kind for kind, _ in likeliest(chances, 3, 0.2)] == [1, 2]
    assert likeliest(chances, 3, 0.7) == []
