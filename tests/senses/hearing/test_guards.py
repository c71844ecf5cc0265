"""Loops, guesses and silence are told from speech."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.senses.hearing import guards


def test_a_text_that_repeats_itself_compresses() -> None:
    assert guards.compression("merci beaucoup " * 20) > guards.MOST_COMPRESSED
    assert guards.compression("It was the best of times, it was the worst of times, it was the age of wisdom") < 2.4
    assert guards.compression("") == 1.0


@given(st.lists(st.integers(0, 9), min_size=1, max_size=24), st.integers(8, 20), st.lists(st.integers(10, 99)))
def test_a_loop_is_found_and_its_first_round_stays(phrase: list[int], times: int, before: list[int]) -> None:
    said = before + phrase * max(times, 24 // len(phrase) + 2)
    cut = said[: len(said) - guards.repeated(said)]
    assert len(before) < len(cut) <= len(before) + len(phrase)


@pytest.mark.parametrize("said", [[], [1], list(range(200)), [1, 2] * 5, [7] * 10, [1, 2, 3] * 4 + [9]])
def test_speech_is_not_a_loop(said: list[int]) -> None:
    assert guards.repeated(said) == 0


def test_nobody_speaks_only_where_the_text_is_improbable_too() -> None:
    assert guards.nobody_speaks(0.9, -1.5)
    assert not guards.nobody_speaks(0.9, -0.3), "Whisper's no-speech token is often wrong about quiet voices"
    assert not guards.nobody_speaks(0.1, -1.5)


def test_a_guess_and_a_loop_are_doubtful() -> None:
    assert guards.doubtful("hello", -1.2)
    assert guards.doubtful("no no no no no no no no no no no no no no no no no no", -0.1)
    assert not guards.doubtful("Hello, how are you today?", -0.3)


@pytest.mark.parametrize(
    ("tokens", "count"), [("", 0), ("ab", 0), ("abcabc", 3), ("xabcabc", 3), ("abab", 0), ("aaa", 0), ("abcdabcd", 4)]
)
def test_what_is_said_again_at_once_is_noticed_and_a_word_that_comes_twice_is_not(tokens: str, count: int) -> None:
    assert guards.said_again([ord(each) for each in tokens]) == count
