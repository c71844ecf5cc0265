"""Reading aloud on the page: by the button, by the setting, and the state that everything is drawn from."""

from __future__ import annotations

from tests.ui.aloud.voices import Page, Promise, answer
from ui.aloud.aloud import Aloud
from ui.engine.view_state import SAMPLE


def test_the_button_reads_an_answer_and_pressed_again_stops() -> None:
    page, turn = Page(), answer("One. Two.")
    aloud = Aloud(page)
    aloud.toggle(turn)
    assert page.brought == ["aloud"]
    assert page.state.reading == ("a", "preparing")
    assert "a" in page.state.take_dirty()
    page.voice.tells("began", call=0)
    assert (page.state.how_read("a"), aloud.on) == ("speaking", True)
    aloud.toggle(turn)
    assert (page.state.reading, aloud.on, page.voice.stopped) == (None, False, 1)
    assert "a" in page.state.take_dirty(), "the mark goes"


def test_a_question_ends_what_is_read_and_its_answer_is_read_where_the_person_wants_it() -> None:
    page = Page()
    aloud = Aloud(page)
    aloud.toggle(answer("One. Two."))
    coming = answer("", "queued")
    coming.id = "b"
    aloud.asked(coming)
    assert (page.voices[0].stopped, page.state.reading) == (1, None)
    page.preferences["aloud"] = True
    aloud.asked(coming)
    assert page.state.reading == ("b", "preparing")
    coming.state = "streaming"
    coming.append("It is blue. W")
    aloud.grew(coming)
    page.timers.all()
    assert page.voice.texts == ["It is blue."]


def test_what_failed_stays_said_until_something_else_is_read() -> None:
    page, turn = Page(), answer("One.")
    aloud = Aloud(page)
    aloud.toggle(turn)
    page.voice.tells("failed", why="none")
    assert (page.state.how_read("a"), aloud.on) == ("voice_none", False)
    aloud.toggle(turn)
    assert page.state.how_read("a") == "preparing"


def test_stopped_while_its_modules_come_it_reads_nothing() -> None:
    page = Page()
    page.bringing = Promise(later=True)
    aloud = Aloud(page)
    aloud.toggle(answer("One."))
    aloud.stop()
    page.bringing.keep()
    assert page.voices == []
    assert page.state.reading is None


def test_modules_that_cannot_be_had_are_told_on_the_answer() -> None:
    page = Page()
    page.bringing = Promise(refused=True)
    aloud = Aloud(page)
    aloud.toggle(answer("One."))
    assert page.state.how_read("a") == "voice_missing"


def test_the_settings_let_the_voice_be_heard() -> None:
    page = Page()
    aloud = Aloud(page)
    aloud.sample("en")
    assert page.state.reads(SAMPLE)
    assert page.voice.texts == ["This is how Orion reads its answers aloud."]
    aloud.sample("en")
    assert not page.state.reads(SAMPLE)
    aloud.sample("fr")
    assert page.voice.said[-1][1:3] == ("Voici comment Orion lit ses réponses à voix haute.", "fr")


def test_who_follows_hears_how_each_answer_is_read_and_all_are() -> None:
    page, heard = Page(), list[str | None]()
    aloud = Aloud(page)
    aloud.follow(heard.append)
    first = answer("One.")
    aloud.asked(first)
    page.voice.tells("began", call=0)
    page.voice.tells("ended", call=0)
    assert heard == ["preparing", "preparing", "speaking", None]
    aloud.asked(answer("Two."))
    aloud.stop()
    assert heard[-2:] == ["preparing", None]
    aloud.asked(answer("Three."))
    heard.clear()
    aloud.asked(answer("Four."))
    assert None not in heard, "another question is no end"
    page.voice.tells("failed", why="none")
    assert heard[-1] == "voice_none"
    aloud.follow(None)
    aloud.stop()
    assert page.state.how_read("a") == "voice_none", "why it failed stays to be read"
    aloud.asked(answer("Five."))
    assert not aloud.on
