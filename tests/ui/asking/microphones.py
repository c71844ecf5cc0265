"""A page with a microphone and without an engine: a test says what both say."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from tests.ui.fake_dom import Document, Element
from tests.ui.speech import speak
from tests.ui.wire import Wire
from ui.base.dom import Dom
from ui.chats.conversation import Conversation
from ui.engine.view_state import ViewState

IDS = (
    "microphone-sign",
    "message",
    "record",
    "recording",
    "record-state",
    "record-time",
    "record-level",
    "record-note",
)


class Microphone:
    def __init__(self, tell: Any) -> None:
        self.tell, self.did = tell, list[str]()

    def start(self) -> None:
        self.did.append("start")

    def stop(self) -> None:
        self.did.append("stop")

    def says(self, what: str, **facts: Any) -> None:
        if what == "open":
            self.tell(json.dumps({"what": "live"}))
        self.tell(json.dumps({"what": what, **facts}))


class Promise:
    """Kept at once, unless a test holds it."""

    def __init__(self, value: Any, refused: bool) -> None:
        self._value, self._refused = value, refused

    def then(self, done: Any, failed: Any = None) -> None:
        (failed if self._refused else done)(self._value)


class Client(Wire):
    def __init__(self) -> None:
        super().__init__()
        self.sources: list[Any] = []
        self.cancelled: list[str] = []
        self.dead = False

    def ask(self, kind: str, fields: Any = None, on_end: Any = None, hear: Any = None, *, source: Any = None) -> str:  # type: ignore[override]
        self.sources.append(source)
        request = super().ask(kind, fields, on_end, hear)
        if self.dead:
            self.says("error", request, error={"code": "engine_closed", "message": "", "hint": ""})
        return request

    def cancel(self, request: str) -> None:
        self.cancelled.append(request)


class Composer:
    def __init__(self, box: Element) -> None:
        self.box = box
        self.box.scrollHeight = 0  # type: ignore[attr-defined]
        self.sent: list[str] = []
        self.focused = 0

    @property
    def text(self) -> str:
        return self.box.value

    @text.setter
    def text(self, value: str) -> None:
        self.box.value = value

    def focus(self) -> None:
        self.focused += 1

    def submit(self) -> None:
        self.sent.append(self.text)
        self.text = ""


class Page:
    """``refused``: the browser can't bring what records."""

    def __init__(self, lang: str = "en", refused: bool = False) -> None:
        self.document = Document(*IDS, "record-stop", "record-cancel")
        self.document.title = "Orion"  # type: ignore[attr-defined]
        self.node("microphone-sign").hidden = True
        self.dom, self.words, self.client = Dom(self.document), speak(lang), Client()
        self.microphones: list[Microphone] = []
        self.bridge = SimpleNamespace(openMicrophone=self._open, bring=lambda name: Promise(None, refused))
        self.composer = Composer(self.node("message"))
        self.views = SimpleNamespace(composer=self.composer)
        self.preferences: dict[str, Any] = {"send_spoken": False}
        self.able = {"languages": ["de-CH", "fr", "de", "fr-CH"]}
        self.state = ViewState(Conversation("c"))
        self.drawn = 0
        self.attachments = SimpleNamespace(kinds=["image", "audio"])
        self.drafts, self.said = 0, list[str]()
        self.keeping = SimpleNamespace(typed=self.typed)
        self.hushed = 0
        self.aloud = SimpleNamespace(stop=self._hush)
        self._refused = refused

    def _open(self, tell: Any) -> Promise:
        self.microphones.append(Microphone(tell))
        return Promise(self.microphones[-1], self._refused)

    @property
    def microphone(self) -> Microphone:
        return self.microphones[-1]

    @property
    def title(self) -> str:
        return str(self.document.title)  # type: ignore[attr-defined]

    def node(self, name: str) -> Element:
        return self.document.getElementById(name)

    @property
    def note(self) -> str:
        return "" if self.node("record-note").hidden else self.node("record-note").textContent

    def _hush(self) -> None:
        self.hushed += 1

    def redraw(self) -> None:
        self.drawn += 1

    def announce(self, text: str) -> None:
        self.said.append(text)

    def typed(self, text: str | None) -> None:
        self.drafts += 1
