"""The button "Hands-free": only where an agent hears, and its mode comes when it is first wanted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.ui.aloud.test_hands_free import Listening
from tests.ui.aloud.voices import Page, Promise
from tests.ui.fake_dom import dom
from ui.aloud.hands_free_button import HandsFreeButton


class Offered(Page):
    def __init__(self, *kinds: str) -> None:
        super().__init__()
        names = ("hands-free", "hands-free-bar", "hands-free-said", "hands-free-state", "hands-free-note")
        self.dom = dom(*names, "hands-free-end")
        self.attachments = SimpleNamespace(kinds=kinds)
        self.aloud = SimpleNamespace(follow=lambda _call: None, stop=lambda: None)
        self.announce = lambda _text: None
        self.listening = Listening()
        self.record = SimpleNamespace(with_listening=self._listens)
        self.offer = HandsFreeButton(self)
        self.offer.draw()

    def _listens(self, then: Any) -> None:
        then(self.listening)

    @property
    def button(self) -> Any:
        return self.dom.by_id("hands-free")


def test_it_is_offered_only_where_an_agent_hears() -> None:
    assert Offered("image").button.hidden
    assert not Offered("image", "audio").button.hidden


def test_pressed_it_brings_the_mode_and_pressed_again_ends_it() -> None:
    page = Offered("audio")
    page.button.fire("click")
    assert page.brought == ["hands_free"]
    assert (page.listening.did, page.button.attributes["aria-pressed"]) == (["start"], "true")
    page.button.fire("click")
    assert (page.listening.did, page.button.attributes["aria-pressed"]) == (["start", "cancel"], "false")


def test_escape_and_leaving_the_page_end_it() -> None:
    page = Offered("audio")
    assert not page.offer.escape(), "nothing is to be ended yet"
    page.button.fire("click")
    assert page.offer.escape()
    assert not page.offer.escape()
    page.button.fire("click")
    page.offer.left()
    assert page.dom.by_id("hands-free-note").textContent == page.words("hands_free_background")


def test_a_mode_that_cannot_be_loaded_says_so() -> None:
    page = Offered("audio")
    page.bringing = Promise(refused=True)
    page.button.fire("click")
    assert page.dom.by_id("hands-free-note").textContent == page.words("record_unloaded")
