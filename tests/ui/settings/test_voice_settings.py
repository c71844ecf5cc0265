"""Reading aloud in the settings: whether, by which of this device's voices, how fast, and an example."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from tests.ui.aloud.voices import SENSES, Promise
from tests.ui.fake_dom import dom
from tests.ui.speech import speak
from ui.base.store import DEFAULTS
from ui.chats.conversation import Conversation
from ui.engine.view_state import SAMPLE, ViewState
from ui.settings.voice_settings import VoiceSettings

VOICES = [
    {"name": "Amélie", "language": "fr", "local": True},
    {"name": "Daniel", "language": "en", "local": True},
    {"name": "Google US English", "language": "en", "local": False},
]


class Page:
    def __init__(
        self, voices: list[dict[str, Any]], language: str = "en", senses: list[dict[str, Any]] | None = None
    ) -> None:
        self.dom = dom("settings", "set-aloud", "set-voice", "set-speed", "voice-try", "voice-note", "voice-about")
        self.words, self.preferences = speak(language), dict(DEFAULTS)
        self.state = ViewState(Conversation("c"))
        if senses is not None:
            self.state.device["senses"] = senses
        self.changes: list[Any] = []
        self.settings = SimpleNamespace(change=lambda *what: self.changes.append(what))
        self.did: list[str] = []
        self.aloud = SimpleNamespace(
            sample=lambda language: self.did.append("sample " + language), stop=lambda: self.did.append("stop")
        )
        self.bridge = SimpleNamespace(ownVoices=lambda: Promise(json.dumps(voices)))
        self.view = VoiceSettings(self)
        self.view.open()

    @property
    def choices(self) -> list[tuple[str, str, str]]:
        """(group, value, label)"""
        found = []
        for node in self.dom.by_id("set-voice").children:
            inner = node.children if node.tag == "optgroup" else [node]
            found += [(node.attributes.get("label", ""), each.attributes["value"], each.textContent) for each in inner]
        return found

    @property
    def note(self) -> str:
        return str(self.dom.by_id("voice-note").textContent)

    @property
    def about(self) -> str:
        return str(self.dom.by_id("voice-about").textContent)


def test_the_browsers_voices_that_are_on_this_device_can_be_chosen_the_pages_language_first() -> None:
    assert Page(VOICES).choices == [
        ("", "", "The browser’s voice"),
        ("The browser’s voices: English", "Daniel", "Daniel"),
        ("The browser’s voices: French", "Amélie", "Amélie"),
    ]
    french = Page(VOICES, "fr")
    assert french.choices == [
        ("", "", "La voix du navigateur"),
        ("Voix du navigateur : le français", "Amélie", "Amélie"),
        ("Voix du navigateur : l’anglais", "Daniel", "Daniel"),
    ]
    assert french.note == ""


def test_where_there_is_no_such_voice_it_says_why_or_which_of_orions_reads() -> None:
    assert Page([]).note.startswith("This browser has no voice on this device")
    assert Page(VOICES[2:]).note.startswith("This browser speaks the answer’s language only through a server")
    assert Page([], "fr").note.startswith("Ce navigateur n’a sur cet appareil aucune voix")
    assert Page([], senses=SENSES).note == (
        "“The browser’s voice” can’t read English, so “Joe” does. It has to be downloaded once: 63\u202fMB."
    )


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
    assert page.did == ["sample en"]
    page.state.read(SAMPLE, "speaking")
    page.view.draw()
    assert button.attributes["aria-pressed"] == "true"
    page.dom.by_id("settings").close()
    assert page.did == ["sample en", "stop"]
    page.state.read(SAMPLE, "voice_blocked")
    page.view.draw()
    assert page.note.startswith("The browser lets a page speak only after a click")


def test_an_example_is_heard_in_the_language_of_the_voice() -> None:
    page = Page(VOICES, senses=SENSES)
    for chosen, language in (("", "en"), ("Amélie", "fr"), ("orion:siwis", "fr"), ("orion:joe", "en"), ("orion", "en")):
        page.preferences["voice"] = chosen
        page.view.draw()
        page.dom.by_id("voice-try").fire("click")
        assert page.did[-1] == f"sample {language}"


def test_another_choice_ends_the_example_of_the_one_before() -> None:
    page = Page(VOICES)
    page.state.read(SAMPLE, "speaking")
    node = page.dom.by_id("set-voice")
    node.value = "Daniel"
    node.fire("change")
    assert page.did == ["stop"]
    assert page.changes == [("voice", "Daniel")]


def test_each_of_orions_voices_is_offered_with_what_it_weighs_and_is_good_at() -> None:
    page = Page([], senses=SENSES)
    assert page.choices[1:] == [
        ("", "orion", "Orion’s voices, one for each language"),
        ("Orion’s voices: English", "orion:joe", "Joe (63\u202fMB)"),
        ("Orion’s voices: English", "orion:heart", "Heart (99\u202fMB)"),
        ("Orion’s voices: French", "orion:siwis", "Siwis (99\u202fMB)"),
    ]
    assert page.about == ""
    page.preferences["voice"] = "orion:heart"
    page.view.draw()
    assert page.dom.by_id("set-voice").value == "orion:heart"
    assert page.about == (
        "Heart reads English: as Heart is. Model: Kokoro, 99\u202fMB, fetched once it first speaks. "
        "Licence: Apache-2.0."
    )
    assert page.note == "", "it needs none of the browser's"
    page.preferences["voice"] = "orion"
    page.view.draw()
    assert [part.split(" ")[0] for part in page.about.split("Licence")] == ["Joe", ":", ":"]
    assert "Siwis reads French" in page.about
    french = Page([], "fr", senses=SENSES)
    assert [value for _, value, _ in french.choices] == ["", "orion", "orion:siwis", "orion:joe", "orion:heart"]


def test_a_choice_whose_list_is_not_here_yet_stays() -> None:
    page = Page([])
    page.preferences["voice"] = "orion:joe"
    page.view.draw()
    assert page.dom.by_id("set-voice").value == "orion:joe"
    page.state.device["senses"] = []
    page.view.draw()
    assert page.dom.by_id("set-voice").value == "", "this site doesn't have it"


def test_the_list_is_drawn_again_only_when_it_differs() -> None:
    page = Page(VOICES, senses=SENSES)
    before = list(page.dom.by_id("set-voice").children)
    page.view.draw()
    assert list(page.dom.by_id("set-voice").children) == before
