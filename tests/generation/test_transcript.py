"""The one place where an answer's text accumulates, and its statistics."""

from __future__ import annotations

import pytest

from orion_py.generation.transcript import Piece, Transcript


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Told:
    """A transcript and what was told of it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.pieces: list[Piece] = []
        self.transcript = Transcript(self.pieces.append, clock=self.clock)

    def push(self, text: str) -> None:
        """A token with its text."""
        self.transcript.count()
        if text:
            self.transcript.add(text)


def test_a_token_without_text_counts_but_is_no_piece() -> None:
    told = Told()
    told.push("")
    assert told.pieces == []
    told.push("a")
    assert told.pieces[0].tokens == 2


def test_the_listener_hears_every_piece_counted_from_zero() -> None:
    told = Told()
    for text in "abc":
        told.push(text)
    assert [(piece.text, piece.index) for piece in told.pieces] == [("a", 0), ("b", 1), ("c", 2)]


def test_the_text_is_all_that_was_passed_on_whenever_it_is_asked_for() -> None:
    told = Told()
    assert told.transcript.text == ""
    told.push("Hello")
    assert told.transcript.text == "Hello"
    told.push(" wor")
    told.push("ld")
    assert told.transcript.text == "Hello world"


def test_the_partial_text_is_what_has_reached_the_reader() -> None:
    told = Told()
    told.push("good")
    told.push(" day")
    assert told.transcript.partial == ""
    told.transcript.shown += len("good")
    assert (told.transcript.partial, told.transcript.text) == ("good", "good day")


def test_statistics_separate_the_first_token_from_the_rate() -> None:
    told = Told()
    told.clock.now = 2.0
    told.push("a")
    for _ in range(10):
        told.clock.now += 0.1
        told.push("b")
    stats = told.transcript.stats()
    assert (stats.tokens, stats.pieces, stats.characters) == (11, 11, 11)
    assert stats.first_ms == 2000
    assert stats.ms == pytest.approx(3000)
    assert stats.tokens_per_second == pytest.approx(10)


def test_before_two_tokens_there_is_no_rate() -> None:
    told = Told()
    assert told.transcript.stats().first_ms is None
    told.push("a")
    assert told.pieces[0].tokens_per_second is None
    assert told.transcript.stats().tokens_per_second is None


def test_text_that_no_token_said_is_a_piece_and_takes_no_time() -> None:
    told = Told()
    told.transcript.add("12 × 12 = 144")
    assert told.pieces == [Piece("12 × 12 = 144", 0, 0, None)]
    stats = told.transcript.stats()
    assert (stats.tokens, stats.pieces, stats.first_ms) == (0, 1, None)


def test_what_is_left_after_a_cut_is_told_to_nobody_and_takes_no_time() -> None:
    told = Told()
    for number in range(1, 5):
        told.clock.now = float(number)
        told.push("again ")
    told.clock.now = 9.0
    told.transcript.rewind()
    told.push("again ")
    told.transcript.resume()
    assert (told.transcript.text, [piece.text for piece in told.pieces]) == ("again ", ["again "] * 4)
    assert told.transcript.partial == "again ", "a revision shows all that stands"
    assert told.transcript.stats().ms == 4000.0
    told.clock.now = 10.0
    told.push("and on")
    stats = told.transcript.stats()
    assert told.transcript.text == "again and on"
    assert (stats.tokens, stats.pieces, stats.characters) == (2, 2, 12)
    assert stats.tokens_per_second == (5 - 1) / (10 - 1), "what was taken back was computed, too"
