"""Exact mode is a switch of the settings, and an exact answer says that it is one."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e.page.conftest import Visit


def test_exact_mode_is_switched_in_the_settings_and_stays(page: Visit) -> None:
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_text("Advanced", exact=True).click()
    page.page.get_by_label("Exact weights").check()
    page.page.locator("#settings [data-close]").click()
    page.page.reload()
    page.wait()
    page.page.get_by_role("button", name="Settings").click()
    expect(page.page.get_by_label("Exact weights")).to_be_checked()
    page.page.locator("#settings [data-close]").click()
    answer = page.ask_and_wait("Why is the sky blue?")
    expect(answer.locator("[data-field=backend]")).to_have_text("WebAssembly, 2 threads, exact")
