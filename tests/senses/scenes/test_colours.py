"""Names of colours, and their shares."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.senses.scenes.colours import COLOURS, FRENCH, main_colours


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((0, 0, 0), "black"),
        ((255, 255, 255), "white"),
        ((128, 128, 128), "grey"),
        ((220, 20, 30), "red"),
        ((120, 10, 10), "red"),
        ((255, 140, 0), "orange"),
        ((255, 220, 0), "yellow"),
        ((0, 128, 0), "green"),
        ((30, 60, 220), "blue"),
        ((100, 180, 255), "blue"),
        ((128, 0, 160), "purple"),
        ((255, 150, 190), "pink"),
        ((110, 65, 25), "brown"),
        ((250, 248, 240), "white"),
    ],
)
def test_a_plain_picture_has_its_colour(rgb: tuple[int, int, int], name: str) -> None:
    assert main_colours(np.full((40, 30, 3), rgb, np.uint8)) == [(name, 1.0)]


def test_shares_come_largest_first_and_specks_are_left_out() -> None:
    picture = np.full((100, 100, 3), 255, np.uint8)
    picture[:30] = (200, 0, 0)
    picture[99, 90:] = (0, 0, 255)
    assert [(name, round(share, 1)) for name, share in main_colours(picture)] == [("white", 0.7), ("red", 0.3)]


def test_each_colour_has_a_french_name() -> None:
    assert set(FRENCH) == set(COLOURS)
