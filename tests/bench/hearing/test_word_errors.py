"""Words heard wrong are counted as a person would count them."""

from __future__ import annotations

import pytest

from bench.hearing.word_errors import errors, rate, words


@pytest.mark.parametrize(
    ("said", "heard", "wrong"),
    [
        ("It was the best.", "it was, the best", 0),
        ("L’œuf d'or", "l'oeuf d'or !", 0),
        ("one two three", "one three", 1),
        ("one two three", "one too three four", 2),
        ("one", "", 1),
        ("", "one", 1),
    ],
)
def test_a_word_replaced_left_out_or_added_is_one_error(said: str, heard: str, wrong: int) -> None:
    assert errors(words(said), words(heard)) == wrong


def test_the_rate_is_of_all_words_together() -> None:
    assert rate([("a b c d", "a b c d"), ("e", "f")]) == 0.2
