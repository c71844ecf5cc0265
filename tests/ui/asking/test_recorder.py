"""What is said stands in the message box while it is said, behind what was typed; at the end it is sent or stays."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.asking.microphones import Page
from ui.asking.listening import Listening
from ui.asking.recorder import LONGEST_S, Recorder, behind
from ui.chats.conversation import Turn

WHYS = ("denied", "missing", "busy", "unsupported", "unplugged")


class Scene(Page):
    def __init__(self, lang: str = "en", typed: str = "", sends: bool = False) -> None:
        super().__init__(lang)
        self.preferences["send_spoken"] = sends
        self.composer.text = typed
        self.recorder = Recorder(self, Listening(self))

    def presses(self) -> Scene:
        self.recorder.press()
        return self

    def records(self, *partials: str) -> Scene:
        self.presses().microphone.says("open")
        for text in partials:
            self.client.says("partial", "listen-1", text=text)
        return self

    def ends(self, text: str, why: str = "") -> Scene:
        """The microphone is closed, and the engine says what was said."""
        self.microphone.says("closed", why=why)
        self.client.says("final", "listen-1", text=text)
        self.client.says("result", "listen-1", payload={"text": text})
        return self

    @property
    def text(self) -> str:
        return self.composer.text

    @property
    def locked(self) -> bool:
        return bool(getattr(self.node("message"), "readOnly", False))


@pytest.mark.parametrize(
    ("typed", "said", "whole"),
    [
        ("", "Hi.", "Hi."),
        ("Say:", "Hi.", "Say: Hi."),
        ("Say: ", "Hi.", "Say: Hi."),
        ("A\n", "b", "A\nb"),
        ("A", "", "A"),
    ],
)
def test_what_is_said_stands_behind_what_was_typed(typed: str, said: str, whole: str) -> None:
    assert behind(typed, said) == whole


def test_the_text_grows_in_the_box_and_stays_there_to_be_edited() -> None:
    page = Scene(typed="Tell me:")
    page.records("What", "What is")
    assert page.text == "Tell me: What is"
    assert page.locked
    page.presses().ends("What is new?")
    assert page.text == "Tell me: What is new?"
    assert not page.locked
    assert page.composer.sent == []
    assert page.composer.focused == 1
    assert page.drafts > 0, "it is kept as what is typed is"
    assert page.said[-1] == "Written down: What is new?"


def test_it_is_sent_at_once_where_the_person_wants_that() -> None:
    page = Scene(sends=True).records("What")
    page.presses().ends("What is new?")
    assert page.composer.sent == ["What is new?"]
    assert page.text == ""


def test_what_is_sent_while_somebody_speaks_goes_once_it_is_whole() -> None:
    page = Scene().records("What")
    page.recorder.stop(True)
    assert page.composer.sent == []
    page.ends("What is new?")
    assert page.composer.sent == ["What is new?"]


def test_what_is_read_aloud_ends_before_the_microphone_hears_it() -> None:
    assert Scene().presses().hushed == 1


def test_the_button_and_the_bar_say_what_goes_on() -> None:
    page = Scene("fr")
    page.recorder.draw()
    assert page.node("recording").hidden
    page.presses()
    assert page.node("record-state").textContent == "En attente du microphone…"
    page.microphone.says("open")
    page.microphone.says("level", level=0.4, seconds=67.2)
    assert not page.node("recording").hidden
    assert page.node("record").attributes["aria-pressed"] == "true"
    assert page.node("record").attributes["aria-label"] == "Arrêter l’enregistrement"
    assert page.node("record-level").value == 0.4
    assert page.node("record-time").textContent == "1:07"
    page.presses()
    page.microphone.says("closed", why="")
    assert page.node("record-state").textContent == "La fin s’écrit…"
    assert page.node("record-stop").hidden
    page.client.says("result", "listen-1", payload={"text": ""})
    assert page.node("recording").hidden
    assert page.node("record").attributes["aria-pressed"] == "false"


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("why", WHYS)
def test_why_it_ended_is_said_and_what_was_said_and_typed_stays(why: str, lang: str) -> None:
    page = Scene(lang, typed="So:", sends=True).records("Yes")
    page.ends("Yes.", why)
    assert page.note == page.words("record_" + why)
    assert page.text == "So: Yes."
    assert page.composer.sent == [], "the person hasn't said that it is whole"


def test_a_microphone_that_is_refused_leaves_the_box_as_it_was() -> None:
    page = Scene(typed="So:").presses()
    page.microphone.says("closed", why="denied")
    assert page.note.startswith("Orion may not use the microphone.")
    assert page.text == "So:"
    assert not page.locked
    page.presses()
    assert page.note == "", "it is tried again"


@pytest.mark.parametrize(("lang", "words"), [("en", "Nobody was heard."), ("fr", "Personne n’a été entendu.")])
def test_silence_is_said_to_be_silence(lang: str, words: str) -> None:
    page = Scene(lang, typed="So:", sends=True).records()
    page.presses().ends("")
    assert page.note.startswith(words)
    assert (page.text, page.composer.sent) == ("So:", [])


def test_who_changes_their_mind_before_it_is_open_hears_of_no_silence() -> None:
    page = Scene().presses().presses()
    page.microphone.says("closed", why="")
    assert page.note == ""
    assert not page.recorder.busy


def test_a_page_in_the_background_keeps_what_was_said_and_says_so() -> None:
    page = Scene(sends=True).records("What")
    page.recorder.left()
    assert page.microphone.did == ["start", "stop"]
    page.ends("What is new?")
    assert page.note.startswith("Recording stopped when this page went into the background.")
    assert (page.text, page.composer.sent) == ("What is new?", [])


def test_after_an_hour_it_ends_by_itself_and_says_so() -> None:
    page = Scene(sends=True).records("What")
    page.microphone.says("level", level=0.1, seconds=LONGEST_S - 0.1)
    assert page.microphone.did == ["start"]
    page.microphone.says("level", level=0.1, seconds=float(LONGEST_S))
    page.microphone.says("level", level=0.1, seconds=LONGEST_S + 0.1)
    assert page.microphone.did == ["start", "stop"]
    page.ends("What is new?")
    assert page.note.startswith("Recording stops after an hour.")
    assert (page.text, page.composer.sent) == ("What is new?", [])


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_an_engine_that_fails_leaves_what_was_said_and_its_words(lang: str) -> None:
    page = Scene(lang, sends=True).records("What is")
    error: dict[str, Any] = {"code": "out_of_memory", "message": "", "hint": ""}
    page.client.says("error", "listen-1", error=error)
    assert page.note == ". ".join(page.words.error("out_of_memory"))
    assert (page.text, page.composer.sent) == ("What is", [])
    assert not page.recorder.busy


def test_what_is_discarded_is_gone_and_what_was_typed_stays() -> None:
    page = Scene(typed="So:").records("Yes")
    page.node("record-cancel").fire("click")
    assert page.text == "So:"
    assert page.client.cancelled == ["listen-1"]
    assert not page.locked
    assert page.note == ""


def test_an_earlier_question_that_is_put_into_the_box_meanwhile_is_not_overwritten() -> None:
    page = Scene().records("What")
    page.composer.text = "An earlier question"
    page.client.says("partial", "listen-1", text="What is")
    page.presses().ends("And more.")
    assert page.text == "An earlier question And more."


@pytest.mark.parametrize("lang", ["en", "fr"])
def test_while_a_recording_is_heard_the_page_says_what_the_words_wait_for(lang: str) -> None:
    page = Scene(lang)
    question, answer = Turn("q", "user", ""), Turn("a", "assistant", "", "loading")
    question.attached, answer.activity = [{"id": "f", "kind": "audio"}], "listening"
    page.state.conversation.turns = [question, answer]
    page.records()
    page.microphone.says("level", level=0.5, seconds=1)
    assert page.node("record-state").textContent == page.words("record_waits")
    answer.state = "success"
    page.microphone.says("level", level=0.5, seconds=2)
    assert page.node("record-state").textContent == page.words("record_recording")
