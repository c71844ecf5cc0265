"""French and English, keyboard, screen reader, phone, themes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit


def test_a_french_browser_gets_a_french_page(visit: Callable[..., Visit]) -> None:
    page = visit(locale="fr-FR").open()
    expect(page.page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.page.get_by_role("button", name="Envoyer")).to_be_visible()
    expect(page.box).to_have_attribute("placeholder", "Posez votre question…")
    expect(page.page.get_by_text("Tout reste sur cet appareil.")).to_be_visible()
    expect(page.page.locator("#welcome-note")).to_contain_text("a surtout appris l’anglais")
    expect(page.page.locator("#welcome-wait")).to_be_hidden()
    page.page.get_by_role("button", name="Write a Python function").click()
    page.state("success")
    expect(page.answer.locator("[data-field=backend]")).to_have_text("WebAssembly, 2 fils")


def test_the_language_can_be_changed_and_is_remembered(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_label("Language").select_option("fr")
    expect(page.page.get_by_role("dialog")).to_contain_text("Réglages")
    expect(page.answer.locator("[data-field=rate]")).to_have_text("47 jetons/s")
    page.page.reload()
    page.wait()
    expect(page.page.get_by_role("button", name="Envoyer")).to_be_visible()


def test_the_theme_can_be_chosen(page: Visit) -> None:
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_label("Appearance").select_option("dark")
    expect(page.page.locator("html")).to_have_css("background-color", "rgb(11, 16, 32)")
    page.page.reload()
    page.wait()
    expect(page.page.locator("html")).to_have_css("background-color", "rgb(11, 16, 32)")


def test_the_log_is_polite_and_does_not_read_every_token(page: Visit) -> None:
    log = page.page.get_by_role("log", name="Conversation")
    expect(log).to_have_attribute("aria-live", "polite")
    page.ask("Why is the sky blue?")
    expect(page.answer).to_have_attribute("aria-busy", "true")
    expect(page.answer.locator(".answer")).to_have_attribute("aria-live", "off")
    page.state("success")
    expect(page.answer).to_have_attribute("aria-busy", "false")
    expect(page.page.locator("#announcer")).to_contain_text("Answer: Light from the Sun")


def test_everything_can_be_reached_by_keyboard(page: Visit) -> None:
    page.page.locator("body").press("Tab")
    reached = set()
    for _ in range(14):
        reached.add(page.page.evaluate("document.activeElement.id || document.activeElement.className"))
        page.page.keyboard.press("Tab")
    assert {"skip", "open-chats", "new-chat", "open-settings", "message", "send", "starter"} <= reached


def test_a_sheet_takes_the_focus_and_gives_it_back(page: Visit) -> None:
    button = page.page.get_by_role("button", name="Settings")
    button.click()
    expect(page.page.get_by_role("dialog", name="Settings")).to_be_visible()
    page.page.keyboard.press("Escape")
    expect(page.page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()


def test_nothing_is_wider_than_the_screen(page: Visit) -> None:
    page.ask_and_wait("Something that reverses a word")
    for width in (320, 390, 1280):
        page.page.set_viewport_size({"width": width, "height": 760})
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
        box = page.box.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 760


@pytest.mark.parametrize(("locale", "settings"), [("en-US", "Settings"), ("fr-FR", "Réglages")])
def test_no_setting_is_wider_than_its_sheet_however_long_a_models_name_is(
    visit: Callable[..., Visit], folder: Path, locale: str, settings: str
) -> None:
    named = {"id": "scripted-model", "title": "A model whose maker gave it a name of many words", "languages": ["en"]}
    assembled.scenario(folder, stored=True, models=[named])
    page = visit(locale=locale).open()
    page.page.get_by_role("button", name=settings, exact=True).click()
    sheet = page.page.get_by_role("dialog", name=settings)
    expect(sheet.locator("#set-model option")).to_have_count(2)
    sheet.locator("details > summary").click()
    for width in (320, 390, 1280):
        page.page.set_viewport_size({"width": width, "height": 760})
        assert sheet.evaluate("sheet => sheet.scrollWidth - sheet.clientWidth") == 0, width


def test_the_message_box_stays_above_a_keyboard(visit: Callable[..., Visit]) -> None:
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True).open()
    page.page.set_viewport_size({"width": 390, "height": 430})
    box = page.box.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 430


def test_motion_is_reduced_where_asked(visit: Callable[..., Visit]) -> None:
    page = visit(reduced_motion="no-preference")
    page.page.goto(page.url)
    lamp = page.page.locator(".lamp")
    expect(lamp).not_to_have_css("animation-name", "none")
    page.page.emulate_media(reduced_motion="reduce")
    expect(lamp).to_have_css("animation-name", "none")


def test_a_conversations_time_is_by_the_persons_own_clock(visit: Callable[..., Visit]) -> None:
    zone = "Pacific/Kiritimati"  # UTC+14
    page = visit(timezone_id=zone).open()
    page.ask_and_wait("Why is the sky blue?")
    page.page.get_by_role("button", name="Conversations").click()
    there = datetime.now(ZoneInfo(zone))
    row = page.page.locator("#chat-list small").first
    expect(row).to_contain_text(f"{there:%b} {there.day}, {there.year}")
    expect(row).to_contain_text(f"{there:%p}")


def test_no_button_moves_while_the_page_starts(visit: Callable[..., Visit]) -> None:
    page = visit()
    page.page.goto(page.url, wait_until="commit")
    places = "() => ['open-chats', 'new-chat', 'open-workshop'].map(id => document.getElementById(id).offsetLeft)"
    page.page.wait_for_selector("#message")
    before = page.page.evaluate(places)
    page.wait()
    assert page.page.evaluate(places) == before


def test_on_a_phone_the_title_and_the_close_button_of_the_settings_stay_in_view(visit: Callable[..., Visit]) -> None:
    page = visit(viewport={"width": 390, "height": 844}, has_touch=True).open()
    page.page.get_by_role("button", name="Settings").click()
    sheet = page.page.get_by_role("dialog", name="Settings")
    sheet.evaluate("sheet => { sheet.scrollTop = 500; }")
    for part in (sheet.get_by_role("heading", name="Settings"), sheet.get_by_role("button", name="Close")):
        expect(part).to_be_in_viewport(ratio=1)
    edge = sheet.evaluate(
        "sheet => { const b = sheet.getBoundingClientRect(); return [b.left, innerWidth - b.right]; }"
    )
    assert edge == [0, 0], "the page shows beside the sheet"
    above = sheet.evaluate(
        "sheet => { const b = sheet.getBoundingClientRect();"
        " return document.elementFromPoint(b.left + b.width / 2, b.top + 4).closest('.sheet-head') !== null; }"
    )
    assert above, "what scrolls shows above the title"
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()
