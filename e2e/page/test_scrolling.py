"""Who scrolls up while an answer grows stays there; who comes back to the end follows again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.support.waiting import until

LEFT = "() => { const s = document.getElementById('scroller'); return s.scrollHeight - s.scrollTop - s.clientHeight; }"
HEIGHT = "document.getElementById('scroller').scrollHeight"


def left(page: Visit) -> float:
    """Pixels below what is seen."""
    found: float = page.page.evaluate(LEFT)
    return found


def grow(page: Visit) -> None:
    height = page.page.evaluate(HEIGHT)
    until(page.page, "the answer grows", lambda: page.page.evaluate(HEIGHT) > height + 200, seconds=30)


@pytest.fixture
def growing(visit: Callable[..., Visit], folder: Path) -> Visit:
    """An answer that grows for a while and is longer than the window."""
    assembled.scenario(folder, stored=True, floodRate=160)
    page = visit(viewport={"width": 1000, "height": 600}).open()
    page.ask("flood me")
    until(page.page, "the answer is long", lambda: page.page.evaluate(HEIGHT) > 1500, seconds=30)
    return page


def _wheel(page: Visit) -> None:
    page.page.mouse.move(500, 250)
    for _ in range(10):
        page.page.mouse.wheel(0, -40)
        page.page.wait_for_timeout(30)


def _page_up(page: Visit) -> None:
    page.page.locator("#scroller").evaluate("node => { node.tabIndex = -1; node.focus(); }")
    page.page.keyboard.press("PageUp")


def _arrow(page: Visit) -> None:
    page.page.locator("#scroller").evaluate("node => { node.tabIndex = -1; node.focus(); }")
    for _ in range(4):
        page.page.keyboard.press("ArrowUp")
        page.page.wait_for_timeout(30)


def _finger(page: Visit) -> None:
    """Touch events one by one: headless, Chromium's own synthetic scroll gesture moves nothing."""
    cdp = page.context.new_cdp_session(page.page)

    def touch(kind: str, *ys: int) -> None:
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": 500, "y": y} for y in ys]})

    touch("touchStart", 150)
    for step in range(1, 9):
        touch("touchMove", 150 + 15 * step)
        page.page.wait_for_timeout(16)
    touch("touchEnd")


def _scrollbar(page: Visit) -> None:
    """What dragging its thumb amounts to: small moves, each an event."""
    for _ in range(10):
        page.page.locator("#scroller").evaluate("node => { node.scrollTop -= 12; }")
        page.page.wait_for_timeout(20)


WAYS = {
    "ten small steps of the wheel": _wheel,
    "Page Up": _page_up,
    "an arrow key": _arrow,
    "a finger": _finger,
    "the scrollbar": _scrollbar,
}


@pytest.mark.parametrize("way", WAYS)
def test_scrolling_up_by_any_way_ends_following(growing: Visit, way: str) -> None:
    grow(growing)
    until(growing.page, "the end is in view", lambda: left(growing) < 100, seconds=20)  # it follows with a frame
    WAYS[way](growing)
    expect(growing.page.locator("#jump")).to_be_visible()
    top = growing.page.evaluate("document.getElementById('scroller').scrollTop")
    grow(growing)
    now = growing.page.evaluate("document.getElementById('scroller').scrollTop")
    assert now <= top + 2, "it isn't pulled down again"
    assert left(growing) > 150
    growing.page.get_by_role("button", name="Latest message").click()
    expect(growing.page.locator("#jump")).not_to_be_visible()
    grow(growing)
    assert left(growing) < 100, "the button goes back, and it follows again"


def test_following_goes_on_for_who_scrolls_back_to_the_end(growing: Visit) -> None:
    _wheel(growing)
    expect(growing.page.locator("#jump")).to_be_visible()
    growing.page.mouse.wheel(0, 100_000)
    expect(growing.page.locator("#jump")).not_to_be_visible()
    grow(growing)
    until(growing.page, "the end is in view", lambda: left(growing) < 100, seconds=20)  # it follows with a frame
