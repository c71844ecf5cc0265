from __future__ import annotations

import pytest

from orion_py.language.names import name_of, target_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("say good morning in Spanish", "es"),
        ("translate this into German: the cat", "de"),
        ("dis bonjour en italien", "it"),
        ("traduis en Français", "fr"),
        ("traduis ceci vers l’anglais", "en"),
        ("from French to Portuguese", "pt"),
        ("en neerlandais", "nl"),
        ("answer in mandarin", "zh"),
    ],
)
def test_the_language_asked_for_is_found_by_its_name(text: str, language: str) -> None:
    assert target_of(text) == language


@pytest.mark.parametrize("text", ["I like Spanish food", "la cuisine italienne", "the Germans", "", "in a word"])
def test_a_language_that_is_only_mentioned_is_not_asked_for(text: str) -> None:
    assert target_of(text) is None


def test_names_are_in_the_readers_language() -> None:
    assert [name_of("es", "fr-CA"), name_of("es", "en"), name_of("eo", "en")] == ["espagnol", "Spanish", "eo"]
