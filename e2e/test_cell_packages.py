"""Packages that the site brings for people's own Python: imported without a network, and named where one is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Playwright, expect

from build_support.browser import ARGUMENTS, find
from build_support.server import StaticServer
from e2e.support import apart
from e2e.support.site import DIST
from e2e.support.waiting import until
from e2e.test_run_code import run

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def browser(playwright: Playwright, pytestconfig: pytest.Config) -> Iterator[Browser]:
    headless = not pytestconfig.getoption("--headed")
    browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS, headless=headless)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return apart.furnish(tmp_path_factory.mktemp("packages") / "site")


@pytest.fixture(scope="module")
def server(site: Path) -> Iterator[StaticServer]:
    with apart.serving(site, plain=True) as server:
        yield server


@pytest.fixture(scope="module")
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB")
    yield context
    context.close()


CODES = {
    "tabulate": ("from tabulate import tabulate\nprint(tabulate([[1, 2]], headers=['a', 'b']))", "a    b"),
    "sympy": ("import sympy\nx = sympy.symbols('x')\nprint(sympy.factor(x**2 - 1))", "(x - 1)*(x + 1)"),
    "dateutil": ("from dateutil.easter import easter\nprint(easter(2027))", "2027-03-28"),
    "bs4": ("import bs4\nprint(bs4.BeautifulSoup('<p>hi <b>you</b></p>', 'html.parser').b.text)", "you"),
    "slugify": ("from slugify import slugify\nprint(slugify('Été à Paris'))", "ete-a-paris"),
    "networkx": ("import networkx as nx\nprint(nx.shortest_path(nx.path_graph(4), 0, 3))", "[0, 1, 2, 3]"),
    "zoneinfo": ("import zoneinfo\nprint(zoneinfo.ZoneInfo('Europe/Paris'))", "Europe/Paris"),
    "more_itertools": ("from more_itertools import chunked\nprint(list(chunked(range(4), 2)))", "[[0, 1], [2, 3]]"),
}


def test_a_package_that_cannot_be_fetched_now_is_told_apart(
    visitor: BrowserContext, server: StaticServer, site: Path
) -> None:
    (file,) = (site / "vendor/python/packages").glob("more-itertools-*.bin")
    gone = file.rename(file.with_suffix(".gone"))
    page = apart.showing(visitor, server.url, "import more_itertools")
    box = run(page)
    expect(box.locator(".stderr")).to_contain_text("more_itertools couldn't be fetched from this site")
    gone.rename(file)
    expect(run(page)).to_have_attribute("data-run", "done")
    page.close()


def test_code_imports_what_the_site_brings(visitor: BrowserContext, server: StaticServer) -> None:
    """All of them in one run: each run starts a Python."""
    page = apart.showing(visitor, server.url, "\n".join(code for code, _ in CODES.values()))
    box = run(page)
    for _, printed in CODES.values():
        expect(box.locator("pre")).to_contain_text(printed)
    expect(box).to_have_attribute("data-run", "done")
    page.close()


def test_only_what_is_imported_is_fetched(visitor: BrowserContext, server: StaticServer) -> None:
    page = apart.showing(visitor, server.url, CODES["slugify"][0])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    run(page)
    index = json.loads((DIST / "vendor/python/packages/index.json").read_text())
    names = {row["file"]: row["name"] for row in index}
    fetched = {names[file] for url in asked if (file := url.rsplit("/", 1)[1]) in names}
    assert fetched == {"python-slugify", "text-unidecode"}
    page.close()


def test_an_import_of_what_is_not_there_is_named_with_what_is(visitor: BrowserContext, server: StaticServer) -> None:
    page = apart.showing(visitor, server.url, "import pandas")
    box = run(page)
    expect(box).to_have_attribute("data-run", "error")
    expect(box.locator(".stderr")).to_contain_text("pandas isn't on this site")
    expect(box.locator(".stderr")).to_contain_text("numpy, slugify, soupsieve, sympy")
    page.close()


def test_what_was_imported_once_is_there_without_a_network(visitor: BrowserContext, server: StaticServer) -> None:
    page = apart.showing(visitor, server.url, CODES["tabulate"][0])
    until(page, "it is controlled", lambda: page.evaluate("Boolean(navigator.serviceWorker.controller)"), seconds=60)
    expect(run(page)).to_have_attribute("data-run", "done")
    page.close()
    page = apart.showing(visitor, server.url, CODES["tabulate"][0])
    visitor.set_offline(True)
    expect(run(page)).to_have_attribute("data-run", "done")
    visitor.set_offline(False)
    page.close()
