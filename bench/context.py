"""Defines what every bench gets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Playwright

from bench.cpu import IDLE, wait_until_idle
from build_support.progress import say
from build_support.server import StaticServer


@dataclass(frozen=True, slots=True)
class Context:
    """``server`` serves the folder that site.py assembled, the site at ``orion/`` in it."""

    playwright: Playwright
    server: StaticServer
    site: Path
    peers: bool
    rounds: int
    patience_s: float
    """How long to wait, each time, for other programs to be quiet."""
    model: str = "smollm2-135m-instruct"
    """The id of the chat model that generates."""
    before: bool = False
    """Whether an earlier build of the site is served at ``before/``, to be measured beside this one."""
    native: Path | None = None
    """An interpreter that has llama.cpp."""
    native_reason: str = "it wasn't asked for"
    """Why there is none."""

    @property
    def url(self) -> str:
        """Where the folder is served; ends in a slash."""
        return self.server.url

    def settle(self, what: str) -> None:
        """Says what comes next and waits, for a limited time, until other programs are quiet."""
        share = wait_until_idle(self.patience_s)
        busy = f" (others take {share:.2f} of a core)" if share is not None and share > IDLE else ""
        say(f"  {what}{busy}")
