"""A skill has its program run on the page in the middle of an answer: in the real sandbox, offline too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from build_support.browser import ARGUMENTS, find
from e2e.support import apart

pytestmark = pytest.mark.alone

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def browser(playwright: Playwright, pytestconfig: pytest.Config) -> Iterator[Browser]:
    headless = not pytestconfig.getoption("--headed")
    browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS, headless=headless)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One page for all of them: the sandbox starts once."""
    with apart.serving(apart.furnish(tmp_path_factory.mktemp("skills") / "site"), plain=True) as server:
        context = browser.new_context(locale="en-GB")
        yield apart.showing(context, server.url, "1 + 1")
        context.close()


def asked(page: Page, program: str) -> str:
    """The answer to a question whose skill tries ``program``."""
    before = page.get_by_role("article").count()
    page.get_by_role("textbox", name="Message").fill(f"try it: `{program}`")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_have_count(before + 2)
    answer = page.get_by_role("article").last
    expect(answer).to_contain_text("It printed", timeout=PATIENCE_MS)
    return answer.inner_text()


def test_what_the_program_prints_comes_back_and_the_step_is_said(page: Page) -> None:
    page.get_by_role("textbox", name="Message").fill("try it: `print(6 * 7)`")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Running the program")).to_be_visible()
    expect(page.get_by_role("article").last).to_contain_text("It printed “42” and was done.", timeout=PATIENCE_MS)
    expect(page.get_by_text("Running the program")).to_have_count(0)


def test_a_program_that_fails_says_how(page: Page) -> None:
    assert "was failed: ZeroDivisionError: division by zero" in asked(page, "print(1)\\n1 / 0")


def test_a_program_without_end_is_stopped_by_its_own_clock(page: Page) -> None:
    assert "and was time." in asked(page, "while True:\\n    pass")


def test_nothing_of_it_reaches_the_network(page: Page) -> None:
    said = asked(page, "from js import fetch\\nawait fetch('/models.json')\\nprint('reached')")
    assert "reached" not in said.split("It printed")[1].split("”")[0]


def test_it_runs_offline(page: Page) -> None:
    page.context.set_offline(True)
    try:
        assert "It printed “offline” and was done." in asked(page, "print('offline')")
    finally:
        page.context.set_offline(False)
