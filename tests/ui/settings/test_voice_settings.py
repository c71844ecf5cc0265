"""Reading aloud in the settings: whether, by which of this device's voices, how fast, and an example."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from tests.ui.aloud.voices import Promise
from tests.ui.fake_dom import dom
from tests.ui.speech import speak
from ui.base.store import DEFAULTS
from ui.chats.conversation import Conversation
from ui.engine.view_state import SAMPLE, ViewState
from ui.settings.voice_settings import VoiceSettings, orions

VOICES = [
    {"name": "Amélie", "language": "fr", "local": True},
    {"name": "Daniel", "language": "en", "local": True},
    {"name": "Google US English", "language": "en", "local": False},
]


class Page:
    def __init__(self, voices: list[dict[str, Any]], language: str = "en") -> None:
        self.dom = dom("settings", "set-aloud", "set-voice", "set-speed", "voice-try", "voice-note")
        self.words, self.preferences = speak(language), dict(DEFAULTS)
        self.state = ViewState(Conversation("c"))
        self.changes: list[Any] = []
        self.settings = SimpleNamespace(change=lambda *what: self.changes.append(what))
        self.did: list[str] = []
        self.aloud = SimpleNamespace(sample=lambda: self.did.append("sample"), stop=lambda: self.did.append("stop"))
        self.bridge = SimpleNamespace(ownVoices=lambda: Promise(json.dumps(voices)))
        self.view = VoiceSettings(self)
        self.view.open()

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(node.attributes["value"], node.textContent) for node in self.dom.by_id("set-voice").children]

    @property
    def note(self) -> str:
        return str(self.dom.by_id("voice-note").textContent)


def test_the_voices_of_the_pages_language_that_are_on_this_device_can_be_chosen() -> None:
    assert Page(VOICES).choices == [("", "The browser’s voice"), ("Daniel", "Daniel")]
    french = Page(VOICES, "fr")
    assert french.choices == [("", "La voix du navigateur"), ("Amélie", "Amélie")]
    assert french.note == ""


def test_where_there_is_no_such_voice_it_says_why() -> None:
    assert Page([]).note.startswith("This browser has no voice on this device")
    assert Page(VOICES[2:]).note.startswith("This browser speaks the answer’s language only through a server")
    assert Page([], "fr").note.startswith("Ce navigateur n’a sur cet appareil aucune voix")


def test_what_is_chosen_is_kept() -> None:
    page = Page(VOICES)
    for name, value in (("voice", "Daniel"), ("speed", "1.5")):
        node = page.dom.by_id("set-" + name)
        node.value = value
        node.fire("change")
    switch = page.dom.by_id("set-aloud")
    switch.checked = True
    switch.fire("change")
    assert page.changes == [("voice", "Daniel"), ("speed", "1.5"), ("aloud", True)]


def test_a_voice_that_is_not_here_any_more_gives_way_to_the_browsers_own() -> None:
    page = Page(VOICES)
    page.preferences["voice"] = "Daniel"
    page.view.draw()
    assert page.dom.by_id("set-voice").value == "Daniel"
    page.preferences["voice"] = "Samantha"
    page.view.draw()
    assert page.dom.by_id("set-voice").value == ""


def test_an_example_can_be_heard_and_ends_with_the_settings() -> None:
    page = Page(VOICES)
    button = page.dom.by_id("voice-try")
    button.fire("click")
    assert page.did == ["sample"]
    page.state.read(SAMPLE, "speaking")
    page.view.draw()
    assert button.attributes["aria-pressed"] == "true"
    page.dom.by_id("settings").close()
    assert page.did == ["sample", "stop"]
    page.state.read(SAMPLE, "voice_blocked")
    page.view.draw()
    assert page.note.startswith("The browser lets a page speak only after a click")


def test_orions_voice_is_offered_with_its_size_where_it_speaks_the_pages_language() -> None:
    piper = {"id": "piper", "sense": "voice", "languages": ["en"], "download_bytes": 63_000_000}
    ears = {"id": "ears", "sense": "speech", "download_bytes": 80_000_000}
    assert orions([ears, piper], speak("en")) == [("orion", "Orion’s voice (63\u202fMB to download once)")]
    assert orions([ears, piper], speak("fr")) == []
    assert orions(None, speak("en")) == []
    page = Page([])
    page.state.device["senses"] = [piper]
    page.preferences["voice"] = "orion"
    page.view.draw()
    assert page.choices[-1][0] == page.dom.by_id("set-voice").value == "orion"
    assert page.note == "", "it needs none of the browser's"
