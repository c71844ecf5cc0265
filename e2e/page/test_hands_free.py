"""A person talks with Orion hands-free: it listens, answers aloud, listens again, and ends with "stop"."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.page.test_reading_aloud import SKY, says, texts, voiced
from e2e.page.test_recorder import OPEN, WATCHED, with_microphone  # noqa: F401
from e2e.support.evidence import Evidence


@pytest.fixture
def talker(
    folder: Path,
    server: assembled.Server,
    with_microphone: Browser,  # noqa: F811
    evidence: Evidence,
) -> Iterator[Callable[..., Visit]]:
    """``talker(*turns, **options)``: somebody who says these, one each time that the microphone is open."""
    visits: list[Visit] = []

    def start(*turns: str, **options: Any) -> Visit:
        assembled.scenario(folder, stored=True, hears=True, turns=turns)
        settings = {"locale": "en-US", "reduced_motion": "reduce", "permissions": ["microphone"], **options}
        context = with_microphone.new_context(**settings)
        context.add_init_script(WATCHED)
        evidence.watch(context)
        visits.append(voiced(Visit(context, server.url)))
        return visits[-1].open()

    yield start
    for visit in visits:
        visit.context.close()
    assert [fault for visit in visits for fault in visit.faults] == []


def microphone_is_open(page: Page) -> bool:
    return bool(page.evaluate(OPEN))


def test_it_listens_answers_aloud_and_listens_again_until_stop_is_said(talker: Callable[..., Visit]) -> None:
    person = talker("Why is the sky blue?", "Stop.")
    page = person.page
    page.evaluate("holds = true")
    button = page.get_by_role("button", name="Hands-free")
    button.click()
    bar = page.get_by_role("region", name="Hands-free")
    expect(bar).to_contain_text("Listening. Say “stop” to end.")
    expect(page.locator("#microphone-sign")).to_be_visible()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("article[data-role=user]")).to_contain_text("Why is the sky blue?")
    says(page, SKY[:1])
    expect(bar).to_contain_text("Reading the answer aloud.")
    assert not microphone_is_open(page), "it would hear itself"
    expect(page.locator("#microphone-sign")).to_be_hidden()
    page.evaluate("() => { holds = false; speechSynthesis.cancel(); }")
    expect(bar).to_be_hidden()
    assert texts(page) == SKY
    expect(page.locator("article")).to_have_count(2)
    expect(page.locator("#microphone-sign")).to_be_hidden()
    assert not microphone_is_open(page)
    expect(button).to_have_attribute("aria-pressed", "false")


def test_on_a_french_phone_escape_and_the_button_end_it_at_once(talker: Callable[..., Visit]) -> None:
    person = talker("Pourquoi ?", locale="fr-FR", viewport={"width": 390, "height": 844}, has_touch=True)
    page = person.page
    page.evaluate("holds = true")
    button = page.get_by_role("button", name="Mains libres")
    button.tap()
    bar = page.get_by_role("region", name="Mains libres")
    expect(bar).to_contain_text("Lecture de la réponse à voix haute.")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    expect(page.locator("[data-reading]")).to_have_count(0)
    assert page.evaluate("cancels") >= 1
    person.state("success")
    button.tap()
    expect(bar).to_contain_text("À l’écoute. Dites « stop » pour terminer.")
    bar.get_by_role("button", name="Terminer").tap()
    expect(bar).to_be_hidden()
    expect(page.locator("#microphone-sign")).to_be_hidden()
    assert not microphone_is_open(page)


def test_a_microphone_that_may_not_be_used_ends_it_with_the_reason(talker: Callable[..., Visit]) -> None:
    person = talker("Why?", permissions=[])
    page = person.page
    page.get_by_role("button", name="Hands-free").click()
    expect(page.locator("#hands-free-note")).to_contain_text("Orion may not use the microphone.")
    expect(page.get_by_role("region", name="Hands-free")).to_be_hidden()
    person.ask_and_wait("Why is the sky blue?")
