"""Where a sentence ends, in a text that is whole and in one that grows."""

from __future__ import annotations

import pytest

from ui.aloud.sentences import LONGEST, last_cut, shortened, split


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Mr. Smith paid 3.50 to Dr. Jones. He left.", ["Mr. Smith paid 3.50 to Dr. Jones.", "He left."]),
        ("M. Dupont habite ici. Il dort.", ["M. Dupont habite ici.", "Il dort."]),
        ("Fruit, e.g. apples, etc. and so on. Done.", ["Fruit, e.g. apples, etc. and so on.", "Done."]),
        ("« Où est-il ? » Elle ne sait pas.", ["« Où est-il ? »", "Elle ne sait pas."]),
        ("J. R. Tolkien wrote it. Yes.", ["J. R. Tolkien wrote it.", "Yes."]),
        ("1. First of all. Then more.", ["1. First of all.", "Then more."]),
        ("Wait… What?", ["Wait…", "What?"]),
        ("Version 2. It works.", ["Version 2.", "It works."]),
        ("Il dit « Non ! » et part. Fin.", ["Il dit « Non ! » et part.", "Fin."]),
        ("“No!” he said. Yes", ["“No!” he said.", "Yes"]),
        ("Quoi\u202f?\u202f! Rien.", ["Quoi\u202f?\u202f!", "Rien."]),
        ("", []),
    ],
)
def test_a_whole_text_is_split_at_its_ends(text: str, parts: list[str]) -> None:
    assert split(text) == parts


def test_a_text_that_grows_is_cut_only_once_the_next_sentence_has_begun() -> None:
    assert last_cut("It is so.") == 0, "3. may become 3.5"
    assert last_cut("It is so. ") == 0
    assert last_cut("It is so. T") == len("It is so.")
    assert last_cut("It is so. The rest. An") == len("It is so. The rest.")


@pytest.mark.parametrize("text", ["Use `a. B", "So $x. Y", "See [a. B", "See [a](http://x. Y", "Then \\(a. B"])
def test_nothing_is_cut_in_code_in_a_formula_or_in_a_link(text: str) -> None:
    assert last_cut(text) == 0


def test_the_first_clause_may_be_said_alone() -> None:
    text = "When the light of the Sun enters the air, it meets"
    assert last_cut(text) == 0
    assert text[: last_cut(text, clauses=True)] == "When the light of the Sun enters the air,"
    assert last_cut("Well, it meets", clauses=True) == 0, "one word alone sounds chopped"


def test_no_part_is_too_long_and_no_word_is_lost() -> None:
    text = "word, " * 60 + "x" * 500
    parts = shortened(text)
    assert max(map(len, parts)) <= LONGEST
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
