"""The engine hears that somebody types: soon, seldom, and only where something may be read unasked."""

from __future__ import annotations

from typing import Any

from tests.ui.engine.test_client import Timers
from ui.asking.anticipation import AGAIN_MS, FIRST_MS, Anticipation


class Page:
    def __init__(self) -> None:
        self.timers, self.sent = Timers(), list[dict[str, Any]]()
        self.fields: dict[str, Any] | None = {"draft": "", "history": []}
        self.anticipation = Anticipation(self.timers, self._send, lambda: self.fields and dict(self.fields))

    def _send(self, kind: str, fields: dict[str, Any]) -> None:
        assert kind == "anticipate"
        self.sent.append(fields)

    def types(self, text: str, each_ms: float = 80) -> None:
        for end in range(1, len(text) + 1):
            assert self.fields is not None
            self.fields["draft"] = text[:end]
            self.anticipation.typed()
            self.timers.advance(each_ms)


def test_it_is_told_soon_after_the_first_key_and_then_seldom() -> None:
    page = Page()
    text = "how does the kernel keep what it has read of a prompt before"
    page.types(text)
    assert len(page.sent[0]["draft"]) <= 1 + FIRST_MS // 80
    assert 2 <= len(page.sent) <= 2 + 80 * len(text) // AGAIN_MS


def test_keys_within_a_word_change_nothing_but_another_conversation_does() -> None:
    page = Page()
    page.types("antidisestablishmentarianism")
    assert len(page.sent) == 1
    assert page.fields is not None
    page.fields["history"] = [{"role": "user", "content": "hello"}]
    page.anticipation.typed()
    page.timers.advance(AGAIN_MS)
    assert len(page.sent) == 2


def test_nothing_is_told_where_nothing_is_to_be_read_but_it_may_be_later() -> None:
    page = Page()
    page.fields = None
    page.anticipation.typed()
    page.timers.advance(10_000)
    assert page.sent == []
    page.fields = {"draft": "a", "history": []}
    page.anticipation.typed()
    page.timers.advance(FIRST_MS)
    assert len(page.sent) == 1


def test_what_was_sent_is_not_anticipated_any_more_and_the_next_question_is_new() -> None:
    page = Page()
    page.anticipation.typed()
    page.anticipation.sent()
    page.timers.advance(10_000)
    assert page.sent == []
    page.types("hi")
    page.timers.advance(FIRST_MS)
    page.anticipation.sent()
    page.types("hi")
    page.timers.advance(FIRST_MS)
    assert len(page.sent) == 2
