"""A site whose engine is scripted and whose sandbox is real, and a page there that shows some Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import BrowserContext, Locator, Page

from build_support import vendor
from build_support.server import StaticServer
from e2e.page import assembled
from e2e.support.site import DIST, link

PYTHON = ("stdlib.zip", "site.bin")


def furnish(folder: Path) -> Path:
    """The page, the scripted engine, and Python for the sandbox."""
    site = assembled.assemble(folder)
    assembled.scenario(site, stored=True)
    (site / "vendor/pyodide").mkdir(parents=True)
    (site / "vendor/python").mkdir()
    for file in vendor.files():
        if file.target.startswith(("pyodide/", "pyscript/")):
            target = site / "vendor" / file.target
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(vendor.content(file))
    for name in PYTHON:
        link(DIST / "vendor/python" / name, site / "vendor/python" / name)
    (site / "vendor/python/packages").mkdir()
    for package in (DIST / "vendor/python/packages").iterdir():
        link(package, site / "vendor/python/packages" / package.name)
    assembled.restamp(site)
    return site


@contextmanager
def serving(folder: Path, *, plain: bool = False) -> Iterator[StaticServer]:
    with StaticServer(folder, plain=plain) as server:
        yield server


def showing(visitor: BrowserContext, url: str, code: str, language: str = "python") -> Page:
    """A page of ``visitor`` whose last answer holds ``code``."""
    page = visitor.new_page()
    page.set_default_timeout(60_000)
    turns = [
        {"id": "q", "role": "user", "text": "Code, please.", "state": "success"},
        {"id": "a", "role": "assistant", "text": f"Here:\n\n```{language}\n{code}\n```\n", "state": "success"},
    ]
    # of its own, as the page takes over once what an older version kept under a name
    chat = {"format": 1, "id": uuid4().hex, "turns": turns, "updated": "2026-01-01T00:00:00Z"}
    page.goto(url + "manifest.webmanifest")
    page.evaluate(
        """(chat) => { const { id } = JSON.parse(chat);
        localStorage.setItem("orion.chat." + id, chat); localStorage.setItem("orion.last", id);
        localStorage.setItem("orion.preferences", JSON.stringify({ preload: false })); }""",
        json.dumps(chat),
    )
    page.goto(url)
    page.locator("html[data-engine=ready]").wait_for()
    return page


def block(page: Page) -> Locator:
    return page.locator(".code-block")
