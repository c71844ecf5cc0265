"""A client without an engine: notes what is asked, and says what the engine would say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Hear = Callable[[dict[str, Any]], object]
ENDS = ("result", "error", "cancelled")


class Wire:
    """``ask`` as ``EngineClient.ask``; ``sent`` has (kind, fields, request id) of each."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, Any] | None, str]] = []
        self._open: dict[str, tuple[Hear | None, Hear | None]] = {}

    def ask(
        self,
        kind: str,
        fields: dict[str, Any] | None = None,
        on_end: Hear | None = None,
        hear: Hear | None = None,
        message_id: str | None = None,
        attached: Sequence[str] = (),
    ) -> str:
        request = message_id or f"{kind}-{len(self.sent) + 1}"
        self.sent.append((kind, fields, request))
        self._open[request] = (on_end, hear)
        return request

    def says(self, kind: str, request: str = "", **fields: Any) -> None:
        """A message about ``request``, by default what was asked last."""
        request = request or self.sent[-1][2]
        on_end, hear = self._open.pop(request, (None, None)) if kind in ENDS else self._open.get(request, (None, None))
        told = on_end if kind in ENDS else hear
        if told is not None:
            told({"v": 1, "type": kind, "id": request, **fields})
