"""Sentences end where a reader pauses, and not at every full stop."""

from __future__ import annotations

import pytest

from orion_py.senses.speaking.sentences import pieces, sentences


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        ("Dr. Smith met Mr. J. Jones at 3.14 p.m. today.", ["Dr. Smith met Mr. J. Jones at 3.14 p.m. today."]),
        ("He left at 3 p.m. She stayed.", ["He left at 3 p.m.", "She stayed."]),
        (
            "Apples, pears, etc. are fruit. So is e.g. the fig.",
            ["Apples, pears, etc. are fruit.", "So is e.g. the fig."],
        ),
        ("M. Dupont et Mme Durand. Ils arrivent.", ["M. Dupont et Mme Durand.", "Ils arrivent."]),
        ("« Quoi ? » demanda-t-il. « Rien ! »", ["« Quoi ? » demanda-t-il.", "« Rien ! »"]),
        ('She said "No." Then she left.', ['She said "No."', "Then she left."]),
        ("Oui, il y en a. Beaucoup.", ["Oui, il y en a.", "Beaucoup."]),
        ("The U.S. Congress met.", ["The U.S. Congress met."]),
        ("No end", ["No end"]),
        ("... !", []),
    ],
)
def test_a_text_is_cut_at_its_sentences(text: str, found: list[str]) -> None:
    assert sentences(text) == found


def test_a_long_sentence_is_cut_at_its_clauses() -> None:
    text = "When the day was over, and the lamps were lit, they sat down to eat; nobody spoke."
    assert list(pieces(text, 50)) == [
        "When the day was over, and the lamps were lit,",
        "they sat down to eat; nobody spoke.",
    ]
    assert list(pieces(text, 500)) == [text]


def test_without_clauses_it_is_cut_at_words_and_without_words_anywhere() -> None:
    assert list(pieces("aaa bbb ccc", 7)) == ["aaa bbb", "ccc"] or list(pieces("aaa bbb ccc", 7)) == ["aaa", "bbb ccc"]
    assert list(pieces("a" * 25, 10)) == ["a" * 10, "a" * 10, "a" * 5]
