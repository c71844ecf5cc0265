"""The engine's voice reads answers: its sound is played without a gap, stops at once, and gives way to the browser's
voice where it can't be had. ``sources`` are the sounds that the page played: when each began, how long it is."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.page.test_reading_aloud import SKY, spoken, texts, voiced

PIPER = {
    "id": "scripted-voice",
    "title": "Piper",
    "manifest": "models/voice/manifest.json",
    "sense": "voice",
    "voices": [{"id": "joe", "title": "Joe", "language": "en", "good_at": {"en": "quick", "fr": "vive"}}],
    "licence": "MIT",
    "download_bytes": 63_000_000,
    "memory_bytes": 90_000_000,
}
KOKORO = {
    **PIPER,
    "id": "scripted-kokoro",
    "title": "Kokoro",
    "voices": [
        {"id": "siwis", "title": "Siwis", "language": "fr", "good_at": {"en": "natural", "fr": "naturelle"}},
        {"id": "heart", "title": "Heart", "language": "en", "good_at": {"en": "warm", "fr": "chaleureuse"}},
    ],
    "licence": "Apache-2.0",
    "download_bytes": 99_000_000,
}
BOTH = "The word is this one. Elle est dans la maison avec le chat et les enfants. That is the end of it."
TAP = """
window.speaks = [];
const { postMessage } = Worker.prototype;
Worker.prototype.postMessage = function (message, ...rest) {
  if (typeof message === "string" && message.includes('"speak"')) window.speaks.push(JSON.parse(message));
  return postMessage.call(this, message, ...rest);
};
window.sources = []; window.stops = 0;
const { start, stop } = AudioBufferSourceNode.prototype;
AudioBufferSourceNode.prototype.start = function (at) {
  const { duration } = this.buffer;
  window.sources.push({ at, duration, peak: Math.max(...this.buffer.getChannelData(0)) });
  return start.call(this, at);
};
AudioBufferSourceNode.prototype.stop = function () { window.stops += 1; return stop.call(this); };
"""
FAILED = {
    "code": "download_failed",
    "family": "load",
    "message": "HTTP 503",
    "hint": "",
    "retryable": True,
    "detail": {},
}


def sources(page: Page) -> list[dict[str, Any]]:
    played: list[dict[str, Any]] = page.evaluate("sources")
    return played


@pytest.fixture
def listener(folder: Path, visit: Callable[..., Visit]) -> Callable[..., Visit]:
    """``listener(**scenario)``: a person who has chosen Orion's voice and has answers read."""

    def start(**scenario: Any) -> Visit:
        assembled.scenario(folder, stored=True, senses=[PIPER], **scenario)
        person = voiced(visit())
        person.page.add_init_script(TAP)
        person.open()
        page = person.page
        page.get_by_role("button", name="Settings").click()
        choice = page.get_by_role("combobox", name="Voice", exact=True)
        choice.select_option("orion")
        page.get_by_label("Read answers aloud").check()
        page.get_by_role("button", name="Close").click()
        return person

    return start


def test_an_answer_is_played_sentence_after_sentence_without_a_gap(listener: Callable[..., Visit]) -> None:
    person = listener()
    page = person.page
    person.ask_and_wait("Why is the sky blue?")
    page.wait_for_function("() => sources.length === 3")
    expect(person.answer).to_have_attribute("data-reading", "speaking")
    expect(person.answer).not_to_have_attribute("data-reading", "speaking")
    played = sources(page)
    assert [round(each["duration"] / 0.05) for each in played] == [len(sentence.split()) for sentence in SKY]
    for one, following in itertools.pairwise(played):
        assert following["at"] >= one["at"] + one["duration"] - 1e-6, "none covers the one before"
    assert all(each["peak"] > 0.1 for each in played)
    asked = page.evaluate("speaks.map(({ text, ahead = false, voice }) => [text, ahead, voice])")
    assert [row[1:] for row in asked] == [[True, "joe"], [False, "joe"], [False, "joe"], [False, "joe"]]
    assert texts(page) == []
    assert person.faults == []


def test_escape_ends_the_sound_and_what_the_engine_still_speaks(listener: Callable[..., Visit]) -> None:
    person = listener(voiceMs=900)
    page = person.page
    person.ask("Something that reverses a word")
    page.wait_for_function("() => sources.length >= 1")
    page.keyboard.press("Escape")
    expect(page.locator("[data-reading]")).to_have_count(0)
    played = len(sources(page))
    page.wait_for_timeout(1500)
    assert len(sources(page)) == played
    assert page.evaluate("stops") >= 1
    person.state("success")
    assert "cancel" in person.requests_to_engine()


def test_where_it_cannot_be_had_the_browsers_voice_reads_and_the_page_says_so(listener: Callable[..., Visit]) -> None:
    person = listener(voiceError=FAILED)
    page = person.page
    person.ask_and_wait("Why is the sky blue?")
    expect(page.locator("[data-kind=voice_orion]")).to_contain_text("so the browser’s voice reads")
    page.wait_for_function("() => spoken.length === 3")
    assert [each["voice"] for each in spoken(page)] == ["Ada"] * 3
    assert sources(page) == []
    assert person.faults == []


def chosen_voices(page: Page) -> list[tuple[str, str]]:
    said: list[Any] = page.evaluate("speaks.filter(({ ahead }) => !ahead).map(({ text, voice }) => [text, voice])")
    return [tuple(row) for row in said]


@pytest.fixture
def visitor(folder: Path, visit: Callable[..., Visit]) -> Callable[..., Visit]:
    """``visitor(**scenario)``: a person at a site with all of Orion's voices, who has chosen none."""

    def start(locale: str = "en-US", voices: str = "voices", **scenario: Any) -> Visit:
        assembled.scenario(folder, stored=True, senses=[PIPER, KOKORO], **scenario)
        person = voiced(visit(locale=locale), voices)
        person.page.add_init_script(TAP)
        return person.open()

    return start


def test_a_voice_is_chosen_by_the_keyboard_heard_and_kept(visitor: Callable[..., Visit]) -> None:
    person = visitor()
    page = person.page
    page.get_by_role("button", name="Settings").click()
    choice = page.get_by_role("combobox", name="Voice", exact=True)
    expect(choice.locator("optgroup")).to_have_count(4)
    labels = [group.get_attribute("label") for group in choice.locator("optgroup").all()]
    assert labels == [
        "Orion’s voices: English",
        "Orion’s voices: French",
        "The browser’s voices: English",
        "The browser’s voices: French",
    ]
    choice.focus()
    page.keyboard.type("Siwis")
    expect(choice).to_have_value("orion:siwis")
    expect(choice).to_have_accessible_description(
        "Siwis reads French: natural. Model: Kokoro, 99\u202fMB, fetched once it first speaks. Licence: Apache-2.0."
    )
    page.keyboard.press("Tab")
    page.get_by_role("combobox", name="Reading speed").select_option("Brisk")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Listen to an example")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_function("() => sources.length === 1")
    (said,) = page.evaluate("speaks")
    assert (said["text"], said["voice"], said["language"], said["speed"]) == (
        "Voici comment Orion lit ses réponses à voix haute.",
        "siwis",
        "fr",
        1.25,
    )
    page.reload()
    person.wait()
    page.get_by_role("button", name="Settings").click()
    expect(choice).to_have_value("orion:siwis")
    expect(page.get_by_role("combobox", name="Reading speed")).to_have_value("1.25")
    assert person.faults == []


def test_the_choice_is_there_in_french(visitor: Callable[..., Visit]) -> None:
    page = visitor("fr-FR").page
    page.get_by_role("button", name="Réglages").click()
    choice = page.get_by_role("combobox", name="Voix", exact=True)
    choice.select_option("Joe (63\u202fMo)")
    expect(page.locator("#voice-about")).to_have_text(
        "Joe lit l’anglais : vive. Modèle : Piper, 63\u202fMo, téléchargé quand la voix parle pour la première fois. "
        "Licence : MIT."
    )


def test_what_the_chosen_voice_cannot_speak_another_does_and_the_page_says_so_once(
    visitor: Callable[..., Visit],
) -> None:
    person = visitor(answer=BOTH)
    page = person.page
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("combobox", name="Voice", exact=True).select_option("orion:heart")
    page.get_by_role("button", name="Close").click()
    for _ in range(2):
        person.ask_and_wait("Say it in both.")
        page.evaluate("speaks.length = 0")
        person.answer.get_by_role("button", name="Read aloud", exact=True).click()
        page.wait_for_function("() => speaks.length === 3")
        expect(page.locator("[data-reading]")).to_have_count(0)
        assert [voice for _, voice in chosen_voices(page)] == ["heart", "siwis", "heart"]
    expect(page.locator("[data-kind=voice_another]")).to_have_count(1)
    expect(page.locator("[data-kind=voice_another]")).to_contain_text("“Heart” can’t read French, so “Siwis” does.")
    assert texts(page) == []


def test_where_the_browser_has_no_voice_orions_reads(visitor: Callable[..., Visit]) -> None:
    person = visitor(voices="[]")
    page = person.page
    person.ask_and_wait("Why is the sky blue?")
    person.answer.get_by_role("button", name="Read aloud", exact=True).click()
    page.wait_for_function("() => sources.length === 3")
    expect(page.locator("[data-kind=voice_another]")).to_contain_text("It has to be downloaded once: 63\u202fMB.")
    assert [voice for _, voice in chosen_voices(page)] == ["joe"] * 3
