"""A person records what they ask: the browser's made-up microphone beeps; the scripted engine says what was said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from build_support.browser import ARGUMENTS, find
from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.support.evidence import Evidence

MICROPHONE = ["--use-fake-device-for-media-stream"]
WATCHED = """
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => globalThis.recorded = await real(wanted);
"""
OPEN = "globalThis.recorded?.getTracks().some((track) => track.readyState === 'live') ?? false"
IN_BACKGROUND = """() => {
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  delete document.hidden;
}"""
QUESTION = "What is the tallest tree?"


@pytest.fixture(scope="module")
def with_microphone(playwright: Playwright, pytestconfig: pytest.Config) -> Iterator[Browser]:
    headless = not pytestconfig.getoption("--headed")
    browser = playwright.chromium.launch(executable_path=find(), args=[*ARGUMENTS, *MICROPHONE], headless=headless)
    yield browser
    browser.close()


class Speaker:
    """Somebody who speaks to the page."""

    def __init__(self, visit: Visit, words: tuple[str, str] = ("Record", "Stop recording")) -> None:
        self.visit, self.page, self._words = visit, visit.page, words

    @property
    def box(self) -> Locator:
        return self.visit.box

    @property
    def note(self) -> Locator:
        return self.page.locator("#record-note")

    def button(self, which: int = 0) -> Locator:
        return self.page.get_by_role("button", name=self._words[which], exact=True)

    def records(self) -> None:
        self.button().click()
        expect(self.page.locator("#microphone-sign")).to_be_visible()

    def stops(self) -> None:
        self.button(1).click()

    @property
    def is_recorded(self) -> bool:
        return bool(self.page.evaluate(OPEN))


@pytest.fixture
def speaker(
    folder: Path, server: assembled.Server, with_microphone: Browser, evidence: Evidence
) -> Iterator[Callable[..., Speaker]]:
    """``speaker(scenario, **options)``: at a page whose engine says that an agent hears."""
    visits: list[Visit] = []

    def start(
        scenario: dict[str, Any] | None = None, words: tuple[str, str] = ("Record", "Stop recording"), **options: Any
    ) -> Speaker:
        assembled.scenario(folder, stored=True, hears=True, **(scenario or {}))
        settings = {"locale": "en-US", "reduced_motion": "reduce", "permissions": ["microphone"], **options}
        context = with_microphone.new_context(**settings)
        context.add_init_script(WATCHED)
        evidence.watch(context)
        visits.append(Visit(context, server.url))
        return Speaker(visits[-1].open(), words)

    yield start
    for visit in visits:
        visit.context.close()
    assert [fault for visit in visits for fault in visit.faults] == []


def test_what_is_said_grows_behind_what_was_typed_and_is_sent_when_the_person_sends_it(
    speaker: Callable[..., Speaker],
) -> None:
    person = speaker()
    person.box.fill("Tell me:")
    person.records()
    assert person.page.title().startswith("● The microphone is on")
    expect(person.page.get_by_role("group", name="Recording")).to_be_visible()
    expect(person.page.get_by_role("meter", name="How loud the microphone is")).to_be_visible()
    expect(person.box).to_have_value(re.compile(r"^Tell me: What is"))
    expect(person.box).to_have_value(f"Tell me: {QUESTION}")
    expect(person.page.get_by_role("timer")).to_have_text(re.compile(r"^0:0[1-9]$"))
    person.page.wait_for_function("() => document.getElementById('record-level').value > 0")  # it beeps now and then
    assert person.is_recorded
    person.stops()
    expect(person.page.get_by_role("group", name="Recording")).to_be_hidden()
    assert not person.is_recorded
    assert person.page.title() == "Orion"
    expect(person.box).to_have_value(f"Tell me: {QUESTION}")
    expect(person.box).to_be_focused()
    person.box.press("Enter")
    person.visit.state("success")
    assert person.visit.seen_by_engine()[0]["query"] == f"Tell me: {QUESTION}"


def test_it_is_sent_at_once_where_the_person_has_set_that_and_enter_sends_what_is_being_said(
    speaker: Callable[..., Speaker],
) -> None:
    person = speaker()
    person.records()
    expect(person.box).to_have_value(QUESTION)
    person.box.press("Enter")
    person.visit.state("success")
    person.page.get_by_role("button", name="Settings", exact=True).click()
    person.page.get_by_label("Send what I said at once").check()
    person.page.get_by_role("button", name="Close", exact=True).click()
    person.records()
    expect(person.box).to_have_value(QUESTION)
    person.stops()
    expect(person.visit.answers).to_have_count(2)
    person.visit.state("success")
    assert [each["query"] for each in person.visit.seen_by_engine()] == [QUESTION, QUESTION]


def test_what_is_discarded_leaves_what_was_typed(speaker: Callable[..., Speaker]) -> None:
    person = speaker()
    person.box.fill("Tell me:")
    person.records()
    expect(person.box).to_have_value(re.compile("What is"))
    person.page.get_by_role("button", name="Discard", exact=True).click()
    expect(person.box).to_have_value("Tell me:")
    assert not person.is_recorded
    person.visit.ask_and_wait("Something else")


def test_escape_a_page_in_the_background_and_an_unplugged_microphone_keep_what_was_said(
    speaker: Callable[..., Speaker],
) -> None:
    person = speaker()
    for ends, note in [
        (lambda: person.page.keyboard.press("Escape"), None),
        (lambda: person.page.evaluate(IN_BACKGROUND), "Recording stopped when this page went into the background."),
        (lambda: person.page.evaluate("recorded.getTracks()[0].onended()"), "The microphone was unplugged"),
    ]:
        person.box.fill("")
        person.records()
        expect(person.box).to_have_value(QUESTION)
        ends()
        expect(person.page.locator("#microphone-sign")).to_be_hidden()
        expect(person.page.get_by_role("group", name="Recording")).to_be_hidden()
        expect(person.box).to_have_value(QUESTION)
        assert not person.is_recorded
        if note:
            expect(person.note).to_contain_text(note)
        else:
            expect(person.note).to_be_hidden()
    person.box.press("Enter")
    person.visit.state("success")


def test_a_microphone_that_is_forbidden_while_it_records_ends_it_and_what_was_said_stays(
    speaker: Callable[..., Speaker],
) -> None:
    person = speaker()
    person.records()
    expect(person.box).to_have_value(QUESTION)
    person.visit.context.clear_permissions()
    expect(person.page.locator("#microphone-sign")).to_be_hidden()
    expect(person.page.get_by_role("group", name="Recording")).to_be_hidden()
    expect(person.note).to_contain_text("taken away")
    expect(person.box).to_have_value(QUESTION)
    assert not person.is_recorded
    person.button().click()
    expect(person.note).to_contain_text("Orion may not use the microphone.")
    expect(person.box).to_have_value(QUESTION)


def test_silence_and_ears_that_cannot_be_had_are_said_and_the_question_stays(speaker: Callable[..., Speaker]) -> None:
    silent = speaker({"said": []})
    silent.box.fill("Tell me:")
    silent.records()
    expect(silent.page.get_by_role("timer")).to_have_text(re.compile("^0:0[1-9]$"))
    silent.stops()
    expect(silent.note).to_contain_text("Nobody was heard.")
    error = {"code": "download_failed", "family": "load", "message": "", "hint": "", "retryable": True, "detail": {}}
    deaf = speaker({"hearError": error}, ("Enregistrer", "Arrêter l’enregistrement"), locale="fr-FR")
    deaf.box.fill("Dis-moi :")
    deaf.button().click()
    expect(deaf.note).to_be_visible()
    expect(deaf.box).to_have_value("Dis-moi :")
    assert not deaf.is_recorded
    deaf.visit.ask_and_wait("Autre chose")


def test_a_microphone_that_is_refused_or_missing_is_said_in_both_languages_and_the_question_goes_without_it(
    speaker: Callable[..., Speaker], chromium: Browser, server: assembled.Server
) -> None:
    refused = speaker(permissions=[])
    refused.box.fill("Why?")
    refused.button().click()
    expect(refused.note).to_contain_text("Orion may not use the microphone.")
    expect(refused.box).to_have_value("Why?")
    refused.visit.ask_and_wait("Why?")
    context = chromium.new_context(locale="fr-FR", permissions=["microphone"])
    try:
        without = Speaker(Visit(context, server.url).open(), ("Enregistrer", "Arrêter l’enregistrement"))
        without.button().click()
        expect(without.note).to_contain_text("Aucun microphone n’a été trouvé.")
        without.visit.ask_and_wait("Pourquoi ?")
    finally:
        context.close()


def test_on_a_phone_everything_has_its_place(speaker: Callable[..., Speaker]) -> None:
    words = ("Enregistrer", "Arrêter l’enregistrement")
    viewport = {"width": 360, "height": 640}
    person = speaker({"sees": True}, words, locale="fr-FR", viewport=viewport, has_touch=True, is_mobile=True)
    person.records()
    expect(person.box).to_have_value(QUESTION)
    page: Page = person.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for name in ("Abandonner", "Terminé"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box
        assert box["height"] >= 36
        assert box["x"] + box["width"] <= 360
    page.get_by_role("button", name="Terminé", exact=True).click()
    expect(person.box).to_have_value(QUESTION)
