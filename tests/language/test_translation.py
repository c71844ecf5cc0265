"""A translation whose target goes without saying."""

from __future__ import annotations

import pytest

from orion_py.language.translation import target_of_translation


@pytest.mark.parametrize(
    ("text", "page", "guessed", "target"),
    [
        ("Translate from French: Où est la gare ?", "en", "fr", "en"),
        ("Translate from French: Où est la gare ?", "fr", "fr", "en"),
        ("Translate “Le chat dort sur le lit”", "fr", "fr", "en"),
        ("Translate this: Où est la gare ?", "en", "fr", "en"),
        ("Please translate: Wo ist der Bahnhof?", "en", "de", "en"),
        ("Traduis de l’anglais : where is the station?", "fr", "en", "fr"),
        ("Traduis « The cat sleeps on the bed »", "fr", "fr", "fr"),
        ("Traduis : le chat dort sur le lit", "fr", "fr", "en"),
        ("Translate: the cat sleeps on the bed", "en", "en", "fr"),
        ("Une traduction du français, s’il te plaît : bonne nuit", "fr", "fr", "en"),
    ],
)
def test_a_translation_goes_into_the_askers_language_or_out_of_it(
    text: str, page: str, guessed: str, target: str
) -> None:
    assert target_of_translation(text, page, guessed) == target


@pytest.mark.parametrize("text", ["Où est la gare ?", "translate something", "Que veut dire « gift » ?"])
def test_without_a_translation_or_a_source_nothing_is_said(text: str) -> None:
    assert target_of_translation(text, "en", "en") is None
