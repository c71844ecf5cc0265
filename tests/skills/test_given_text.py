"""What is to be summarised is told from the wish around it; a message that only speaks of summaries gives none."""

from __future__ import annotations

import pytest

from orion_py.skills.given_text import parted, summary_wanted

TEXT = (
    "The club met on Monday at seven. Ann paid 40 pounds for the hall, and Bob brought the chairs. Nobody wanted to be "
    "treasurer, so Ann stays for one more year. The next meeting is on 3 May at the library."
)


@pytest.mark.parametrize(
    ("query", "sentences", "words", "items"),
    [
        (f"Summarise this in two sentences: {TEXT}", 2, None, False),
        (f"sum this up in one sentence\n\n{TEXT}", 1, None, False),
        (f"{TEXT}\n\ntl;dr please", None, None, False),
        (f"Résume en 20 mots :\n{TEXT}", None, 20, False),
        (f"Tu peux résumer ça ? « {TEXT} »", None, None, False),
        (f"Fais court : c'est quoi les 3 points importants de cette note ?\n\n{TEXT}", 3, None, True),
        (f"give me the three key points as bullets:\n{TEXT}", 3, None, True),
    ],
)
def test_a_wish_for_a_summary_is_understood(query: str, sentences: int | None, words: int | None, items: bool) -> None:
    wanted = summary_wanted(query)
    assert wanted is not None
    assert wanted.text == TEXT
    assert (wanted.sentences, wanted.words, wanted.items) == (sentences, words, items)


def test_the_turn_before_is_summarised_where_the_message_gives_no_text() -> None:
    wanted = summary_wanted("Can you summarise that?", TEXT)
    assert wanted is not None
    assert wanted.text == TEXT
    assert summary_wanted("Can you summarise that?", "Short.") is None


@pytest.mark.parametrize(
    "query",
    [
        "How do I write a summary?",
        "What is a summary?",
        f"What does this say about Ann? {TEXT}",
        "Summarise the French Revolution for me",
        f"comment faire un résumé ?\n\n{TEXT}",
    ],
)
def test_other_wishes_are_none(query: str) -> None:
    assert summary_wanted(query) is None


def test_a_text_and_the_wish_around_it_are_told_apart() -> None:
    assert parted(f"Read this:\n{TEXT}") == (TEXT, "Read this:")
    assert parted("Hello there") == ("", "Hello there")
    assert parted(f"Read this\n{TEXT}") == (TEXT, "Read this")
