"""A page as far as reading aloud uses it, and voices that say what a test has them say."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from tests.ui.page_parts import Timers
from tests.ui.speech import speak
from ui.base.store import DEFAULTS
from ui.chats.conversation import Conversation, Turn
from ui.engine.view_state import ViewState


class Promise:
    """Kept or refused before anybody asked, or by ``keep`` later."""

    def __init__(self, value: Any = None, *, refused: bool = False, later: bool = False) -> None:
        self._value, self._refused, self._later = value, refused, later
        self._calls: list[Any] = []

    def then(self, done: Any, failed: Any = None) -> None:
        call = failed if self._refused else done
        if self._later:
            self._calls.append(call)
        else:
            call(self._value)

    def keep(self) -> None:
        self._later = False
        for call in self._calls:
            call(self._value)


class Spoken:
    """bridge/page/voice.js in a test: ``said`` are its sentences, ``tells`` is what it reports."""

    def __init__(self, heard: Any) -> None:
        self._heard = heard
        self.said: list[tuple[Any, ...]] = []
        self.stopped = 0

    def say(self, *sentence: Any) -> None:
        self.said.append(sentence)

    def stop(self) -> None:
        self.stopped += 1

    def tells(self, what: str, **fields: Any) -> None:
        self._heard(json.dumps({"what": what, **fields}))

    @property
    def texts(self) -> list[str]:
        return [sentence[1] for sentence in self.said]


class Page:
    def __init__(self) -> None:
        self.words, self.preferences = speak("en"), dict(DEFAULTS)
        self.state = ViewState(Conversation("c"))
        self.timers = Timers()
        self.voices: list[Spoken] = []
        self.opening: Promise | None = None
        self.brought: list[str] = []
        self.bringing = Promise()
        self.bridge = SimpleNamespace(answerOf=lambda text: text, openVoice=self._open, bring=self._bring)
        self.drawn = 0

    def _open(self, heard: Any) -> Promise:
        self.voices.append(Spoken(heard))
        self.opening = Promise(self.voices[-1])
        return self.opening

    def _bring(self, name: str) -> Promise:
        self.brought.append(name)
        return self.bringing

    def redraw(self) -> None:
        self.drawn += 1

    @property
    def voice(self) -> Spoken:
        return self.voices[-1]


def answer(text: str, state: str = "success") -> Turn:
    return Turn("a", "assistant", text, state)


def _voice(voice_id: str, title: str, language: str) -> dict[str, Any]:
    good = {"en": f"as {title} is", "fr": f"comme {title}"}
    return {"id": voice_id, "title": title, "language": language, "good_at": good}


SENSES: list[dict[str, Any]] = [
    {"id": "ears", "sense": "speech", "title": "Ears", "voices": [], "licence": "MIT", "download_bytes": 80_000_000},
    {
        "id": "piper",
        "sense": "voice",
        "title": "Piper",
        "voices": [_voice("joe", "Joe", "en")],
        "licence": "CC0",
        "download_bytes": 63_000_000,
    },
    {
        "id": "kokoro",
        "sense": "voice",
        "title": "Kokoro",
        "voices": [_voice("siwis", "Siwis", "fr"), _voice("heart", "Heart", "en")],
        "licence": "Apache-2.0",
        "download_bytes": 99_000_000,
    },
]
"""What sees, hears and speaks at a site, as the engine's status has it."""
