"""The end of a growing text is followed until somebody scrolls up."""

from __future__ import annotations

from typing import Any

from tests.ui.fake_dom import Document, Element
from ui.answers.following import NEAR_END, REST_MS, Following
from ui.base.dom import Dom


class Scroller(Element):
    """400 pixels high, over a text of ``scrollHeight``."""

    clientHeight = 400

    def __init__(self, document: Document) -> None:
        super().__init__(document, "main")
        self.scrollHeight, self._top = 1000, 0.0

    @property
    def scrollTop(self) -> float:
        return self._top

    @scrollTop.setter
    def scrollTop(self, top: float) -> None:
        self._top = max(0.0, min(top, getattr(self, "scrollHeight", 0) - self.clientHeight))


class Bench:
    def __init__(self) -> None:
        self.document, self.now, self.said = Document(), 0.0, []  # type: ignore[var-annotated]
        self.document.listeners, self.document.activeElement = {}, None  # type: ignore[attr-defined]
        self.document.addEventListener = self._listen  # type: ignore[attr-defined]
        self.node = Scroller(self.document)
        self.following = Following(Dom(self.document), self.node, lambda: self.now, self.said.append)
        self.following.start()

    def _listen(self, event: str, handler: Any) -> None:
        self.document.listeners.setdefault(event, []).append(handler)  # type: ignore[attr-defined]

    def tell(self, event: str, **fields: Any) -> None:
        for handler in self.document.listeners[event]:  # type: ignore[attr-defined]
            handler(type("Event", (), {"target": self.node, **fields}))

    def scrolls(self, by: float) -> None:
        self.node.scrollTop += by
        self.node.fire("scroll")

    def grows(self, by: int) -> None:
        self.node.scrollHeight += by
        self.following.keep()

    @property
    def left(self) -> float:
        return self.node.scrollHeight - self.node.scrollTop - self.node.clientHeight


def test_it_stays_at_the_end() -> None:
    bench = Bench()
    for _ in range(5):
        bench.grows(30)
        bench.node.fire("scroll")
        assert bench.left == 0
    assert bench.said == []


def test_the_smallest_step_up_ends_it_and_nothing_pulls_back() -> None:
    bench = Bench()
    bench.scrolls(-4)
    assert bench.said == [False]
    for _ in range(9):
        bench.grows(10)
        bench.scrolls(-4)
    assert bench.left == 130
    assert bench.said == [False]


def test_a_step_down_far_from_the_end_changes_nothing_and_at_the_end_it_follows_again() -> None:
    bench = Bench()
    bench.scrolls(-200)
    bench.scrolls(100)
    assert bench.said == [False]
    bench.scrolls(100 - NEAR_END)
    assert bench.said == [False, True]
    bench.grows(50)
    assert bench.left == 0


def test_a_text_that_gets_shorter_is_still_followed() -> None:
    bench = Bench()
    bench.node.scrollHeight -= 100
    bench.node.scrollTop += 0  # the browser keeps it within the text
    bench.node.fire("scroll")
    assert bench.said == []


def test_what_is_about_to_scroll_up_is_given_its_time() -> None:
    """A smooth scroll has moved by nothing yet when the next token is drawn."""
    bench = Bench()
    for event, fields in (("wheel", {"deltaY": -40}), ("keydown", {"key": "PageUp"}), ("touchmove", {})):
        bench.tell(event, **fields)
        bench.grows(20)
        assert bench.left == 20, event
        assert bench.following.behind
        bench.now += REST_MS
        bench.following.keep()
        assert bench.left == 0, "nobody scrolled"
        assert not bench.following.behind


def test_other_keys_and_the_wheel_downward_are_none_of_its_business() -> None:
    bench = Bench()
    for event, fields in (("wheel", {"deltaY": 40}), ("keydown", {"key": "a"}), ("keydown", {"key": "PageDown"})):
        bench.tell(event, **fields)
        bench.grows(20)
        assert bench.left == 0


def test_the_button_goes_back_at_once() -> None:
    bench = Bench()
    bench.tell("wheel", deltaY=-40)
    bench.scrolls(-40)
    bench.following.start()
    assert bench.said == [False, True]
    assert bench.left == 0
