"""Starts the browser that everything runs in, and opens pages in it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import BrowserContext, Page, Playwright

from build_support.browser import ARGUMENTS, launch_arguments

TIMEOUT_MS = 300_000
"""A step of a peer on one slow core may take minutes."""


@contextmanager
def new_profile() -> Iterator[str]:
    """The folder of a profile that was never used before."""
    with tempfile.TemporaryDirectory(prefix="orion-bench-", ignore_cleanup_errors=True) as profile:
        yield profile


@contextmanager
def fresh_profile(playwright: Playwright, *arguments: str) -> Iterator[BrowserContext]:
    """A Chromium that was never used before, with the disk caches of a real profile."""
    with new_profile() as profile, visit(playwright, profile, *arguments) as context:
        yield context


@contextmanager
def visit(playwright: Playwright, profile: str, *arguments: str) -> Iterator[BrowserContext]:
    """A Chromium with what ``profile`` has of earlier visits."""
    launch: dict[str, Any] = launch_arguments()
    launch["args"] = [*launch["args"], *arguments]
    context = playwright.chromium.launch_persistent_context(profile, headless=True, **launch)
    try:
        context.set_default_timeout(TIMEOUT_MS)
        yield context
    finally:
        context.close()


@contextmanager
def unattended(url: str, profile: str, *arguments: str) -> Iterator[None]:
    """As ``visit``, without anything that could look into it; it shows ``url``."""
    launch = launch_arguments()
    command = [
        str(launch["executable_path"]),
        *ARGUMENTS,
        *arguments,
        "--headless=new",
        f"--user-data-dir={profile}",
        url,
    ]
    null = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def version(playwright: Playwright) -> str:
    """Of the Chromium that is measured."""
    browser = playwright.chromium.launch(headless=True, **launch_arguments())  # type: ignore[arg-type]
    try:
        return browser.version
    finally:
        browser.close()


@contextmanager
def opened(context: BrowserContext, url: str) -> Iterator[Page]:
    """A page that is gone, with its workers and their memory, when the block ends."""
    page = context.new_page()
    try:
        page.goto(url)
        yield page
    finally:
        page.close()


class Job:
    """A contender in a worker of the bench's own page (pages/job.js)."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def prepare(self, contender: str, options: dict[str, Any]) -> dict[str, Any]:
        """Loads it; returns what it says about itself. Raises playwright's Error with its message."""
        answer: dict[str, Any] = self._page.evaluate(
            "([contender, options]) => bench.prepare(contender, options)", [contender, options]
        )
        return answer

    def run(self, options: dict[str, Any] | None = None) -> dict[str, Any]:
        """Runs it once and returns its figures."""
        answer: dict[str, Any] = self._page.evaluate("(options) => bench.run(options)", options or {})
        return answer
