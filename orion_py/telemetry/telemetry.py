"""Keeps opt-in counts that never leave the device and identify nobody.

Off, nothing is kept. On, events are added up under names and buckets that are fixed here, so that
no text, no id and no time of day can get in; the sums are kept in the device's own settings until
the user exports or erases them. Nothing in this project sends them anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

KEY = "telemetry"
VERSION = 1
MAX_NAMES = 200
MS_BUCKETS = (50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000)
"""Upper ends in milliseconds; what is above goes under "more"."""

FIELDS: dict[str, frozenset[str]] = {
    "answered": frozenset(("agent", "backend", "finish")),
    "failed": frozenset(("code",)),
    "cancelled": frozenset(),
    "fallback": frozenset(("kind",)),
    "guard": frozenset(("decision", "category")),
    "session": frozenset(),
}
"""Events, and the facts that each may carry."""
# fmt: off
BACKENDS = ("webgpu", "kernel", "wasm", "native", "calculator", "engine")
KNOWN = frozenset((
    *BACKENDS, "stop", "length", "timeout", "loop", "agent", "backend", "session", "onnxruntime", "simd", "threads",
    "cache", "code", "model", "router", "context", "storage", "settings", "worker", "memory", "picture", "version",
    "warn", "injection", "weapons", "minors", "violence", "self_harm",
))
# fmt: on
"""Values that a fact may have, besides an error's code and the site's own agents (``name_agents``); all others are
counted as "other"."""


class Keeper(Protocol):
    """Where the sums stand: ``storage.settings.Settings``."""

    async def get(self, key: str) -> str | None: ...

    async def update(self, key: str, change: Callable[[str | None], str | None]) -> None: ...

    async def delete(self, key: str) -> None: ...


class Telemetry:
    """``codes``: the error codes that may be counted by name.

    ``event`` and ``time`` only add up in memory; ``save`` writes, and only what changed.
    """

    def __init__(self, keeper: Keeper, enabled: bool = False, codes: frozenset[str] = frozenset()) -> None:
        self._keeper, self._enabled, self._values = keeper, enabled, KNOWN | codes
        self._counts: dict[str, int] = {}
        """What isn't stored yet: other tabs add to the stored sums too."""

    def name_agents(self, agents: Iterable[str]) -> None:
        """From now on these may be counted by name. They are those of the site's models.json: what a person calls an
        agent of their own never gets in."""
        self._values |= frozenset(agents)

    @property
    def enabled(self) -> bool:
        return self._enabled

    async def switch(self, enabled: bool) -> None:
        """Off also erases what there is, from an earlier visit too."""
        self._enabled = enabled
        if not enabled:
            await self.erase()

    def event(self, name: str, **facts: str) -> None:
        """Counts an event, once in all and once for each fact. Raises ValueError for unknown names."""
        if not self._enabled:
            return
        if name not in FIELDS or not FIELDS[name].issuperset(facts):
            raise ValueError(f"telemetry has no event {name!r} with {', '.join(facts) or 'no facts'}")
        self._add(name)
        for fact, value in facts.items():
            self._add(f"{name}.{fact}.{value if value in self._values else 'other'}")

    def time(self, name: str, ms: float) -> None:
        """Counts a duration in its bucket. Raises ValueError for unknown names."""
        if not self._enabled:
            return
        if name not in ("first_token", "total", "loading", "routing"):
            raise ValueError(f"telemetry has no duration {name!r}")
        bucket = next((str(end) for end in MS_BUCKETS if ms <= end), "more")
        self._add(f"ms.{name}.{bucket}")

    async def save(self) -> None:
        """Adds what is new to what is stored. Does nothing while off, and nothing where storage is refused."""
        if not self._enabled or not self._counts:
            return
        new, self._counts = self._counts, {}
        try:
            await self._keeper.update(KEY, lambda text: json.dumps(_document(_added(_stored(text), new))))
        except Exception:  # counting must never disturb what is counted
            self._counts = _added(new, self._counts)

    async def report(self) -> dict[str, Any]:
        """All sums: ``{"version", "counts": {name: n}}``."""
        stored: dict[str, int] = {}
        if self._enabled:
            with suppress(Exception):  # refused by the browser
                stored = _stored(await self._keeper.get(KEY))
        return _document(_added(stored, self._counts))

    async def export(self) -> str:
        """The report as JSON text, for the user to keep."""
        return json.dumps(await self.report(), indent=1, sort_keys=True)

    async def erase(self) -> None:
        self._counts.clear()
        with suppress(Exception):
            if await self._keeper.get(KEY) is not None:  # each start with it off comes here: a write takes longer
                await self._keeper.delete(KEY)

    def _add(self, name: str) -> None:
        self._counts = _added(self._counts, {name: 1})


def _document(counts: dict[str, int]) -> dict[str, Any]:
    return {"version": VERSION, "counts": dict(sorted(counts.items()))}


def _added(counts: dict[str, int], more: dict[str, int]) -> dict[str, int]:
    """The sums; no more names than ``MAX_NAMES``."""
    sums = dict(counts)
    for name, count in more.items():
        if name in sums or len(sums) < MAX_NAMES:
            sums[name] = sums.get(name, 0) + count
    return sums


def _stored(text: str | None) -> dict[str, int]:
    """What is damaged counts as nothing."""
    try:
        kept = json.loads(text or "{}")
        counts = kept["counts"] if kept.get("version") == VERSION else {}
        return {str(name): int(count) for name, count in counts.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
