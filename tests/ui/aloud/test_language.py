"""Which voice reads a text: English and French are told apart, and a quoted word changes nothing."""

from __future__ import annotations

import pytest

from ui.aloud.language import guess


@pytest.mark.parametrize("page", ["en", "fr"])
def test_a_texts_own_words_decide_whatever_the_page_speaks(page: str) -> None:
    assert guess("The sky is blue because the air scatters blue light more than red.", page) == "en"
    assert guess("Le ciel est bleu parce que l’air diffuse la lumière bleue plus que la rouge.", page) == "fr"


def test_what_does_not_tell_is_read_as_what_came_before() -> None:
    for language in ("en", "fr"):
        assert guess("Orion, 42.", language) == language
        assert guess("“Je ne sais quoi”", language) == language
        assert guess("", language) == language


def test_a_third_language_stays_with_the_pages_voice() -> None:
    assert guess("Der Himmel ist blau, weil die Luft blaues Licht streut.", "fr") == "fr"
