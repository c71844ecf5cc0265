"""A person talks with Orion hands-free, with the real models: heard, answered, read aloud, heard again, and ended by a
spoken "stop"; with and without a browser that takes its own voice out of what the microphone hears.

The browser's microphone plays what Orion's own voices spoke: Kokoro's ff_siwis and Piper's joe.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from bench.hearing.word_errors import rate
from e2e.page.test_recorder import OPEN, WATCHED
from e2e.support.browsers import Browsers
from e2e.support.microphone import microphone_file
from e2e.support.person import KEY, Person
from e2e.support.waiting import until
from e2e.support.web import Web
from e2e.test_hearing import MODELS
from e2e.test_microphone import ALLOWS
from e2e.test_spoken_answers import TAP, written_down
from orion_py.senses.hearing.resampling import Resampler
from orion_py.senses.speaking.catalogue import KOKORO, PIPER

RECORDINGS = Path(__file__).parent / "recordings"
CAPITAL = RECORDINGS / "capital.ogg"
"""« Quelle est la capitale de la France ? »"""
STORY = RECORDINGS / "story.ogg"
""" "Tell me a long story about a dragon." """
STOP, ARRETE = RECORDINGS / "stop.ogg", RECORDINGS / "arrete.ogg"
WITHOUT_ECHO_CANCELLATION = """
const asked = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = ({ audio }) => asked({ audio: { ...audio, echoCancellation: false } });
"""
"""As browsers do it on devices where they can't."""
PHASES = """bar => {
  const seen = [], note = () => {
    const text = bar.hidden ? "" : bar.querySelector("#hands-free-state").textContent;
    if (text !== seen.at(-1)) seen.push(text);
  };
  new MutationObserver(note).observe(bar, { attributes: true, childList: true, characterData: true, subtree: true });
  note();
  return seen;
}"""


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    return tmp_path / "microphone.wav"


@pytest.fixture
def talking(web: Web, profile: Path, browsers: Browsers, microphone: Path) -> Iterator[Callable[..., Person]]:
    """``talking(*scripts, **options)``: somebody at a site that hears and speaks, who has chosen Orion's voice."""
    with web.site.offering(*MODELS, PIPER, KOKORO):

        def start(*scripts: str, **options: Any) -> Person:
            plays = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={microphone}%noloop"]
            page = browsers.start(profile, arguments=[*plays, ALLOWS], **options)
            chosen = f"const kept = JSON.parse(localStorage.getItem({KEY!r}) ?? '{{}}');"
            chosen += f"localStorage.setItem({KEY!r}, JSON.stringify({{ ...kept, voice: 'orion' }}));"
            for script in (TAP, *scripts, WATCHED, chosen):
                page.add_init_script(script)
            person = Person(page, web.url, "fr" if options.get("locale") == "fr-FR" else "en")
            person.opens()
            person.waits_for_the_model()
            return person

        yield start


def sounded(page: Page) -> str:
    """What the page played, written down."""
    sound = []
    for piece in page.evaluate("played"):
        resampler = Resampler(piece["rate"])
        samples = np.frombuffer(base64.b64decode(piece["samples"]), "<f4")
        sound += [resampler.push(samples), resampler.finish()]
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, written_down(np.concatenate(sound))).result()


def test_a_conversation_in_french_is_heard_answered_and_read_aloud_until_stop_is_said_and_again_offline(
    web: Web, talking: Callable[..., Person], microphone: Path
) -> None:
    microphone_file(microphone, 1.0, CAPITAL, 3.0)
    person = talking(WITHOUT_ECHO_CANCELLATION, locale="fr-FR")
    page = person.page
    for visit in ("online", "offline"):
        if visit == "offline":
            microphone_file(microphone, 1.0, CAPITAL, 3.0)
            web.goes_down()
            person.reloads()
            person.waits_for_the_model()
        before = person.questions.count()
        bar = page.get_by_role("region", name="Mains libres")
        phases = page.locator("#hands-free-bar").evaluate_handle(PHASES)
        page.get_by_role("button", name="Mains libres", exact=True).click()
        expect(page.locator("#microphone-sign")).to_be_visible()
        assert page.title().startswith("● ")
        expect(person.questions).to_have_count(before + 1)
        expect(person.questions.last).to_contain_text("capitale de la France")
        microphone_file(microphone, 1.0, ARRETE, 3.0)
        until(page, "the answer is read aloud", lambda: page.evaluate("played.length") > 0)
        expect(bar).to_contain_text("Lecture de la réponse à voix haute.")
        assert not page.evaluate(OPEN), "it would hear itself"
        expect(page.locator("#microphone-sign")).to_be_hidden()
        assert page.title() == "Orion"
        expect(bar).to_be_hidden()
        expect(page.locator("#hands-free-note")).to_be_hidden()
        text = person.answers.last.locator(".answer").inner_text()
        heard = sounded(page)
        assert rate([(text, heard)]) <= 0.3, (text, heard)
        expect(person.questions).to_have_count(before + 1)
        assert not page.evaluate(OPEN)
        assert person.notices == "", "no other voice took its place"
        seen = [phase for phase in phases.json_value() if phase]
        assert seen[-1].startswith("À l’écoute"), seen
        assert seen.index("Lecture de la réponse à voix haute.") > seen.index("La réponse arrive.")


def test_stop_said_while_the_answer_is_read_silences_it_where_the_browser_cancels_its_echo(
    talking: Callable[..., Person], microphone: Path
) -> None:
    microphone_file(microphone, 1.0, STORY, 45.0, STOP, 20.0, STOP, 3.0)
    person = talking()
    page = person.page
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Listen to an example").click()  # so that the voice is in memory
    until(page, "the voice speaks", lambda: page.evaluate("played.length") > 0)
    expect(page.locator("#voice-try")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Close").click()
    phases = page.locator("#hands-free-bar").evaluate_handle(PHASES)
    page.get_by_role("button", name="Hands-free", exact=True).click()
    bar = page.get_by_role("region", name="Hands-free")
    expect(person.questions.last).to_contain_text("story")
    expect(bar).to_contain_text("Reading the answer aloud.")
    assert page.evaluate(OPEN), "it listens for stop"
    expect(page.locator("#microphone-sign")).to_be_visible()
    until(page, "it is silent and listens", lambda: "Listening" in bar.inner_text())
    assert page.evaluate(OPEN)
    expect(page.locator("[data-reading]")).to_have_count(0)
    expect(bar).to_be_hidden()
    assert not page.evaluate(OPEN)
    expect(page.locator("#hands-free-note")).to_be_hidden()
    expect(person.questions).to_have_count(1)
    assert phases.json_value()[-3:] == ["Reading the answer aloud.", "Listening. Say “stop” to end.", ""]
