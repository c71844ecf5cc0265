"""An engine worker without the page: a file of the site is open, and the test speaks the protocol itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

from e2e.support.waiting import until

ENDS = ("result", "error", "cancelled")
_START = """() => {
  const heard = [];
  const worker = new Worker(new URL("workers/engine.js", location.href), { type: "module", name: "engine" });
  worker.onmessage = ({ data }) => heard.push(...[data].flat().map((text) => JSON.parse(text)));
  globalThis.engine = {
    heard,
    send: (message) => worker.postMessage(JSON.stringify(message)),
    show: async (request, id, data) => {
      const blob = await (await fetch(`data:image/png;base64,${data}`)).blob();
      worker.postMessage({ request, attach: [{ id, blob }] });
    },
    bring: (request, ids) => worker.postMessage({ request, attach: ids.map((id) => ({ id, blob: new Blob([id]) })) }),
  };
}"""

Message = dict[str, Any]


class Engine:
    """``page`` shows any file of the site; the engine is initialized with ``fields``."""

    def __init__(self, page: Page, **fields: Any) -> None:
        self._page, self._asked = page, 0
        page.evaluate(_START)
        assert self.ask("initialize", **fields)["type"] == "result"

    def send(self, kind: str, files: Sequence[str] = (), **fields: Any) -> str:
        """Sends a request and gives its id. ``files``: names of such that go before it, as the page's do."""
        self._asked += 1
        request = f"r{self._asked}"
        if files:
            self._page.evaluate("([request, files]) => engine.bring(request, files)", [request, list(files)])
        self._page.evaluate("message => engine.send(message)", {"v": 1, "id": request, "type": kind, **fields})
        return request

    def ask_about(self, picture: bytes, **fields: Any) -> Message:
        """The end of a question on a PNG."""
        name, data = hashlib.sha256(picture).hexdigest(), base64.b64encode(picture).decode()
        self._page.evaluate("file => engine.show(...file)", [f"r{self._asked + 1}", name, data])
        options = {**fields.pop("options", {}), "images": [name]}
        return self.ask("infer", options=options, **fields)

    def ask(self, kind: str, **fields: Any) -> Message:
        """Sends a request and waits for its end."""
        return self.end_of(self.send(kind, **fields))

    def end_of(self, request: str) -> Message:
        def end() -> Message | None:
            return next((m for m in self.heard(*ENDS) if m["id"] == request), None)

        ended: Message = until(self._page, f"{request} ends", end)
        return ended

    def heard(self, *kinds: str) -> list[Message]:
        """All messages of these types so far, in order."""
        messages: list[Message] = self._page.evaluate(
            "kinds => engine.heard.filter((message) => kinds.includes(message.type))", list(kinds)
        )
        return messages

    def waits_for(self, kind: str, **fields: Any) -> Message:
        """The first event of that type with these ``fields``."""

        def event() -> Message | None:
            return next((m for m in self.heard(kind) if fields.items() <= m.items()), None)

        found: Message = until(self._page, f"{kind} {fields}", event)
        return found

    def answer(self, agent: str, query: str = "Hello!", **options: Any) -> Message:
        """The payload of a short answer of ``agent``."""
        options = {"force_agent": agent, "max_tokens": 2, **options}
        end = self.ask("infer", query=query, options=options)
        assert end["type"] == "result", end
        payload: Message = end["payload"]
        return payload

    def status(self) -> Message:
        payload: Message = self.ask("status")["payload"]
        return payload
