"""A cursor that nobody needs doesn't blink: each blink is a drawing of the page."""

from __future__ import annotations

import pytest

from tests.ui.conftest import WEB
from tests.ui.engine.test_client import Timers
from tests.ui.fake_dom import Document
from ui.asking.resting_caret import REST_MS, SIGNS, RestingCaret
from ui.base.dom import Dom


class Page:
    def __init__(self) -> None:
        self.document, self.timers = Document(), Timers()
        self.caret = RestingCaret(Dom(self.document), self.timers)

    @property
    def rests(self) -> bool:
        return self.document.documentElement.attributes.get("data-caret") == "still"


def test_it_rests_once_nobody_did_anything_for_a_while_and_no_timer_runs_then() -> None:
    page = Page()
    page.timers.advance(REST_MS - 1)
    assert not page.rests
    page.timers.advance(1)
    assert page.rests
    assert page.timers.waiting == 0


@pytest.mark.parametrize("sign", SIGNS)
def test_any_sign_of_somebody_wakes_it(sign: str) -> None:
    page = Page()
    page.timers.advance(REST_MS)
    page.document.fire(sign)
    assert not page.rests
    page.timers.advance(REST_MS)
    assert page.rests


def test_whoever_types_keeps_it_blinking_with_one_timer() -> None:
    page = Page()
    for _ in range(100):
        page.document.fire("keydown")
        page.timers.advance(REST_MS / 10)
        assert not page.rests
        assert page.timers.waiting == 1
    page.timers.advance(REST_MS)
    page.timers.advance(REST_MS)
    assert page.rests


def test_the_styles_stop_it_by_that_mark() -> None:
    text = (WEB / "styles/dock.css").read_text()
    assert 'html[data-caret="still"] :focus { caret-animation: manual; }' in text
