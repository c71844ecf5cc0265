"""Hands-free: it listens, answers aloud and listens again; "stop" stops; the microphone is never open unseen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ui.aloud.voices import Page
from tests.ui.fake_dom import dom
from tests.ui.speech import speak
from ui.aloud.hands_free import HandsFree
from ui.chats.conversation import Turn


class Listening:
    """asking/listening.py in a test."""

    def __init__(self) -> None:
        self.busy, self.text, self.elsewhere = False, "", False
        self.did: list[str] = []

    def start(self, tell: Any, language: str | None = None) -> bool:
        if self.elsewhere:
            return False
        self.did.append("start")
        self.busy, self._tell, self.text = True, tell, ""
        return True

    def stop(self) -> None:
        self.did.append("stop")

    def cancel(self) -> None:
        self.did.append("cancel")
        self.busy = False

    def forget(self) -> None:
        self.text = ""

    def says(self, what: str, **fields: Any) -> None:
        if what == "ended":
            self.busy = False
        self._tell({"what": what, **fields})

    def hears(self, text: str) -> None:
        """A whole turn of somebody who speaks."""
        self.says("speech_start", at_s=0.0)
        self.text = text
        self.says("partial", text=text, settled=0)
        self.says("final", text=text)
        self.says("turn_end", text=text)

    def closes(self, why: str = "", error: Any = None) -> None:
        self.says("closed", why=why)
        if self.busy:
            self.says("ended", error=error)


class Talking(Page):
    def __init__(self) -> None:
        super().__init__()
        self.dom = dom(
            "hands-free", "hands-free-bar", "hands-free-said", "hands-free-state", "hands-free-note", "hands-free-end"
        )
        self.listening = Listening()
        self.follows: Any = None
        self.questions: list[str] = []
        self.reads: list[str] = []
        self.did: list[str] = []
        self.announced: list[str] = []
        self.announce = self.announced.append
        self.aloud = self.asking = self  # type: ignore[assignment]
        self.mode = HandsFree(self, self.listening)
        self.mode.press()
        self.listening.says("open", echo=False)

    def follow(self, call: Any) -> None:
        self.follows = call

    def stop(self) -> None:
        """Of what is read, and of the answer."""
        self.did.append("stop")

    def asked(self, turn: Turn) -> None:
        """Of what is read: a question is under way."""
        self.reads.append(turn.id)

    def ask(self, text: str) -> None:
        self.questions.append(text)
        self.state.conversation.turns = [Turn("q", "user", text), Turn("a", "assistant", "", "queued")]

    def answers(self, state: str = "success") -> None:
        """The answer has come and is read."""
        self.follows("preparing")
        self.follows("speaking")
        self.state.conversation.turns[-1].state = state

    def shown(self, name: str) -> str:
        node = self.dom.by_id(name)
        return "" if node.hidden else str(node.textContent)


def test_a_question_is_asked_when_its_turn_ends_and_after_the_answer_it_listens_again() -> None:
    page = Talking()
    assert page.shown("hands-free-state") == "Listening. Say “stop” to end."
    page.listening.hears("Why is the sky blue?")
    assert page.shown("hands-free-said") == "Why is the sky blue?"
    assert (page.listening.did, page.questions) == (["start", "stop"], []), "the microphone is closed first"
    page.listening.closes()
    assert page.questions == ["Why is the sky blue?"]
    page.answers()
    assert (page.mode.phase, page.listening.busy) == ("speaking", False)
    page.follows(None)
    assert page.listening.did == ["start", "stop", "start"]
    assert page.mode.phase == "opening"


def test_stop_said_alone_ends_it() -> None:
    page = Talking()
    page.listening.hears("Stop.")
    assert (page.mode.phase, page.questions, page.listening.busy) == (None, [], False)
    assert page.dom.by_id("hands-free-bar").hidden
    assert page.announced[-1] == "Hands-free mode has ended."
    assert page.follows is None


def test_the_button_ends_it_whatever_it_does() -> None:
    for busy in (False, True):
        page = Talking()
        if busy:
            page.listening.hears("Why?")
            page.listening.closes()
            page.answers()
        page.dom.by_id("hands-free-end").fire("click")
        assert (page.mode.phase, page.listening.busy) == (None, False)
        assert page.did == ["stop"], "what is read is silent, too"
        assert page.dom.by_id("hands-free").attributes["aria-pressed"] == "false"


def test_where_the_browser_takes_out_what_it_plays_the_microphone_hears_stop_and_nothing_else_meanwhile() -> None:
    page = Talking()
    page.preferences["voice"] = "orion"
    page.listening.says("open", echo=True)
    page.listening.hears("Why?")
    assert (page.questions, page.listening.did) == (["Why?"], ["start"])
    page.answers()
    page.listening.hears("And the sea?")
    assert page.questions == ["Why?"]
    page.listening.says("partial", text="Arrête", settled=0)
    assert page.did == ["stop"]
    page.follows(None)
    assert (page.mode.phase, page.listening.did) == ("listening", ["start"])
    page.listening.hears("And the sea?")
    assert page.questions == ["Why?", "And the sea?"]


def test_the_systems_voice_would_be_heard_so_the_microphone_is_closed_meanwhile() -> None:
    page = Talking()
    page.listening.says("open", echo=True)
    page.listening.hears("Why?")
    assert page.listening.did == ["start", "stop"]


def test_an_answer_to_a_typed_question_is_not_heard_as_one() -> None:
    page = Talking()
    page.state.conversation.turns = [Turn("q", "user", "Why?"), Turn("a", "assistant", "Because.")]
    page.answers()
    assert page.listening.did == ["start", "stop"]
    page.listening.closes()
    assert page.questions == []
    page.follows(None)
    assert page.listening.did[-1] == "start"


@pytest.mark.parametrize("why", ["denied", "missing", "busy", "unsupported", "unplugged"])
def test_a_microphone_that_is_gone_ends_it_and_says_why(why: str) -> None:
    page = Talking()
    page.listening.closes(why)
    assert page.mode.phase is None
    assert page.shown("hands-free-note") == page.words("record_" + why)


def test_what_else_ends_it_is_said() -> None:
    page = Talking()
    page.timers.all()
    assert page.shown("hands-free-note") == page.words("hands_free_silent")
    for how, state, said in (("voice_none", "success", "hands_free_mute"), (None, "error", "hands_free_failed")):
        page = Talking()
        page.listening.hears("Why?")
        page.listening.closes()
        page.answers(state)
        page.follows(how)
        assert (page.mode.phase, page.shown("hands-free-note")) == (None, page.words(said))
    page = Talking()
    page.listening.closes(error={"code": "download_failed", "message": "", "hint": ""})
    assert page.mode.phase is None
    assert page.shown("hands-free-note").startswith(speak("en").error("download_failed")[0])


def test_begun_while_an_answer_comes_it_reads_that_first() -> None:
    page = Talking()
    page.mode.end()
    page.state.conversation.turns = [Turn("q", "user", "Why?"), Turn("a", "assistant", "", "streaming")]
    page.mode.press()
    assert page.reads == ["a"]
    assert (page.mode.phase, page.listening.busy) == ("asking", False)
    page.answers()
    page.follows(None)
    assert (page.mode.phase, page.listening.busy) == ("opening", True)


def test_it_does_not_begin_while_somebody_else_records() -> None:
    page = Talking()
    page.mode.end()
    page.listening.elsewhere = True
    page.mode.press()
    assert page.shown("hands-free-note") == page.words("record_elsewhere")


def test_somebody_who_speaks_is_given_time() -> None:
    page = Talking()
    page.listening.hears("Why?")
    assert page.timers.calls == {}, "nobody has to speak while the answer comes"


def test_the_microphone_is_closed_for_a_question_with_a_recording_which_could_not_be_heard_meanwhile() -> None:
    page = Talking()
    page.preferences["voice"] = "orion"
    page.listening.says("open", echo=True)
    page.ask("What is said here?")  # in the box, with a file
    page.state.conversation.turns[0].attached = [{"id": "f", "kind": "audio"}]
    page.follows("preparing")
    assert (page.mode.phase, page.listening.did) == ("asking", ["start", "stop"])
    page.listening.closes()
    page.answers()
    page.follows(None)
    assert page.listening.did == ["start", "stop", "start"]
