"""The live panel: the engine as it works while open, nothing at all while closed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, expect

from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.page.test_smoothness import WATCH as WATCH_DRAWINGS
from e2e.page.test_smoothness import drawn_in_frames

WATCH = """() => {
  window.changes = 0;
  const all = { subtree: true, childList: true, characterData: true, attributes: true };
  new MutationObserver((list) => { window.changes += list.length; }).observe(document.getElementById("panel"), all);
}"""


def opened(page: Visit) -> Locator:
    page.page.get_by_role("button", name="Engine").click()
    panel = page.page.get_by_role("complementary", name="Engine")
    expect(panel).to_be_visible()
    expect(panel.locator("[data-part=queue] .panel-part")).not_to_be_empty()
    return panel


def part(panel: Locator, name: str) -> Locator:
    return panel.locator(f"[data-part={name}]")


def asked(page: Visit) -> list[str]:
    """The types of all requests so far, the one that asks for them left out."""
    page.page.get_by_role("button", name="Settings").click()
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Save the technical log").click()
    page.page.locator("#settings [data-close]").click()
    found: list[str] = json.loads(Path(download.value.path()).read_text())["asked"]
    return found


def test_closed_it_asks_nothing_draws_nothing_and_its_code_is_not_even_there(page: Visit) -> None:
    page.page.evaluate(WATCH)
    page.ask_and_wait("I am sure about this")
    assert page.page.evaluate("window.changes") == 0
    assert "logs" not in asked(page)[:-1]
    loaded = page.page.evaluate("performance.getEntriesByType('resource').map((each) => each.name)")
    assert not [url for url in loaded if re.search(r"ui/panel|page/charts|uplot", url)]


def test_open_it_follows_closed_again_it_stops(page: Visit) -> None:
    panel = opened(page)
    page.ask_and_wait("I am sure about this")
    rows = panel.locator("#log-rows li")
    expect(rows.filter(has_text="answered")).to_have_count(1)
    expect(rows.filter(has_text="DEBUG")).not_to_have_count(0)
    page.page.keyboard.press("Escape")
    expect(panel).to_be_visible()  # the focus is in the message box
    panel.get_by_role("button", name="Close").click()
    expect(page.page.locator("#panel")).to_be_hidden()
    expect(page.page.get_by_role("button", name="Engine")).to_be_focused()
    before = asked(page)
    page.page.evaluate(WATCH)
    page.ask_and_wait("Another question")
    assert page.page.evaluate("window.changes") == 0
    after = [kind for kind in asked(page)[len(before) :] if kind != "anticipate"]  # by slow typing
    assert set(after) == {"infer", "storage", "logs"}  # of these two, one comes from asking here
    assert after.count("storage") == after.count("logs") == 1
    assert "status" not in asked(page), "what changes comes by itself, whether or not the panel shows it"


def test_the_state_machine_moves_with_the_request(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, pauseAt=0.3)
    page = visit().open()
    panel = opened(page)
    lit = panel.locator("#machine [data-role=lit]")
    expect(lit).to_have_attribute("data-state", "idle")
    page.ask("Why is the sky blue?")
    expect(lit).to_have_attribute("data-state", "inferencing")
    expect(panel.locator("#machine [data-role=passed]")).to_have_count(3)
    page.page.get_by_role("button", name="Stop").click()
    expect(lit).to_have_attribute("data-state", "cancelled")


def test_the_way_of_the_last_request_has_its_durations(page: Visit) -> None:
    page.ask_and_wait("I am sure about this")
    panel = opened(page)
    way = panel.locator("#machine-path li")
    expect(way).to_have_count(5)
    expect(way.nth(1)).to_have_text(re.compile(r"routing \d+\sm?s"))
    expect(way.last).to_have_text("done")
    expect(panel.locator("#machine [data-state=inferencing] .ms")).to_have_text(re.compile(r"\d"))


def test_probabilities_memory_queue_breakers_and_guesses_are_shown(page: Visit) -> None:
    page.ask_and_wait("I am sure about this")
    panel = opened(page)
    bars = part(panel, "router").locator("[data-agent]")
    expect(bars).to_have_count(7)
    expect(bars.first).to_have_attribute("data-agent", "code")
    expect(bars.first).to_contain_text("92%")
    expect(part(panel, "router").get_by_role("progressbar", name="Code")).to_have_js_property("value", 0.92)
    expect(part(panel, "router")).to_contain_text("Router: trained")
    expect(part(panel, "memory")).to_contain_text("412 MB of 4.0 GB allowed")
    expect(part(panel, "memory").locator("[data-model=scripted-model]")).to_contain_text("WebAssembly, 2 threads")
    expect(part(panel, "queue")).to_contain_text("0 running, 0 waiting")
    expect(part(panel, "breakers").locator("[data-breaker='model:scripted-model']")).to_contain_text("1 failure")
    expect(part(panel, "predictive")).to_contain_text("Right 50% of the time · 420 MB loaded without being used")


def test_a_breaker_that_opens_is_seen_counting_down(page: Visit) -> None:
    panel = opened(page)
    page.ask_and_wait("trip the breaker")
    breaker = panel.locator("[data-breaker='model:scripted-model']")
    expect(breaker).to_have_attribute("data-state", "open")
    expect(breaker).to_contain_text(re.compile("tried again in [123] s|tried again in [123]\\.0"))
    expect(breaker).not_to_contain_text("tried again")


def test_answers_make_a_chart_and_bars_of_their_phases(page: Visit) -> None:
    page.ask_and_wait("One")
    page.ask_and_wait("Two")
    panel = opened(page)
    expect(panel.locator("#chart canvas")).to_be_visible()
    expect(part(panel, "speed").locator(".phases")).to_have_count(2)
    page.ask_and_wait("Three")
    expect(part(panel, "speed").locator(".phases")).to_have_count(3)
    panel.get_by_role("button", name="Close").click()
    expect(page.page.locator("#chart canvas")).to_have_count(0)
    assert page.faults == []


def test_the_log_is_filtered_by_level_and_exported(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, records=8)
    page = visit().open()
    panel = opened(page)
    rows = panel.locator("#log-rows li")
    expect(rows).to_have_count(8)
    panel.get_by_label("Level").select_option("ERROR")
    expect(rows).to_have_count(2)
    panel.get_by_label("Level").select_option("CRITICAL")
    expect(panel.get_by_text("Nothing at this level.")).to_be_visible()
    with page.page.expect_download() as download:
        panel.get_by_role("button", name="Export JSON").click()
    assert download.value.suggested_filename == "orion-log.json"


def test_it_speaks_french_and_changes_language_while_open(visit: Callable[..., Visit]) -> None:
    page = visit(locale="fr-FR").open()
    page.page.get_by_role("button", name="Moteur").click()
    panel = page.page.get_by_role("complementary", name="Moteur")
    expect(part(panel, "queue")).to_contain_text("0 en cours, 0 en attente")
    page.page.get_by_role("button", name="Réglages").click()
    page.page.get_by_label("Langue").select_option("en")
    page.page.locator("#settings [data-close]").click()
    panel = page.page.get_by_role("complementary", name="Engine")
    expect(part(panel, "queue")).to_contain_text("0 running, 0 waiting")
    expect(panel.locator("#machine [data-state=idle] text")).to_have_text("idle")


def test_it_fits_and_closes_by_the_keyboard(page: Visit) -> None:
    for width in (320, 390, 820, 1280):
        page.page.set_viewport_size({"width": width, "height": 760})
        panel = opened(page)
        expect(page.page.locator("#panel-title")).to_be_focused()
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
        assert panel.evaluate("node => node.scrollWidth <= node.clientWidth")
        beside = width >= 1024
        assert page.page.locator("main").evaluate("node => node.inert") is not beside
        page.page.keyboard.press("Escape")
        expect(page.page.locator("#panel")).to_be_hidden()
        assert page.page.locator("main").evaluate("node => node.inert") is False
    page.ask_and_wait("Why is the sky blue?")


def test_a_flood_of_records_is_drawn_in_frames_and_only_the_newest_rows_are_kept(
    visit: Callable[..., Visit], folder: Path
) -> None:
    assembled.scenario(folder, stored=True, records=900, chatter=400)
    page = visit().open()
    page.ask_and_wait("One")
    panel = opened(page)
    rows = panel.locator("#log-rows li")
    expect(rows).to_have_count(200)
    page.page.evaluate(WATCH_DRAWINGS, "#log-rows")
    page.ask_and_wait("flood me")  # with a stream of log records beside it
    expect(rows.filter(has_text="chatter").last).to_contain_text("399")
    expect(rows).to_have_count(200)
    drawn_in_frames(page.page, events=400)
