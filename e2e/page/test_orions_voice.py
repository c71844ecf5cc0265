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
    "languages": ["en"],
    "licence": "MIT",
    "download_bytes": 63_000_000,
    "memory_bytes": 90_000_000,
}
TAP = """
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
        choice.select_option("Orion’s voice (63\u202fMB to download once)")
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
    asked = [kind for kind in person.requests_to_engine() if kind == "speak"]
    assert len(asked) == 3
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
