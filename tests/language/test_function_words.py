from __future__ import annotations

import pytest

from orion_py.language.function_words import french_or_english


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what is the capital of France?", "en"),
        ("quelle est la capitale de la France ?", "fr"),
        ("Bonjour", "fr"),
        ("Hello", "en"),
        ("écris un poème sur la mer", "fr"),
        ("Who wrote Les Misérables?", "en"),
        ("traduis « good morning » en espagnol", "fr"),
        ("merci", "fr"),
        ("tell me a joke", "en"),
    ],
)
@pytest.mark.parametrize("locale", ["fr", "en-GB"])
def test_a_question_shows_its_language_by_its_small_words(text: str, language: str, locale: str) -> None:
    assert french_or_english(text, locale) == language


@pytest.mark.parametrize("text", ["12*12", "ok", "", "¿Qué hora es?", "Was ist das?", "こんにちは", "café"])
@pytest.mark.parametrize("locale", ["fr-CA", "en"])
def test_where_words_do_not_tell_the_pages_language_serves(text: str, locale: str) -> None:
    assert french_or_english(text, locale) == locale
