"""Behind a picture a token's place is less than its row in the cache."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.errors import InvalidInput
from orion_py.runtime.rotary_places import RotaryPlaces
from orion_py.runtime.segments import Axes, Embeddings
from orion_py.senses.sight.grid import places_of


def picture(height: int, width: int, value: float = 1.0) -> Embeddings:
    return Embeddings.of(np.full((height * width, 4), value, np.float32), places_of(height, width))


def told(places: RotaryPlaces, row: int, inputs: Embeddings) -> list[list[int]]:
    found: list[list[int]] = places.of_embeddings(row, inputs).tolist()
    return found


def test_tokens_before_a_picture_have_their_rows_places() -> None:
    assert RotaryPlaces().of_tokens(3, 2).tolist() == [3, 4]


def test_a_picture_takes_up_as_many_places_as_its_longer_side_has() -> None:
    places = RotaryPlaces()
    assert told(places, 4, picture(2, 3)) == [[4, 4, 4], [4, 4, 5], [4, 4, 6], [4, 5, 4], [4, 5, 5], [4, 5, 6]]
    assert places.of_tokens(10, 2).tolist() == [7, 8]
    assert told(places, 12, picture(1, 2)) == [[9, 9, 9], [9, 9, 10]]
    assert places.of_tokens(14, 1).tolist() == [11]


def test_a_picture_that_is_read_in_parts_has_the_same_places() -> None:
    whole, parts, shown = RotaryPlaces(), RotaryPlaces(), picture(2, 3)
    expected = told(whole, 4, shown)
    assert (
        told(parts, 4, shown.part(0, 2)) + told(parts, 6, shown.part(2, 5)) + told(parts, 9, shown.part(5)) == expected
    )
    assert parts.of_tokens(10, 1).tolist() == whole.of_tokens(10, 1).tolist()


def test_what_is_dropped_counts_no_more_and_what_was_before_it_still_does() -> None:
    places = RotaryPlaces()
    places.of_embeddings(0, picture(2, 2))
    places.of_embeddings(5, picture(2, 2))
    places.cut(5)
    assert places.of_tokens(5, 1).tolist() == [3]
    places.cut(0)
    assert places.of_tokens(5, 1).tolist() == [5]


def test_a_sound_without_axes_has_a_place_a_row() -> None:
    places = RotaryPlaces()
    places.of_embeddings(0, picture(2, 2))
    assert told(places, 4, Embeddings.of(np.ones((2, 4), np.float32))) == [[2, 2, 2], [3, 3, 3]]


def test_the_same_rows_at_other_places_are_another_content() -> None:
    assert picture(2, 3).hash != picture(3, 2).hash
    assert picture(2, 3).hash == picture(2, 3).hash


def test_more_rows_than_places_are_refused() -> None:
    with pytest.raises(InvalidInput, match="more rows than places"):
        Embeddings.of(np.ones((3, 4), np.float32), Axes(np.zeros((2, 3), np.int32), 1))
