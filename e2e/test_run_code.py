"""Python of an answer, run by the person who reads it: apart from the page, with limits, offline too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect

from build_support.browser import ARGUMENTS, find
from build_support.server import StaticServer
from e2e.support import apart
from e2e.support.waiting import until

pytestmark = pytest.mark.alone

PATIENCE_MS = 60_000
ENDED = re.compile("^(?:done|error|time|output|stopped|crash)$")
Show = Callable[..., Page]
SLOWEST_FRAME = """() => new Promise((resolve) => {
  let last = performance.now(), worst = 0, frames = 0;
  const step = (now) => {
    worst = Math.max(worst, now - last);
    last = now;
    ++frames < 60 ? requestAnimationFrame(step) : resolve(worst);
  };
  requestAnimationFrame(step);
})"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright, pytestconfig: pytest.Config) -> Iterator[Browser]:
    headless = not pytestconfig.getoption("--headed")
    browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS, headless=headless)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaticServer]:
    """As plain as ``python -m http.server``: isolation comes from the service worker."""
    with apart.serving(apart.furnish(tmp_path_factory.mktemp("apart") / "site"), plain=True) as server:
        yield server


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """Who has been here before from the second test on: Python is compiled once."""
    context = browser.new_context(locale="en-GB")
    yield context
    context.close()


@pytest.fixture
def show(visitor: BrowserContext, server: StaticServer) -> Iterator[Show]:
    yield lambda code, language="python": apart.showing(visitor, server.url, code, language)
    visitor.set_offline(False)
    for page in visitor.pages:
        page.close()


def run(page: Page) -> Locator:
    """Presses Run; the box below the block, once the run has ended."""
    page.get_by_role("button", name="Run", exact=True).click()
    box = page.locator(".run-output")
    expect(box).to_have_attribute("data-run", ENDED, timeout=PATIENCE_MS)
    return box


def test_what_code_prints_and_its_last_value_appear_below_it(show: Show) -> None:
    page = show("import sys\nfor n in range(3):\n    print('line', n)\nprint('oh', file=sys.stderr)\n6 * 7")
    expect(page.locator("iframe")).to_have_count(0)
    box = run(page)
    expect(box).to_have_attribute("data-run", "done")
    expect(box.locator("pre")).to_contain_text("line 0")
    expect(box.locator("pre")).to_contain_text("line 2")
    expect(box.locator(".stderr")).to_have_text("oh\n")
    expect(box.locator(".value")).to_have_text("42\n")


def test_numpy_is_there(show: Show) -> None:
    box = run(show("import numpy as np\nprint(np.arange(5).sum())"))
    expect(box.locator("pre")).to_have_text("10\n")


def test_an_error_is_told_with_its_line(show: Show) -> None:
    box = run(show("def half(n):\n    return n / 0\n\nhalf(2)"))
    expect(box).to_have_attribute("data-run", "error")
    expect(box.locator(".stderr")).to_contain_text("line 2, in half")
    expect(box.locator(".stderr")).to_contain_text("ZeroDivisionError")


def test_a_loop_without_end_is_stopped_by_the_clock_and_the_page_stays_alive(show: Show) -> None:
    page = show("while True:\n    pass")
    page.get_by_role("button", name="Run", exact=True).click()
    box = page.locator(".run-output")
    expect(box).to_have_attribute("data-run", "running", timeout=PATIENCE_MS)
    slowest = page.evaluate(SLOWEST_FRAME)
    assert slowest < 1000
    expect(box).to_have_attribute("data-run", "time", timeout=20_000)
    expect(box.locator(".run-status")).to_contain_text("10 seconds")


def test_stop_stops(show: Show) -> None:
    page = show("while True:\n    pass")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".run-output")).to_have_attribute("data-run", "running", timeout=PATIENCE_MS)
    apart.block(page).get_by_role("button", name="Stop").click()
    expect(page.locator(".run-output")).to_have_attribute("data-run", "stopped")
    expect(run(page)).to_have_attribute("data-run", "time")


def test_output_without_end_is_cut(show: Show) -> None:
    box = run(show("while True:\n    print('x' * 70)"))
    expect(box).to_have_attribute("data-run", "output")
    assert 10_000 < len(box.locator("pre").inner_text()) <= 20_001


def test_memory_has_an_end(show: Show) -> None:
    box = run(show("kept = []\nwhile True:\n    kept.append(bytearray(50_000_000))"))
    expect(box.locator(".stderr")).to_contain_text("MemoryError")


ESCAPES = {
    "a request": "import pyodide_js\nawait pyodide_js.loadPackage('{url}escaped.whl')",
    "a request by urllib": "from urllib.request import urlopen\nurlopen('{url}escaped')",
    "the page": "import js\njs.document.title = 'hacked'",
    "the parent": "import js\njs.parent.document.title = 'hacked'",
    "its storage": "import js\njs.indexedDB.open('orion')",
    "code of text": "from pyodide.code import run_js\nrun_js('fetch(\"{url}escaped\")')",
    "the worker's fetch": (
        "import js\nwork = js.Object.constructor('return globalThis')()\nawait work.fetch('{url}escaped')"
    ),
}


ATTEMPT = """try:
    {code}
except BaseException as error:
    print({name!r}, "was refused")
"""


def test_code_reaches_nothing(show: Show, server: StaticServer) -> None:
    attempts = {name: code.replace("{url}", server.url).replace("\n", "\n    ") for name, code in ESCAPES.items()}
    page = show("\n".join(ATTEMPT.format(name=name, code=code) for name, code in attempts.items()))
    box = run(page)
    assert not server.requests("escaped*")
    assert page.title() == "Orion"
    expect(box).to_have_attribute("data-run", "done")
    for name in ESCAPES.keys() - {"a request"}:  # loadPackage logs its failure and goes on
        expect(box.locator("pre")).to_contain_text(f"{name} was refused")


def test_it_runs_without_a_network(show: Show) -> None:
    page = show("print('offline', 6 * 7)")
    until(page, "it is controlled", lambda: page.evaluate("navigator.serviceWorker.controller !== null"), seconds=60)
    page.locator("html[data-engine=ready]").wait_for()
    page.context.set_offline(True)
    page.reload()
    page.locator("html[data-engine=ready]").wait_for()
    expect(run(page).locator("pre")).to_have_text("offline 42\n")


def test_only_python_can_be_run(show: Show) -> None:
    page = show("console.log(1)", "js")
    expect(page.get_by_role("button", name="Copy").first).to_be_visible()
    expect(page.get_by_role("button", name="Run", exact=True)).to_have_count(0)


def test_a_program_asks_for_input_on_the_page(show: Show) -> None:
    page = show("name = input('Name? ')\nage = int(input())\nprint(f'{name} is {age}')")
    page.get_by_role("button", name="Run", exact=True).click()
    asked = page.get_by_role("textbox", name="Name?")
    expect(asked).to_be_focused(timeout=PATIENCE_MS)
    asked.fill("Ada")
    asked.evaluate(
        "box => box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true }))"
    )
    expect(asked).to_be_visible()
    asked.press("Enter")
    page.get_by_role("textbox", name="Input of the program").fill("36")
    page.get_by_role("button", name="Enter", exact=True).click()
    box = page.locator(".run-output")
    expect(box).to_have_attribute("data-run", "done")
    expect(box.locator("pre")).to_have_text("Name? Ada\n36\nAda is 36\n")


def test_the_end_of_input_and_stop_end_a_wait(show: Show) -> None:
    page = show("import sys\nprint(sum(1 for line in sys.stdin))\ninput()")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("textbox", name="Input of the program").press("Enter", timeout=PATIENCE_MS)
    page.get_by_role("button", name="End of input").click()
    box = page.locator(".run-output")
    expect(box).to_have_attribute("data-run", "error")
    expect(box.locator("pre")).to_contain_text("1\n")
    expect(box.locator(".stderr")).to_contain_text("EOFError")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("textbox", name="Input of the program").wait_for(timeout=PATIENCE_MS)
    apart.block(page).get_by_role("button", name="Stop").click()
    expect(box).to_have_attribute("data-run", "stopped")
    expect(page.get_by_role("textbox", name="Input of the program")).to_have_count(0)


STANDARD = """
import unittest
class Sums(unittest.TestCase):
    def test_right(self): self.assertEqual(2 + 2, 4)
help(len)
try:
    import sqlite3
except ModuleNotFoundError as error:
    print(error)
from zoneinfo import ZoneInfo
print(ZoneInfo('Europe/Paris'))
unittest.main()
"""


def test_help_and_unittest_work_and_what_is_missing_is_named(show: Show) -> None:
    box = run(show(STANDARD))
    expect(box.locator("pre")).to_contain_text("Return the number of items in a container")
    expect(box.locator("pre")).to_contain_text("No module named 'sqlite3': this Python has no database.")
    expect(box.locator("pre")).to_contain_text("Europe/Paris")
    expect(box.locator(".stderr").last).to_contain_text("Ran 1 test")


def test_the_result_of_a_run_is_scrolled_into_view(show: Show) -> None:
    page = show("# " + "\n# ".join(str(n) for n in range(60)) + "\nprint('the end')")
    page.get_by_role("button", name="Run", exact=True).evaluate("button => button.click()")
    box = page.locator(".run-output")
    expect(box).to_have_attribute("data-run", "done", timeout=PATIENCE_MS)
    dock = page.locator("footer.dock").bounding_box()
    result = box.bounding_box()
    assert dock is not None
    assert result is not None
    assert result["y"] + result["height"] <= dock["y"] + 1, "the message box doesn't cover it"
