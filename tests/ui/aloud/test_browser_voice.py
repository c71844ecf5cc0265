"""The browser's voice in the page's Python: what is to be said waits until its module is here."""

from __future__ import annotations

from typing import Any

from tests.ui.aloud.voices import Page, Promise, Spoken
from ui.aloud.browser_voice import BrowserVoice


class Slow(Page):
    def _open(self, heard: Any) -> Promise:
        self.voices.append(Spoken(heard))
        self.opening = Promise(self.voices[-1], later=True)
        return self.opening


def test_what_is_to_be_said_waits_for_the_module_in_its_order() -> None:
    page, heard = Slow(), list[Any]()
    voice = BrowserVoice(page, lambda *said: heard.append(said))
    voice.say(0, "One.", "en")
    voice.say(1, "Two.", "en")
    assert page.voice.said == []
    assert page.opening
    page.opening.keep()
    assert page.voice.texts == ["One.", "Two."]
    page.voice.tells("ended", call=1)
    assert heard == [("ended", 1)]


def test_stopped_before_the_module_came_it_says_nothing() -> None:
    page = Slow()
    voice = BrowserVoice(page, lambda *_: None)
    voice.say(0, "One.", "en")
    voice.stop()
    assert page.opening
    page.opening.keep()
    assert page.voice.said == []


def test_a_module_that_cannot_be_had_is_told() -> None:
    page, heard = Page(), list[Any]()
    page.bridge.openVoice = lambda _heard: Promise(refused=True)
    BrowserVoice(page, lambda *said: heard.append(said))
    assert heard == [("failed", "voice_missing")]
    assert page.words.has("voice_missing")
