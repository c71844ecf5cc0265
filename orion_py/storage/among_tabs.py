"""Exchanges notes with the engines of other tabs, and says whether this one leads them.

The leader downloads in the background, looks for new versions and sweeps; when it goes, the next in line leads.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, OrionError
from orion_py.storage.tabs import LEADER, Release, Tabs

Heard = Callable[[dict[str, Any]], None]
_ENGINES = count()


class AmongTabs:
    """``seed`` makes this engine's name, so that it doesn't hear itself. ``start``, and at the end ``leave``."""

    def __init__(self, tabs: Tabs, seed: int) -> None:
        self.tabs = tabs
        self._name = f"{seed:x}-{next(_ENGINES)}"
        self._heard: dict[str, list[Heard]] = {}
        self._campaign: asyncio.Future[None] | None = None
        self._cancel = CancelToken()
        self._releases: list[Release] = []
        self.leads = False
        self.on_lead: Callable[[], None] = lambda: None
        """Called once this engine leads."""

    def start(self) -> None:
        self._releases.append(self.tabs.listen(self._received))
        self._campaign = asyncio.ensure_future(self._run_for_it())

    def leave(self) -> None:
        """Lets the tab that waits lead from now on."""
        self.leads = False
        self._cancel.cancel()
        for release in self._releases:
            release()
        self._releases.clear()
        self.tabs.leave()

    def tell(self, kind: str, **facts: Any) -> None:
        """Posts a note to the others; ``facts`` are JSON."""
        self.tabs.post(json.dumps({"kind": kind, "from": self._name, **facts}))

    def on(self, kind: str, heard: Heard) -> None:
        """``heard`` is called with each note of that kind from another engine."""
        self._heard.setdefault(kind, []).append(heard)

    async def _run_for_it(self) -> None:
        try:
            release = await self.tabs.acquire(LEADER, self._cancel)
        except Cancelled:
            return
        except OrionError:
            release = _nothing  # locks are refused here: this engine is alone
        if self._cancel.cancelled:
            release()
            return
        self._releases.append(release)
        self.leads = True
        self.tell("leads")  # who waits for something says so again
        self.on_lead()

    def _received(self, text: str) -> None:
        with suppress(ValueError):  # of a version that says it otherwise
            note = json.loads(text)
            if isinstance(note, dict) and note.get("from") != self._name:
                for heard in self._heard.get(str(note.get("kind")), ()):
                    heard(note)


def _nothing() -> None:
    return None
