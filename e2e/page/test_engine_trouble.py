"""The engine worker fails to come up, dies, or comes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit


def test_an_engine_that_cannot_start_says_so_and_offers_a_reload(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, boot="failed")
    page = visit().open(until="failed")
    page.ask_and_wait("Why is the sky blue?", "error")
    bar = page.page.get_by_role("alert")
    expect(bar).to_contain_text("stopped while it was starting")
    assembled.scenario(folder, stored=True)
    bar.get_by_role("button", name="Reload").click()
    page.wait()
    expect(page.page.locator("article[data-role=user] .said")).to_have_text("Why is the sky blue?")


def test_a_boot_without_a_word_runs_into_its_time_out(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, boot="silent")
    page = visit()
    page.page.goto(page.url)
    expect(page.page.locator("html")).to_have_attribute("data-engine", "booting")
    page.page.wait_for_timeout(2500)  # past the one reload
    page.page.clock.install()
    page.page.reload()
    page.page.locator("html[data-busy]").wait_for(state="attached")
    page.page.clock.run_for(3000)
    page.page.wait_for_timeout(1500)
    page.page.clock.run_for(61_000)
    page.wait("failed")
    expect(page.page.get_by_role("alert")).to_contain_text("didn’t answer in time")

    # Nobody did anything meanwhile: the cursor doesn't have the page drawn twice a second any more.
    root = page.page.locator("html")
    expect(root).to_have_attribute("data-caret", "still")
    assert page.box.evaluate("box => getComputedStyle(box).caretAnimation") == "manual"
    page.box.press("a")
    expect(root).not_to_have_attribute("data-caret", "still")


def test_a_missing_engine_is_no_endless_wait(visit: Callable[..., Visit], folder: Path) -> None:
    (folder / "workers/engine.js").write_text("throw new Error('broken deployment');")
    assembled.restamp(folder)
    page = visit().open(until="failed")
    expect(page.page.get_by_role("alert").get_by_role("button", name="Reload")).to_be_visible()


def test_a_killed_engine_is_started_again_with_the_conversation_intact(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    page.ask("crash now")
    expect(page.page.locator(".notice[data-kind=engine_restarted]")).to_be_visible()
    page.wait("ready|degraded|failed")
    expect(page.page.locator("article")).to_have_count(4)
    expect(page.page.locator("article[data-role=assistant]").first).to_contain_text("scatters")


def test_limits_of_this_window_are_said_in_plain_words(visit: Callable[..., Visit], folder: Path) -> None:
    step = {"kind": "storage", "from": "stored", "to": "in memory", "reason_code": "storage_unavailable", "reason": "x"}
    assembled.scenario(folder, stored=True, fallback=step)
    page = visit().open(until="degraded")
    expect(page.page.locator(".notice")).to_contain_text("can’t keep the model")


def test_a_window_that_keeps_nothing_still_answers(visit: Callable[..., Visit]) -> None:
    page = visit()
    page.page.add_init_script(
        """for (const name of ['localStorage', 'indexedDB'])
             Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });"""
    )
    page.open(until="degraded")
    expect(page.page.locator(".notice", has_text=re.compile("can’t keep data"))).to_have_count(2)
    page.ask_and_wait("Why is the sky blue?")


def test_without_webassembly_the_page_says_what_to_do(visit: Callable[..., Visit]) -> None:
    page = visit()
    page.page.add_init_script("delete globalThis.WebAssembly")
    page.open(until="failed")
    expect(page.page.get_by_role("alert")).to_contain_text("WebAssembly")
