"""Pictures are scaled to grids as Qwen2-VL's processor does it (tests/model_foundry/seeing)."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.manifest.sight import Grid
from orion_py.senses.sight.grid import fitted, places_of
from tests.model_foundry.seeing.folder import PICTURES, QWEN2VL, expected, picture

FORM = Grid(kind="grid", encoder="eyes", token="<|image_pad|>", patch=4, merge=2, least=256, most=1536, head=16)


@pytest.mark.parametrize("name", PICTURES)
def test_the_grid_is_that_of_transformers(name: str) -> None:
    height, width = fitted(picture(name), FORM, 999).shape[:2]
    assert [1, height // 4, width // 4] == expected(QWEN2VL)["pictures"][name]["grid"]


@pytest.mark.parametrize("places", [24, 12, 5, 1])
@pytest.mark.parametrize("shape", [(40, 40), (9, 300), (300, 9), (1, 1)])
def test_it_takes_no_more_places_than_there_are(shape: tuple[int, int], places: int) -> None:
    height, width = fitted(np.zeros((*shape, 3), np.uint8), FORM, places).shape[:2]
    assert height % 8 == width % 8 == 0
    assert height * width // 64 <= places


def test_a_row_has_its_squares_place_and_the_picture_as_many_as_its_longer_side() -> None:
    axes = places_of(2, 3)
    assert axes.places.tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 1, 0], [0, 1, 1], [0, 1, 2]]
    assert axes.span == 3
