"""Waiting for what a browser does, in time that is generous: machines are noisy."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import Page

T = TypeVar("T")
PATIENCE_S = float(os.environ.get("ORION_PATIENCE_S", "180"))
POLL_MS = 100


def until(page: Page, what: str, condition: Callable[[], T], seconds: float = PATIENCE_S) -> T:
    """The first truthy answer of ``condition``. Fails with ``what`` after ``seconds``.

    Between two looks the browser's events are served, which a blocking sleep would not do.
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        page.wait_for_timeout(POLL_MS)
    return found
