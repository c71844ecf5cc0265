"""Pictures are cut and marked as the processors of Idefics3 and SmolVLM do it (tests/model_foundry/seeing)."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.manifest.sight import Tiles
from orion_py.runtime.segments import Embeddings, Marked
from orion_py.senses.sight.tiles import cut, marked, within
from tests.model_foundry.seeing.folder import PICTURES, expected_tensors, picture

FORM = Tiles(kind="tiles", encoder="eyes", token="<image>", side=32, longest=64, splits=True, rows=4)


def rows(value: int) -> Embeddings:
    return Embeddings.of(np.full((4, 8), value, np.float32))


def told(found: Marked) -> list[str]:
    return [part if isinstance(part, str) else f"[{part.rows[0, 0]:g}]" for part in found.parts]


@pytest.mark.parametrize("name", PICTURES)
def test_the_tiles_are_those_of_transformers(name: str) -> None:
    pixels = expected_tensors()[f"{name}.pixels"]
    wanted = np.rint((pixels * 0.5 + 0.5) * 255).transpose(0, 2, 3, 1)
    found = np.stack(cut(picture(name), FORM).tiles)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1
    assert (found != wanted).mean() < 0.002


def test_a_wide_picture_has_more_columns_than_rows_and_a_small_one_is_one_tile() -> None:
    assert cut(np.zeros((20, 200, 3), np.uint8), FORM).grid == (1, 2)
    assert cut(np.zeros((200, 20, 3), np.uint8), FORM).grid == (2, 1)
    assert cut(np.zeros((1, 400, 3), np.uint8), FORM).grid == (1, 2)
    one = FORM.model_copy(update={"longest": 32})
    assert cut(np.zeros((30, 40, 3), np.uint8), one).grid == (0, 0)


def test_a_picture_that_is_not_to_be_split_is_one_tile() -> None:
    found = cut(picture("wide"), FORM.model_copy(update={"splits": False}))
    assert [tile.shape for tile in found.tiles] == [(32, 32, 3)]
    assert found.grid == (0, 0)


@pytest.mark.parametrize(("places", "tiles"), [(512, 5), (35, 5), (34, 1), (1, 1)])
def test_a_picture_takes_no_more_places_than_there_are_as_far_as_a_tile_takes_fewer(places: int, tiles: int) -> None:
    form = within(FORM, 60, 64, places)
    assert len(cut(np.zeros((60, 64, 3), np.uint8), form).tiles) == tiles
    assert form == FORM or tiles < 5


def test_a_large_picture_loses_tiles_one_row_after_the_other() -> None:
    large = FORM.model_copy(update={"longest": 128})
    counts = [
        len(cut(np.zeros((100, 100, 3), np.uint8), within(large, 100, 100, places)).tiles) for places in (999, 118, 70)
    ]
    assert counts == [17, 10, 10]


def test_the_marks_stand_before_each_tile_and_around_the_whole() -> None:
    assert told(marked([rows(1), rows(2), rows(3)], (1, 2))) == [
        "<fake_token_around_image><row_1_col_1>",
        "[1]",
        "<fake_token_around_image><row_1_col_2>",
        "[2]",
        "\n",
        "\n<fake_token_around_image><global-img>",
        "[3]",
        "<fake_token_around_image>",
    ]
    assert told(marked([rows(1)], (0, 0))) == [
        "<fake_token_around_image><global-img>",
        "[1]",
        "<fake_token_around_image>",
    ]
