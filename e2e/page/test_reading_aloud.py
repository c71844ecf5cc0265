"""A person has answers read aloud, by the button or by the setting while they stream, and has silence at once.

Chromium without a screen has no voices of its own, so the browser's are played here: ``spoken`` is what they were
given, and a sentence ends by itself unless the test ``holds`` it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.page import assembled
from e2e.page.conftest import Visit

SKY = [
    "Light from the Sun holds all colours.",
    "The air scatters blue light far more than red, so wherever you look, "
    "some of that scattered blue reaches your eyes.",
    "At sunset the light crosses more air, most of the blue is lost on the way, and red remains.",
]
VOICES = """
window.spoken = []; window.cancels = 0; window.holds = false;
const voices = [["Ada", "en-GB", true], ["Bea", "en-US", true], ["Luc", "fr-FR", true], ["Cloud", "en-US", false]]
  .map(([name, lang, localService]) => ({ name, lang, localService, default: false, voiceURI: name }));
let current = null;
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; this.rate = 1; } };
const play = {
  getVoices: () => VOICES_HERE,
  addEventListener: () => {},
  speak: (one) => {
    current = one;
    window.spoken.push({ text: one.text, voice: one.voice.name, rate: one.rate });
    setTimeout(() => { if (current === one) one.onstart({}); });
    if (!window.holds) setTimeout(() => { if (current === one) { current = null; one.onend({}); } }, 30);
  },
  cancel: () => { window.cancels += 1; const one = current; current = null; one?.onerror({ error: "interrupted" }); },
};
Object.defineProperty(window, "speechSynthesis", { value: play });
"""


def voiced(visit: Visit, voices: str = "voices") -> Visit:
    visit.page.add_init_script(VOICES.replace("VOICES_HERE", voices))
    return visit


def spoken(page: Page) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = page.evaluate("spoken")
    return said


def texts(page: Page) -> list[str]:
    return [each["text"] for each in spoken(page)]


def says(page: Page, sentences: list[str]) -> None:
    """Waits until the voice was given exactly these."""
    page.wait_for_function("most => spoken.length >= most", arg=len(sentences))
    assert texts(page) == sentences


def test_an_answer_is_read_by_its_button_and_marked_while_it_is(visit: Callable[..., Visit]) -> None:
    person = voiced(visit()).open()
    page = person.page
    person.ask_and_wait("Why is the sky blue?")
    expect(page.locator("#announcer")).to_contain_text("Answer: Light")
    page.evaluate("holds = true")
    button = person.answer.get_by_role("button", name="Read aloud", exact=True)
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    says(page, SKY[:1])
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(person.answer).to_have_attribute("data-reading", "speaking")
    stop = person.answer.get_by_role("button", name="Stop reading aloud")
    expect(stop).to_have_text("Reading aloud")
    stop.click()
    expect(person.answer).not_to_have_attribute("data-reading", "speaking")
    expect(button).to_have_attribute("aria-pressed", "false")
    assert page.evaluate("cancels") >= 1
    page.evaluate("holds = false; spoken.length = 0")
    button.focus()
    page.keyboard.press("Enter")
    says(page, SKY)
    expect(button).to_have_attribute("aria-pressed", "false")
    assert person.faults == []
    assert person.foreign() == []


def test_answers_are_read_as_they_stream_and_escape_ends_the_voice_before_the_answer(
    folder: Path, visit: Callable[..., Visit]
) -> None:
    assembled.scenario(folder, stored=True, pauseAt=0.6)
    person = voiced(visit()).open()
    page = person.page
    page.get_by_role("button", name="Settings").click()
    page.get_by_label("Read answers aloud").check()
    page.get_by_label("Reading speed").select_option("Fast")
    page.get_by_role("combobox", name="Voice", exact=True).select_option("Bea")
    expect(page.get_by_role("combobox", name="Voice", exact=True).locator("option")).to_have_text(
        ["The browser’s voice", "Ada", "Bea", "Luc"]
    )
    page.get_by_role("button", name="Close").click()
    page.evaluate("holds = true")
    person.ask("Why is the sky blue?")
    says(page, SKY[:1])
    assert spoken(page)[0] == {"text": SKY[0], "voice": "Bea", "rate": 1.5}
    person.state("streaming")
    expect(person.answer.get_by_role("button", name="Stop reading aloud")).to_be_visible()
    page.keyboard.press("Escape")
    expect(person.answer.get_by_role("button", name="Stop reading aloud")).to_have_count(0)
    person.state("streaming")
    page.keyboard.press("Escape")
    person.state("cancelled")
    assert texts(page) == SKY[:1]

    page.reload()
    person.wait()
    page.get_by_role("button", name="Settings").click()
    expect(page.get_by_label("Read answers aloud")).to_be_checked()
    expect(page.get_by_role("combobox", name="Voice", exact=True)).to_have_value("Bea")
    assert person.faults == []


@pytest.mark.parametrize("leaves", ["another question", "another conversation"])
def test_a_new_question_and_a_new_conversation_end_what_is_read(visit: Callable[..., Visit], leaves: str) -> None:
    person = voiced(visit()).open()
    page = person.page
    person.ask_and_wait("Why is the sky blue?")
    page.evaluate("holds = true")
    person.answer.get_by_role("button", name="Read aloud", exact=True).click()
    says(page, SKY[:1])
    if leaves == "another question":
        person.ask_and_wait("And the sea?")
    else:
        page.get_by_role("button", name="New conversation").click()
    expect(page.locator("[data-reading]")).to_have_count(0)
    assert page.evaluate("cancels") >= 1
    assert texts(page) == SKY[:1]


def test_code_and_tables_are_not_read_as_signs(visit: Callable[..., Visit]) -> None:
    person = voiced(visit()).open()
    page = person.page
    person.ask_and_wait("Something that reverses a word")
    person.answer.get_by_role("button", name="Read aloud", exact=True).click()
    page.wait_for_function("() => spoken.some(each => each.text.startsWith('keeps emoji'))")
    said = texts(page)
    assert "Some code follows; it isn’t read." in said
    assert "1. With a slice, which Python reads backwards" in said
    assert "reversed, 1, fast" in said
    assert not [text for text in said if any(sign in text for sign in ("`", "**", "|", "def ", "[x]", "##"))]


def test_a_french_page_on_a_phone_reads_french_with_a_french_voice(folder: Path, visit: Callable[..., Visit]) -> None:
    text = "Le ciel est bleu parce que l’air diffuse la lumière. L’équation est $x^2 = 4$."
    assembled.scenario(folder, stored=True, answer=text)
    person = voiced(visit(locale="fr-FR", viewport={"width": 390, "height": 844}, has_touch=True)).open()
    page = person.page
    person.ask_and_wait("Pourquoi ?")
    page.evaluate("holds = true")
    person.answer.get_by_role("button", name="Lire à voix haute").tap()
    expect(person.answer.get_by_role("button", name="Arrêter la lecture")).to_have_text("Lecture à voix haute")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("holds = false; window.speechSynthesis.cancel()")
    page.wait_for_function("() => spoken.length >= 2")
    assert spoken(page)[0]["voice"] == "Luc"
    assert texts(page)[1] == "L’équation est x au carré égale 4."


def test_where_the_browser_has_no_voice_it_says_so_on_the_answer_and_in_the_settings(
    visit: Callable[..., Visit],
) -> None:
    for voices, words in (("[]", "has no voice on this device"), ("[voices[3]]", "only through a server")):
        person = voiced(visit(), voices).open()
        page = person.page
        person.ask_and_wait("Why is the sky blue?")
        person.answer.get_by_role("button", name="Read aloud", exact=True).click()
        expect(person.answer.get_by_role("alert")).to_contain_text(words)
        expect(page.locator("[data-reading]")).to_have_count(0)
        page.get_by_role("button", name="Settings").click()
        expect(page.locator("#voice-note")).to_contain_text(words)
        page.get_by_role("button", name="Listen to an example").click()
        expect(page.get_by_role("button", name="Listen to an example")).to_have_attribute("aria-pressed", "false")
        assert texts(page) == []
        page.keyboard.press("Escape")
        person.ask_and_wait("And the sea?")
        assert person.faults == []
