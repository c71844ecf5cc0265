"""The streamer: pieces, listeners, cancelling, statistics."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.errors import Cancelled, IllegalTransition
from orion_py.generation.streamer import MAX_HELD, Granularity, Piece, TokenStreamer


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def texts(granularity: Granularity, pushes: Sequence[str]) -> list[str]:
    streamer = TokenStreamer(granularity, clock=Clock())
    pieces = [piece for text in pushes for piece in streamer.push(text)]
    return [piece.text for piece in pieces + streamer.finish()]


def sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in texts("sentence", [text])]


def test_by_token_each_push_is_a_piece() -> None:
    assert texts("token", ["Hel", "lo", " wor", "ld"]) == ["Hel", "lo", " wor", "ld"]


def test_a_token_without_text_counts_but_is_no_piece() -> None:
    streamer = TokenStreamer(clock=Clock())
    assert streamer.push("") == []
    assert streamer.push("a")[0].tokens == 2


def test_by_word_a_word_comes_when_it_is_complete() -> None:
    assert texts("word", ["Hel", "lo wor", "ld, my", " friend"]) == ["Hello", " world,", " my", " friend"]


def test_by_word_line_ends_and_spaces_go_with_the_next_word() -> None:
    assert texts("word", ["a\n\n", "  b "]) == ["a", "\n\n  b", " "]


def test_by_word_scripts_without_spaces_go_by_character() -> None:
    assert texts("word", ["你好 world", " 東京"]) == ["你", "好", " world", " 東", "京"]


def test_by_sentence_a_sentence_comes_when_the_next_begins() -> None:
    streamer = TokenStreamer("sentence", clock=Clock())
    assert streamer.push("Hello there.") == []
    assert streamer.push(" ") == []
    assert [piece.text for piece in streamer.push("How")] == ["Hello there."]


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


def test_the_listener_hears_every_piece() -> None:
    heard: list[Piece] = []
    streamer = TokenStreamer("token", heard.append, clock=Clock())
    streamer.push("a")
    streamer.push("b")
    assert [piece.text for piece in heard] == ["a", "b"]


def test_pieces_are_counted_from_zero() -> None:
    streamer = TokenStreamer(clock=Clock())
    assert [streamer.push(text)[0].index for text in "abc"] == [0, 1, 2]


def test_the_text_so_far_is_what_was_passed_on() -> None:
    streamer = TokenStreamer("word", clock=Clock())
    streamer.push("Hello wor")
    assert streamer.text == "Hello"
    streamer.finish()
    assert streamer.text == "Hello wor"


def test_cancelling_keeps_what_was_passed_on_and_drops_the_rest() -> None:
    streamer = TokenStreamer("word", clock=Clock())
    streamer.push("Hello wor")
    streamer.cancel()
    assert streamer.text == "Hello"
    with pytest.raises(Cancelled):
        streamer.push("ld")
    with pytest.raises(Cancelled):
        streamer.finish()


def test_a_listener_that_cancels_hears_no_more() -> None:
    heard: list[str] = []

    def listen(piece: Piece) -> None:
        heard.append(piece.text)
        streamer.cancel()

    streamer = TokenStreamer("word", listen, clock=Clock())
    streamer.push("one two three ")
    assert heard == ["one"]


def test_a_finished_stream_takes_no_more_and_finishing_twice_does_nothing() -> None:
    streamer = TokenStreamer("word", clock=Clock())
    streamer.push("a")
    assert [piece.text for piece in streamer.finish()] == ["a"]
    assert streamer.finish() == []
    streamer.cancel()
    with pytest.raises(IllegalTransition):
        streamer.push("b")


def test_statistics_separate_the_first_token_from_the_rate() -> None:
    clock = Clock()
    streamer = TokenStreamer(clock=clock)
    clock.now = 2.0
    streamer.push("a")
    for _ in range(10):
        clock.now += 0.1
        streamer.push("b")
    stats = streamer.stats()
    assert (stats.tokens, stats.pieces, stats.characters) == (11, 11, 11)
    assert stats.first_ms == 2000
    assert stats.ms == pytest.approx(3000)
    assert stats.tokens_per_second == pytest.approx(10)


def test_before_two_tokens_there_is_no_rate() -> None:
    streamer = TokenStreamer(clock=Clock())
    assert streamer.stats().first_ms is None
    assert streamer.push("a")[0].tokens_per_second is None
    assert streamer.stats().tokens_per_second is None


def test_tokens_may_be_counted_by_the_caller() -> None:
    clock = Clock()
    streamer = TokenStreamer(clock=clock)
    streamer.push("a", tokens=3)
    clock.now = 1.0
    assert streamer.push("b", tokens=8)[0].tokens_per_second == 5
    assert streamer.push("held text", tokens=8)[0].tokens == 8


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


def test_what_is_left_after_a_cut_is_told_to_nobody_and_takes_no_time() -> None:
    clock, told = Clock(), []
    streamer = TokenStreamer("token", lambda piece: told.append(piece.text), clock=clock)
    for number in range(1, 5):
        clock.now = float(number)
        streamer.push("again ", number)
    clock.now = 9.0
    streamer.rewind()
    streamer.push("again ", 1)
    streamer.resume()
    assert (streamer.text, told) == ("again ", ["again "] * 4)
    assert streamer.stats().ms == 4000.0
    clock.now = 10.0
    streamer.push("and on", 2)
    stats = streamer.stats()
    assert streamer.text == "again and on"
    assert (stats.tokens, stats.pieces, stats.characters) == (2, 2, 12)
    assert stats.tokens_per_second == (5 - 1) / (10 - 1), "what was taken back was computed, too"
