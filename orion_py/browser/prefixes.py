"""Keeps the cache rows of prompts, through ``web/bridge/worker/storage/prefix-store.js``."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from orion_py.browser.errors import translated
from orion_py.runtime.prefixes import Prefix


class BrowserPrefixes:
    """``bridge`` is engine.js's."""

    def __init__(self, bridge: Any) -> None:
        self._bridge = bridge

    async def all(self) -> Sequence[Prefix]:
        return [Prefix(**row) for row in json.loads(str(await self._bridge.keptPrefixes()))]

    async def drop(self, keys: Collection[str]) -> None:
        with translated():
            await self._bridge.dropPrefixes(json.dumps(list(keys)))
