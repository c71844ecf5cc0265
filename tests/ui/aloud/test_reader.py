"""An answer is read sentence by sentence while it streams, and is silent at once when it should be."""

from __future__ import annotations

from tests.ui.aloud.voices import Page, answer
from ui.aloud.reader import AHEAD, STEP, Reader


class Reading(Page):
    def __init__(self) -> None:
        super().__init__()
        self.changes: list[str | None] = []
        self.reader = Reader(self, self.changes.append)

    def passes(self) -> None:
        """The time that the reader waits before it looks again."""
        self.timers.all()


def test_sentences_are_said_as_they_come_and_the_reading_ends_with_the_last() -> None:
    page, turn = Reading(), answer("It is blue. W", "streaming")
    page.reader.read(turn)
    assert page.voice.said == [(0, "It is blue.", "en", "", 1.0)]
    assert page.changes == ["preparing"]
    page.voice.tells("began", call=0)
    assert page.changes[-1] == "speaking"
    turn.append("hy? Because")
    page.reader.grew(turn)
    page.reader.grew(turn)
    assert len(page.timers.calls) == 1, "however many tokens come, it looks once"
    page.passes()
    assert page.voice.texts == ["It is blue.", "Why?"]
    turn.state = "success"
    page.reader.grew(turn)
    page.passes()
    assert page.voice.texts == ["It is blue.", "Why?", "Because"]
    for call in (0, 1):
        page.voice.tells("ended", call=call)
    assert page.changes[-1] == "speaking"
    page.voice.tells("ended", call=2)
    assert page.changes[-1] is None
    assert page.reader.turn is None


def test_the_persons_voice_and_speed_are_those_of_each_sentence() -> None:
    page = Reading()
    page.preferences["voice"], page.preferences["speed"] = "Amélie", "1.5"
    page.reader.read(answer("One."))
    assert page.voice.said == [(0, "One.", "en", "Amélie", 1.5)]


def test_stopped_it_is_silent_at_once_and_hears_no_more_of_that_voice() -> None:
    page, turn = Reading(), answer("One. Two. T", "streaming")
    page.reader.read(turn)
    voice = page.voice
    page.reader.stop()
    assert voice.stopped == 1
    before = list(page.changes)
    voice.tells("began", call=0)
    voice.tells("failed", why="none")
    page.reader.grew(turn)
    page.passes()
    assert page.changes == before
    assert voice.texts == ["One.", "Two."]


def test_another_answer_takes_the_place_of_the_one_that_is_read() -> None:
    page = Reading()
    page.reader.read(answer("One. Two."))
    page.reader.read(answer("Three."))
    assert page.voices[0].stopped == 1
    assert page.voice.texts == ["Three."]


def test_why_it_cannot_be_read_is_said_in_the_words_of_the_page() -> None:
    for why in ("none", "remote", "blocked", "failed"):
        page = Reading()
        page.reader.read(answer("One."))
        page.voice.tells("failed", why=why)
        assert page.changes[-1] == "voice_" + why
        assert page.words.has("voice_" + why)
        assert page.reader.turn is None


def test_an_answer_without_a_word_ends_its_reading() -> None:
    page = Reading()
    page.reader.read(answer("🎉"))
    assert page.changes == ["preparing", None]
    assert page.voice.said == []


def test_a_long_answer_is_taken_piece_by_piece_and_never_far_ahead_of_the_voice() -> None:
    page, turn = Reading(), answer("This is a sentence of its own. " * 200)
    page.reader.read(turn)
    assert len(page.voice.said) <= STEP // 20
    while page.timers.calls:
        page.passes()
    assert AHEAD <= len(page.voice.said) < 2 * AHEAD + STEP // 30
    for call in range(200):
        page.voice.tells("ended", call=call)
        page.passes()
    assert len(page.voice.said) == 200
    assert page.changes[-1] is None


def test_thoughts_are_not_read() -> None:
    page = Reading()
    page.bridge.answerOf = lambda text: text.partition("</think>")[2]
    page.reader.read(answer("<think>Hm. Well.</think>It is blue."))
    assert page.voice.texts == ["It is blue."]
