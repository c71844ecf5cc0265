"""Which messages want a translation, of what, and between which languages."""

from __future__ import annotations

import pytest

from orion_py.skills.translation_wanted import Translation, passage_of, translation_wanted

HELLO = "Good morning, we will arrive on Saturday."
BONJOUR = "Nous arriverons samedi matin avec les enfants."


@pytest.mark.parametrize(
    ("query", "locale", "wanted"),
    [
        (f'Translate into French: "{HELLO}"', "en", Translation(HELLO, "en", "fr")),
        (f"traduis en anglais : « {BONJOUR} »", "fr", Translation(BONJOUR, "fr", "en")),
        (f'french please, for the card: "{HELLO}"', "en", Translation(HELLO, "en", "fr")),
        (f'my homework, whats this in english? "{BONJOUR}"', "en", Translation(BONJOUR, "fr", "en")),
        (f"What does “{BONJOUR}” mean? I have no idea.", "en", Translation(BONJOUR, "fr", "en")),
        (f"how do i put this in spanish for my pen pal: {HELLO}", "en", Translation(HELLO, "en", "es")),
        (f"traduis ce mail\n{HELLO}", "fr", Translation(HELLO, "en", "fr")),
        ("Translate from French: Quoi ?", "en", Translation("Quoi ?", "fr", "en")),
        ("traduis en italien : « table pour quatre »", "fr", Translation("table pour quatre", "fr", "it")),
    ],
)
def test_the_passage_and_both_languages_are_found(query: str, locale: str, wanted: Translation) -> None:
    assert translation_wanted(query, locale) == wanted


def test_the_passages_own_language_counts_where_it_is_known() -> None:
    query = 'What does my grandson say? "Ciao nonna, ti voglio bene"'
    assert translation_wanted(query, "en", "it") == Translation("Ciao nonna, ti voglio bene", "it", "en")


@pytest.mark.parametrize(
    "query",
    [
        'How do you say "we will go" in French, with the future of "aller"?',
        'What is the difference between "say" and "tell" in English?',
        "Corrige les fautes : « Les cliente sont venu. »",
        "How was your day?",
        "Say something in French",
        'Translate into English: "The shop is closed today."',
        f'Translate into French: "{HELLO * 300}"',
    ],
)
def test_other_questions_on_languages_are_left_to_the_model(query: str) -> None:
    assert translation_wanted(query, "en") is None


def test_a_message_without_a_passage_has_none() -> None:
    assert passage_of("Can you translate?") == ""
