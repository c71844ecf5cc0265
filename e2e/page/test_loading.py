"""The model on its way: what is shown, paused, gone on with, and forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit


def test_every_part_and_the_whole_have_a_bar_with_a_value(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, holdAt=0.4, bytesPerSecond=2e9, tickMs=5)
    page = visit().open().page
    card = page.locator("#loading")
    expect(card).to_contain_text("Downloading the model")
    expect(card).to_contain_text(re.compile(r"\d+ of 98\sMB · 7\.4\sMB/s · 8\ss left"))
    expect(card).to_contain_text("from the network, only once")
    whole = page.get_by_role("progressbar", name="Model loading")
    expect(whole).to_have_js_property("max", 100)
    page.wait_for_timeout(300)
    assert 30 < float(whole.evaluate("bar => bar.value")) < 60
    parts = page.get_by_role("progressbar", name=re.compile("^Part "))
    expect(parts).to_have_count(13)
    expect(parts.nth(0)).to_have_accessible_name("Part 1 of 13, words")
    assert [parts.nth(index).evaluate("bar => bar.value") for index in (0, 12)] == [100, 0]


def test_stop_while_loading_stops_the_load_too_and_the_next_question_goes_on(
    visit: Callable[..., Visit], folder: Path
) -> None:
    assembled.scenario(folder, bytesPerSecond=30e6, tickMs=20)
    page = visit().open()
    page.ask("Why is the sky blue?")
    page.state("loading")
    page.page.get_by_role("button", name="Stop").click()
    page.state("cancelled")
    expect(page.page.locator("#loading")).to_contain_text("Paused. What was downloaded is kept.")
    shown = page.page.locator("#loading-percent").inner_text()
    page.page.wait_for_timeout(400)
    assert page.page.locator("#loading-percent").inner_text() == shown
    assembled.scenario(folder, bytesPerSecond=2e9, tickMs=1)
    page.ask("Why is the sky blue?")
    page.state("success")
    expect(page.page.locator("#loading")).to_be_hidden()


def test_a_load_can_be_paused_and_resumed(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, bytesPerSecond=60e6, tickMs=20)
    page = visit().open()
    page.page.get_by_role("button", name="Pause").click()
    page.page.get_by_role("button", name="Resume").click()
    expect(page.page.locator("#loading")).to_be_hidden()
    page.ask_and_wait("Why is the sky blue?")


def test_a_load_that_fails_says_why_and_can_be_tried_again(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, loadError=True, bytesPerSecond=2e9, tickMs=1)
    page = visit().open()
    card = page.page.locator("#loading")
    expect(card).to_contain_text("The download was interrupted")
    expect(card).to_contain_text("what was downloaded is kept")
    card.get_by_role("button", name="Retry").click()
    expect(card).to_be_hidden()


def test_a_stored_model_comes_from_this_device(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, shardMs=150)
    page = visit().open().page
    expect(page.locator("#loading")).to_contain_text("from this device")
    expect(page.locator("#loading")).to_contain_text("Loading the model into memory")


def test_with_data_saver_the_model_waits_for_a_word(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, bytesPerSecond=2e9, tickMs=1)
    page = visit()
    page.page.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'connection', { get: () => ({ saveData: true }) })"
    )
    page.open()
    expect(page.page.locator("#loading")).to_contain_text("Data saver is on")
    page.page.get_by_role("button", name="Download it now").click()
    expect(page.page.locator("#loading")).to_be_hidden()
    page.box.press_sequentially("Why is the sky blue?", delay=20)
    page.page.wait_for_timeout(400)
    assert "anticipate" not in page.requests_to_engine(), "nothing is read that wasn't asked for"


def test_the_storage_panel_shows_the_model_and_forgets_it(page: Visit) -> None:
    page.box.press_sequentially("Why is the sky blue?", delay=40)
    asked = page.requests_to_engine()
    assert 1 <= asked.count("anticipate") <= 2, "the engine reads ahead while somebody types, and isn't told each key"
    page.ask_and_wait("Why is the sky blue?")
    page.page.get_by_role("button", name="Settings").click()
    panel = page.page.get_by_role("dialog", name="Settings")
    expect(panel).to_contain_text(re.compile(r"Agents’ instructions, already read: 1\.4\sMB"))
    expect(panel).to_contain_text(re.compile(r"Models and router: \d+\sMB"))
    kept = re.search(r"(\d+)\sMB kept for Orion.*: (\d+)\sMB", panel.inner_text(), re.DOTALL)
    assert kept, panel.inner_text()
    assert int(kept[1]) >= int(kept[2]), "a part is never more than the whole"
    forget = panel.get_by_role("button", name="Forget the model")
    forget.click()
    expect(panel.get_by_role("button", name="Forget it? Press again.")).to_be_visible()
    panel.get_by_role("button", name="Forget it? Press again.").click()
    expect(panel).to_contain_text("No model is kept yet.")
