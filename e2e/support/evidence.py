"""What is kept of a test that failed: a screenshot of each page, the console's text, Playwright's trace.

``watch`` is told of every browser context that a test opens. The trace holds each action with its call
stack and the console. Snapshots of the document would copy every model that a page downloads, so they
are left out; ``--headed`` is there to look at a page.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import BrowserContext, Error, Page

SCREENSHOT_MS = 20_000


@dataclass
class Evidence:
    """Of one test."""

    contexts: list[BrowserContext] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Records what happens in ``context`` from now on."""
        context.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        context.on("weberror", lambda error: self.console.append(f"uncaught: {error.error}"))
        context.on("close", self._closed)
        context.tracing.start(sources=True)
        self.contexts.append(context)

    def keep(self, folder: Path) -> list[Path]:
        """Writes what there is into ``folder``; returns the files. To be called while the pages are open."""
        folder.mkdir(parents=True, exist_ok=True)
        kept = [folder / "console.txt"]
        kept[0].write_text("\n".join(self.console) + "\n")
        for number, context in enumerate(self.contexts):
            for index, page in enumerate(context.pages):
                kept.append(_screenshot(page, folder / f"page-{number}-{index}.png"))
            trace = folder / f"trace-{number}.zip"
            try:
                context.tracing.stop(path=trace)
            except Error as error:  # the browser is gone: what the test was about, perhaps
                trace = trace.with_suffix(".txt")
                trace.write_text(str(error))
            kept.append(trace)
        return kept

    def _closed(self, context: BrowserContext) -> None:
        self.contexts.remove(context)


def _screenshot(page: Page, path: Path) -> Path:
    try:
        page.screenshot(path=path, full_page=True, timeout=SCREENSHOT_MS)
    except Error as error:
        path = path.with_suffix(".txt")
        path.write_text(str(error))
    return path
