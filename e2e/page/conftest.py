"""A fresh page in a fresh browser context for every test; on a plain static server where a test says
``plain_host``, else on one that isolates the page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Playwright, expect

from build_support.browser import ARGUMENTS, find
from e2e.page import assembled
from e2e.page.attaching import Person
from e2e.support.evidence import Evidence

PATIENCE_MS = 30_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def chromium(playwright: Playwright, pytestconfig: pytest.Config) -> Iterator[Browser]:
    headless = not pytestconfig.getoption("--headed")
    browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS, headless=headless)
    yield browser
    browser.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The site's files; a test may change them."""
    site = assembled.assemble(tmp_path / "site")
    assembled.scenario(site, stored=True)
    return site


@pytest.fixture
def server(folder: Path, request: pytest.FixtureRequest) -> Iterator[assembled.Server]:
    plain = request.node.get_closest_marker("plain_host") is not None
    with assembled.serving(folder, isolating=not plain) as running:
        yield running


class Visit:
    """A person at the page: what they can see and do, and every address that the browser asked for."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.asked: list[str] = []
        self.faults: list[str] = []
        self.loads = 0
        context.on("request", lambda request: self.asked.append(request.url))
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("framenavigated", lambda frame: self._count(frame.url))

    def _count(self, url: str) -> None:
        if not url.startswith("about:"):
            self.loads += 1

    def open(self, *, until: str = "ready") -> Visit:
        self.page.goto(self.url)
        self.wait(until)
        return self

    def wait(self, engine: str = "ready") -> None:
        expect(self.page.locator("html")).to_have_attribute("data-engine", re.compile(f"^(?:{engine})$"))

    @property
    def isolated(self) -> bool:
        return bool(self.page.evaluate("crossOriginIsolated"))

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message")

    @property
    def answers(self) -> Locator:
        return self.page.locator("article[data-role=assistant]")

    @property
    def answer(self) -> Locator:
        """The last one."""
        return self.answers.last

    def ask(self, text: str) -> Locator:
        """Sends ``text``, and waits for the answer's place: until then the last answer is the one before."""
        expect(self.page.locator("#log:not([aria-busy=true])")).to_be_attached()  # the conversation is read
        before = self.answers.count()
        self.box.fill(text)
        if self.box.get_attribute("enterkeyhint") == "enter":  # a phone, where Enter starts a line
            self.page.locator("#send").click()
        else:
            self.box.press("Enter")
        expect(self.answers).to_have_count(before + 1)
        return self.answer

    def state(self, name: str) -> None:
        expect(self.answer).to_have_attribute("data-state", name)

    def ask_and_wait(self, text: str, state: str = "success") -> Locator:
        self.ask(text)
        self.state(state)
        return self.answer

    def seen_by_engine(self) -> list[dict[str, Any]]:
        """What the scripted engine was asked, through the page's own log button."""
        records: list[dict[str, Any]] = self._log()["records"]
        return records

    def requests_to_engine(self) -> list[str]:
        """The types of the requests that the scripted engine had, in their order."""
        asked: list[str] = self._log()["asked"]
        return asked

    def _log(self) -> dict[str, Any]:
        self.page.get_by_role("button", name="Settings").click()
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name="Save the technical log").click()
        log: dict[str, Any] = json.loads(Path(download.value.path()).read_text())
        self.page.get_by_role("button", name="Close").click()
        return log

    def foreign(self) -> list[str]:
        """Addresses asked for outside the page's origin."""
        origin = "/".join(self.url.split("/")[:3])
        return [url for url in self.asked if not url.startswith((origin, "data:", "blob:"))]


@pytest.fixture
def visit(chromium: Browser, server: assembled.Server, evidence: Evidence) -> Iterator[Callable[..., Visit]]:
    """``visit(**options)`` makes a Visit in a new browser context with these options. It asks for reduced
    motion: without a GPU, animations would take a tenth of the cores' time."""
    contexts: list[BrowserContext] = []

    def start(*, url: str | None = None, **options: Any) -> Visit:
        context = chromium.new_context(**{"locale": "en-US", "reduced_motion": "reduce", **options})
        contexts.append(context)
        evidence.watch(context)
        return Visit(context, url or server.url)

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def page(visit: Callable[..., Visit]) -> Visit:
    """The page, open and ready, with the model stored already."""
    return visit().open()


@pytest.fixture
def seeing(folder: Path, visit: Callable[..., Visit]) -> Callable[..., Person]:
    """``seeing(**options)``: a person at a page whose engine says that an agent sees."""

    def start(**options: Any) -> Person:
        assembled.scenario(folder, stored=True, sees=True)
        return Person(visit(**options).open())

    return start
