"""What is to become of a recording is read from the prompt."""

from __future__ import annotations

import pytest

from orion_py.agents.speech import question_on, wants_it_written


@pytest.mark.parametrize(
    ("prompt", "written"),
    [
        ("Transcribe it, please.", True),
        ("Mets-le par écrit", True),
        ("Qu'est-ce qui est dit ?", True),
        ("Qu’est-ce que cette personne dit ?", True),
        ("What is being said here?", True),
        ("Transcribe and translate it into French", False),
        ("What does he say about money?", False),
        ("Summarize this recording", False),
        ("Is that true?", False),
        ("Que penses-tu de ça ?", False),
        ("", False),
    ],
)
def test_only_who_wants_the_words_alone_gets_them_alone(prompt: str, written: bool) -> None:
    assert wants_it_written(prompt) is written


@pytest.mark.parametrize(
    ("prompt", "locale", "asked"),
    [
        ("", "en", "What is a comet?"),
        ("Is that a hard question?", "fr-CA", "Is that a hard question?\n\nThe recording says:\nWhat is a comet?"),
        ("Ok ?", "en", "Ok ?\n\nThe recording says:\nWhat is a comet?"),
        ("Est-ce que c'est une question difficile ?", "en", None),
    ],
)
def test_what_is_said_stands_below_a_question_in_its_language(prompt: str, locale: str, asked: str | None) -> None:
    found = question_on("What is a comet?", prompt, locale)
    assert found == asked if asked else "L'enregistrement dit :\nWhat" in found
