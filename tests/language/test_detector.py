"""The real library in CPython; its model is the one that the browser gets cut down."""

from __future__ import annotations

import pytest

from orion_py.language.detector import Guess, LangidDetector, NoDetector, best

DETECTOR = LangidDetector()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("¿Cuál es la capital de Perú?", "es"),
        ("Kannst du mir helfen?", "de"),
        ("Mi chiamo Luca e vivo a Roma", "it"),
        ("Obrigado pela ajuda", "pt"),
        ("Hoe gaat het met je?", "nl"),
        ("Tack så mycket för hjälpen", "sv"),
        ("こんにちは", "ja"),
        ("你好吗", "zh"),
        ("comment ça va", "fr"),
        ("how are you doing today", "en"),
    ],
)
async def test_a_short_question_shows_its_language_on_an_english_page(text: str, language: str) -> None:
    guess = await DETECTOR.detect(text, "en")
    assert guess is not None
    assert guess.language == language
    assert 0.5 <= guess.probability <= 1


@pytest.mark.parametrize(("word", "language"), [("Bonjour", "fr"), ("Hola!", "es"), ("Ciao", "it"), ("hi", "en")])
async def test_greetings_are_known_without_the_library(word: str, language: str) -> None:
    async def never() -> None:
        raise AssertionError("the library was fetched")

    guess = await LangidDetector(never).detect(word, "en")
    assert guess is not None
    assert guess.language == language


async def test_a_text_of_two_languages_has_none() -> None:
    assert await DETECTOR.detect("Who wrote Les Misérables?", "en") is None


def test_the_pages_language_decides_where_the_text_alone_does_not() -> None:
    ranked = [("fr", 0.5), ("en", 0.3), ("de", 0.2)]
    assert best(ranked, "en") == Guess("en", pytest.approx(0.9 / 1.6))
    assert best(ranked, "fr") == Guess("fr", 0.75)
    assert best(ranked, "sv") == Guess("fr", 0.5)
    assert best([("fr", 0.4), ("en", 0.3), ("de", 0.3)], "sv") is None


@pytest.mark.parametrize("text", ["", "12*12", "?!", "🙂"])
async def test_a_text_without_words_has_no_language(text: str) -> None:
    assert await DETECTOR.detect(text, "en") is None


async def test_a_library_that_cannot_be_fetched_is_asked_for_again_with_the_next_question() -> None:
    tries = []

    async def offline() -> None:
        tries.append(1)
        raise OSError("offline")

    detector = LangidDetector(offline)
    assert await detector.detect("¿Cuál es la capital?", "en") is None
    assert await detector.detect("¿Cuál es la capital?", "en") is None
    assert len(tries) == 2


async def test_no_detector_never_knows() -> None:
    assert await NoDetector().detect("hello", "en") is None
