"""Shows the warm start (``web/bridge/worker/engine/warm-start.js``) to the memory budget."""

from __future__ import annotations

import json
from typing import Any

from orion_py.runtime.ahead import Held
from orion_py.runtime.next_visit import NextVisit


class BrowserAhead:
    """``bridge`` is engine.js's; ``following`` knows what was built."""

    def __init__(self, bridge: Any, following: NextVisit) -> None:
        self._bridge, self._following = bridge, following

    def held(self) -> Held | None:
        found = json.loads(str(self._bridge.heldAhead()) or "null")
        return None if found is None else Held(str(found["model"]), int(found["bytes"]))

    def drop(self) -> None:
        self._bridge.dropAhead()

    def limit(self, budget_bytes: int) -> None:
        self._bridge.limitAhead(budget_bytes)

    async def begin_with(self, model: str) -> None:
        await self._following.begin_with(model)
