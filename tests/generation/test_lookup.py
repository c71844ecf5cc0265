"""Drafts are what followed the last tokens where they stood before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.generation.lookup import LONGEST, SHORTEST, PromptLookup

TEXTS = st.lists(st.integers(0, 4), max_size=60)


def read(tokens: list[int]) -> PromptLookup:
    lookup = PromptLookup()
    lookup.extend(tokens)
    return lookup


def plainly(text: list[int], count: int) -> list[int]:
    """The definition: the longest n-gram first, its latest occurrence that something follows."""
    for length in range(LONGEST, SHORTEST - 1, -1):
        for start in range(len(text) - length - 1, -1, -1):
            if text[start : start + length] == text[-length:]:
                source = text[start + length :]
                return (source * (count // len(source) + 1))[:count]
    return []


def test_what_followed_before_is_the_draft() -> None:
    assert read([1, 2, 3, 4, 5, 6, 9, 1, 2, 3]).draft(3) == [4, 5, 6]


def test_the_latest_occurrence_counts() -> None:
    assert read([1, 2, 3, 4, 0, 1, 2, 3, 7, 0, 1, 2, 3]).draft(1) == [7]


def test_a_longer_likeness_goes_before_a_later_one() -> None:
    assert read([5, 1, 2, 8, 9, 1, 2, 7, 5, 1, 2]).draft(1) == [8]


def test_one_token_alone_is_no_likeness() -> None:
    assert read([1, 2, 3, 4, 1]).draft(4) == []


def test_what_repeats_goes_on_repeating() -> None:
    assert read([1, 2, 1, 2, 1]).draft(5) == [2, 1, 2, 1, 2]


def test_the_text_grows_token_by_token() -> None:
    lookup = read([1, 2, 3])
    assert lookup.draft(2) == []
    lookup.extend([1, 2])
    assert lookup.draft(2) == [3, 1]
    assert len(lookup) == 5


def test_n_grams_without_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="can't be looked up"):
        PromptLookup(longest=2, shortest=0)


@given(TEXTS, st.integers(1, 12))
def test_the_index_finds_what_a_plain_search_finds(text: list[int], count: int) -> None:
    assert read(text).draft(count) == plainly(text, count)


@given(TEXTS, TEXTS)
def test_it_makes_no_difference_in_which_pieces_the_text_comes(first: list[int], second: list[int]) -> None:
    whole, pieces = read(first + second), read(first)
    pieces.extend(second)
    assert pieces.draft(6) == whole.draft(6)
