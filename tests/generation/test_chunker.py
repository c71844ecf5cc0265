"""Pieces of the wanted size."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.generation.chunker import MAX_HELD, Chunker
from orion_py.protocol import Granularity


def texts(granularity: Granularity, pushes: Sequence[str]) -> list[str]:
    pieces: list[str] = []
    chunker = Chunker(granularity, pieces.append)
    passed = "".join([*(chunker.push(text) for text in pushes if text), chunker.finish()])
    assert passed == "".join(pieces), "what goes on is what the pieces hold"
    return pieces


def sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in texts("sentence", [text])]


def test_by_token_each_push_is_a_piece() -> None:
    assert texts("token", ["Hel", "lo", " wor", "ld"]) == ["Hel", "lo", " wor", "ld"]


def test_by_word_a_word_comes_when_it_is_complete() -> None:
    assert texts("word", ["Hel", "lo wor", "ld, my", " friend"]) == ["Hello", " world,", " my", " friend"]


def test_by_word_line_ends_and_spaces_go_with_the_next_word() -> None:
    assert texts("word", ["a\n\n", "  b "]) == ["a", "\n\n  b", " "]


def test_by_word_scripts_without_spaces_go_by_character() -> None:
    assert texts("word", ["你好 world", " 東京"]) == ["你", "好", " world", " 東", "京"]


def test_by_sentence_a_sentence_comes_when_the_next_begins() -> None:
    chunker = Chunker("sentence", lambda piece: None)
    assert chunker.push("Hello there.") == ""
    assert chunker.push(" ") == ""
    assert chunker.push("How") == "Hello there."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Pi is 3.14 today. Yes.", ["Pi is 3.14 today.", "Yes."]),
        ("Il fait 3,5 °C. Il neige.", ["Il fait 3,5 °C.", "Il neige."]),
        ("M. Dupont et Mme. Durand sont là. Oui.", ["M. Dupont et Mme. Durand sont là.", "Oui."]),
        ("Mr. Smith met Dr. Jones. They talked.", ["Mr. Smith met Dr. Jones.", "They talked."]),
        ("J. R. R. Tolkien wrote it. Good.", ["J. R. R. Tolkien wrote it.", "Good."]),
        ("Des fruits, des noix, etc. Puis du pain.", ["Des fruits, des noix, etc.", "Puis du pain."]),
        ("Use a tool, e.g. Python, daily. Done.", ["Use a tool, e.g. Python, daily.", "Done."]),
        ("Voir art. 5 et fig. 12. Fin.", ["Voir art. 5 et fig. 12.", "Fin."]),
        ("C'est de l'art. Puis rien.", ["C'est de l'art.", "Puis rien."]),
        ("The answer is no. But wait.", ["The answer is no.", "But wait."]),
        ("Quoi ? Oui ! Bien sûr.", ["Quoi ?", "Oui !", "Bien sûr."]),
        ("« Bonjour ! » dit-il. Elle rit.", ["« Bonjour ! » dit-il.", "Elle rit."]),
        ("Il dit : « Viens. » Elle vint.", ["Il dit : « Viens. »", "Elle vint."]),
        ('She said "Go." He went.', ['She said "Go."', "He went."]),
        ("Wait... What? Really?! Yes.", ["Wait...", "What?", "Really?!", "Yes."]),
        ("hmm... maybe later. Ok.", ["hmm... maybe later.", "Ok."]),
        ("1. First thing\n2. Second thing", ["1. First thing", "2. Second thing"]),
        ("A title\n\nA paragraph. End", ["A title", "A paragraph.", "End"]),
        ("**Bold.** Then more.", ["**Bold.**", "Then more."]),
        ("See example.com/a.b for more. Bye.", ["See example.com/a.b for more.", "Bye."]),
    ],
)
def test_sentences_in_french_and_english(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_text_that_never_ends_a_piece_still_moves() -> None:
    for granularity in ("word", "sentence"):
        pieces = texts(granularity, ["x" * (2 * MAX_HELD + 5)])
        assert [len(piece) for piece in pieces] == [MAX_HELD, MAX_HELD, 5]


def test_a_long_row_of_full_stops_is_no_burden() -> None:
    assert "".join(texts("sentence", ["."] * 3000)) == "." * 3000


@settings(deadline=None)
@given(
    st.sampled_from(["word", "sentence"]),
    st.text(st.sampled_from("ab A.!?…»\n «'1é你)"), max_size=60),
    st.data(),
)
def test_the_cutting_has_no_influence_and_nothing_is_lost(
    granularity: Granularity, text: str, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=15)))
    pushes = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    pieces = texts(granularity, pushes)
    assert "".join(pieces) == text
    assert pieces == texts(granularity, [text])
    assert all(pieces)


@settings(deadline=None)
@given(st.sampled_from(["word", "sentence"]), st.integers(MAX_HELD - 4, MAX_HELD + 4), st.integers(0, 9))
def test_the_cutting_has_no_influence_near_the_limit_either(granularity: Granularity, length: int, cut: int) -> None:
    text = "x" * length + ".  Yes"
    whole = texts(granularity, [text])
    assert whole == texts(granularity, list(text))
    assert whole == texts(granularity, [text[: length + cut - 4], text[length + cut - 4 :]])
