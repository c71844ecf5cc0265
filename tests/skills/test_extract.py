"""The sentences that say most are chosen, in the text's order, without repeats of each other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from orion_py.skills.extract import chosen

TEXT = [
    "The town council decides on Friday about the new bridge over the river.",
    "The bridge over the river will cost the town four million.",
    "The weather was fine.",
    "The council must decide about the new bridge over the river on Friday.",
    "My aunt likes jam.",
]


def test_what_the_text_is_about_is_chosen_and_what_stands_aside_is_not() -> None:
    assert chosen(TEXT, 2) == [0, 1]


def test_all_are_chosen_where_all_are_wanted() -> None:
    assert chosen(TEXT, 9) == [0, 1, 2, 3, 4]


def test_the_encoders_vectors_decide_where_they_are_there() -> None:
    vectors = [np.array(row, np.float32) for row in ([0, 1], [0.1, 1], [1, 0], [1, 0.1], [1, 0.4])]
    assert chosen(TEXT, 1, vectors) == [4]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=12), st.integers(1, 14))
def test_so_many_are_chosen_each_once_and_in_order(sentences: list[str], count: int) -> None:
    found = chosen(sentences, count)
    assert len(found) == min(count, len(sentences))
    assert found == sorted(set(found))
