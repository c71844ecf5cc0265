"""The engine's voice: a request a sentence, played as it comes, and stopped at the engine too."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tests.ui.aloud.voices import SENSES, Page, Promise, answer
from tests.ui.wire import Wire
from ui.aloud.buffering import Buffering
from ui.aloud.casting import Casting
from ui.aloud.orion_voice import AHEAD_S, OrionVoice
from ui.aloud.reader import Reader


class Sounds:
    """bridge/page/sounds.js in a test: each piece sounds 2 s."""

    def __init__(self, heard: Any) -> None:
        self._heard = heard
        self.held: list[int] = []
        self.played: list[int] = []
        self.stopped = 0
        self.seconds = 2.0

    def hold(self, piece: int, rate: int) -> float:
        assert rate == 22_050
        self.held.append(piece)
        return self.seconds

    def play(self, piece: int) -> None:
        self.played.append(piece)

    def stop(self) -> None:
        self.stopped += 1

    def tells(self, what: str, **fields: Any) -> None:
        self._heard(json.dumps({"what": what, **fields}))


class Speaking(Page):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.clock = lambda: self.now
        self.wire = Wire()
        self.cancelled: list[str] = []
        self.client = SimpleNamespace(ask=self.wire.ask, cancel=self.cancelled.append)
        ids = iter(range(1000))
        self.bridge.newId = lambda: str(next(ids))
        self.bridge.openSounds = self._sounds
        self.heard: list[tuple[Any, ...]] = []
        self.buffering = Buffering()
        self.casting = Casting(self)
        self.casting.begin()
        self.voice_of_orion = OrionVoice(self, self.buffering, self.casting, lambda *said: self.heard.append(said))

    def _sounds(self, heard: Any) -> Promise:
        self.sounds = Sounds(heard)
        return Promise(self.sounds)

    @property
    def asked(self) -> list[str]:
        return [fields["text"] for kind, fields, _ in self.wire.sent if kind == "speak" and fields]

    def sounds_once(self, *, last: bool = True, took_s: float = 1.0) -> None:
        self.now += took_s * 1000
        self.wire.says("sound", index=0, text="", rate=22_050, last=last)

    def made(self, took_s: float = 1.0) -> None:
        """The engine has spoken the sentence that it was asked for."""
        self.sounds_once(took_s=took_s)
        self.wire.says("result", payload={})


def test_a_sentence_is_asked_for_once_the_one_before_is_made_and_played_at_once() -> None:
    page = Speaking()
    page.preferences["speed"] = "1.25"
    page.voice_of_orion.say(0, "One.", "en")
    page.voice_of_orion.say(1, "Deux.", "fr")
    assert page.wire.sent[0][1] == {"text": "One.", "language": "en", "voice": None, "speed": 1.25}
    assert page.asked == ["One."]
    page.made()
    assert (page.sounds.played, page.asked) == ([0], ["One.", "Deux."])
    page.sounds.tells("began", piece=0)
    page.made()
    assert page.sounds.played == [0, 1], "queued behind the first, so that there is no gap"
    page.sounds.tells("ended", piece=0)
    page.sounds.tells("ended", piece=1)
    assert page.heard == [("began", 0), ("ended", 0), ("ended", 1)]


def test_a_sentence_in_several_pieces_has_ended_with_the_last() -> None:
    page = Speaking()
    page.voice_of_orion.say(0, "One. Two.", "en")
    page.sounds_once(last=False)
    page.sounds_once()
    page.wire.says("result", payload={})
    page.sounds.tells("ended", piece=0)
    assert page.heard == []
    page.sounds.tells("ended", piece=1)
    assert page.heard == [("ended", 0)]


def test_a_sentence_without_sound_is_over_with_the_one_before() -> None:
    page = Speaking()
    page.voice_of_orion.say(0, "One.", "en")
    page.voice_of_orion.say(1, "—", "en")
    page.made()
    page.wire.says("result", payload={})
    assert page.heard == []
    page.sounds.tells("ended", piece=0)
    assert page.heard == [("ended", 1)]
    page.voice_of_orion.say(2, "—", "de")
    assert page.wire.sent[-1][1] == {"text": "—", "language": None, "voice": None, "speed": 1.0}
    page.wire.says("error", error={"code": "invalid_input", "family": "invalid_input"})
    assert page.heard[-1] == ("ended", 2), "the engine refuses a text without words"


def test_stopped_it_is_silent_and_the_engine_stops_too() -> None:
    page = Speaking()
    page.voice_of_orion.say(0, "One.", "en")
    page.voice_of_orion.say(1, "Two.", "en")
    request = page.wire.sent[0][2]
    page.voice_of_orion.stop()
    assert (page.cancelled, page.sounds.stopped) == ([request], 1)
    page.sounds_once()
    page.wire.says("cancelled", partial="")
    assert (page.sounds.held, page.asked, page.heard) == ([], ["One."], [])


@pytest.mark.parametrize("fault", ["error", "cancelled"])
def test_a_voice_that_cannot_be_had_is_told(fault: str) -> None:
    page = Speaking()
    page.voice_of_orion.say(0, "One.", "en")
    page.wire.says(fault, error={"code": "download_failed"})
    assert page.heard == [("failed", "voice_orion")]
    page = Speaking()
    page.voice_of_orion.say(0, "One.", "en")
    page.made()
    page.sounds.tells("failed", why="blocked")
    assert page.heard == [("failed", "voice_blocked")]


def test_where_speech_is_made_slowly_it_waits_for_enough_and_says_so() -> None:
    page = Speaking()
    for number in range(5):
        page.voice_of_orion.say(number, "Ten chars.", "fr")
    page.made(took_s=4)
    page.made(took_s=4)
    assert page.sounds.played == [0, 1], "it didn't know better"
    page.sounds.tells("ended", piece=0)
    page.sounds.tells("ended", piece=1)
    assert ("waits", None) in page.heard
    page.sounds_once(took_s=4)
    assert page.sounds.played == [0, 1], "2 s are here, and 4 s more take 8"
    page.wire.says("result", payload={})
    page.made(took_s=4)
    assert page.sounds.played == [0, 1, 2, 3], "4 s are here, and the last 2 take as long"
    page.made(took_s=4)
    assert page.sounds.played[-1] == 4


def test_it_is_never_far_ahead_of_what_is_heard() -> None:
    page = Speaking()
    for number in range(60):
        page.voice_of_orion.say(number, f"Sentence {number}.", "en")
    for _ in range(30):
        page.made()
    assert len(page.asked) == AHEAD_S / page.sounds.seconds
    page.sounds.tells("ended", piece=0)
    assert len(page.asked) == AHEAD_S / page.sounds.seconds + 1


def test_the_voice_comes_into_memory_while_the_answer_has_no_sentence_yet() -> None:
    page, turn = Speaking(), answer("", "queued")
    page.preferences["voice"] = "orion"
    page.state.device["senses"] = SENSES
    reader = Reader(page, lambda how: None)
    reader.read(turn)
    ahead = {"text": "", "ahead": True, "voice": "joe", "language": None}
    assert [(kind, fields) for kind, fields, _ in page.wire.sent] == [("speak", ahead)]
    first = page.wire.sent[0][2]
    page.wire.says("result", payload={})
    turn.append("It is blue. W")
    reader.grew(turn)
    page.timers.all()
    assert page.asked == ["", "It is blue."]
    reader.stop()
    assert first not in page.cancelled, "it has ended"
    reader.read(turn)
    reader.stop()
    assert page.cancelled[-1] in [request for _, fields, request in page.wire.sent if fields and fields.get("ahead")]


def test_an_answer_that_is_whole_needs_nothing_ahead() -> None:
    page = Speaking()
    page.preferences["voice"] = "orion"
    Reader(page, lambda how: None).read(answer("One."))
    assert page.asked == ["One."]


def test_where_it_cannot_be_had_the_browsers_voice_goes_on_where_it_was() -> None:
    page, changes = Speaking(), list[Any]()
    page.preferences["voice"] = "orion"
    reader = Reader(page, changes.append)
    reader.read(answer("One. Two. Three."))
    page.made()
    page.sounds.tells("ended", piece=0)
    page.wire.says("error", error={"code": "download_failed"})
    assert page.voice.texts == ["Two.", "Three."]
    assert [notice["kind"] for notice in page.state.notices] == ["voice_orion"]
    assert page.words.has("voice_orion")
    for call in (1, 2):
        page.voice.tells("ended", call=call)
    assert changes[-1] is None
    page.state.notices = []
    reader.read(answer("Four."))
    assert page.asked[-1] == "Four.", "the next one is tried with it again"
