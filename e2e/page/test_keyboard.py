"""A key press does what the person meant by it: never what an input method, a held key or a dialog wanted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Locator, expect

from e2e.page import assembled
from e2e.page.conftest import Visit

PRESS = """(target, init) => {
  const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init });
  target.dispatchEvent(event);
  return event.defaultPrevented;
}"""
NOT_MEANT: dict[str, dict[str, Any]] = {
    "Safari's end of a composition": {"keyCode": 229, "isComposing": False},
    "a composition": {"keyCode": 13, "isComposing": True},
    "both": {"keyCode": 229, "isComposing": True},
    "a held key": {"keyCode": 13, "repeat": True},
    "Ctrl": {"keyCode": 13, "ctrlKey": True},
    "Alt": {"keyCode": 13, "altKey": True},
    "Meta": {"keyCode": 13, "metaKey": True},
    "Shift": {"keyCode": 13, "shiftKey": True},
}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
PAUSES = {"stored": True, "pauseAt": 0.2}


def press(target: Locator, key: str, **init: Any) -> bool:
    """A key press that only the page sees; whether the page took it."""
    taken: bool = target.evaluate(PRESS, {"key": key, **init})
    return taken


def input_method(page: Visit) -> CDPSession:
    """The browser's own way to compose text."""
    return page.context.new_cdp_session(page.page)


def sent(page: Visit) -> int:
    return page.page.locator("article[data-role=user]").count()


def settled(page: Visit) -> None:
    page.page.evaluate("() => new Promise((go) => requestAnimationFrame(() => setTimeout(go, 50)))")


@pytest.fixture
def pausing(visit: Callable[..., Visit], folder: Path) -> Visit:
    """A page whose answers stand still after their first words."""
    assembled.scenario(folder, **PAUSES)
    return visit().open()


@pytest.mark.parametrize("what", NOT_MEANT)
def test_an_enter_that_is_not_meant_sends_nothing(page: Visit, what: str) -> None:
    page.box.fill("にほん")
    press(page.box, "Enter", **NOT_MEANT[what])
    settled(page)
    assert sent(page) == 0
    assert page.box.input_value() == "にほん"
    press(page.box, "Enter", keyCode=13)
    expect(page.page.locator("article[data-role=user]")).to_have_count(1)


def test_a_word_that_is_composed_is_taken_by_the_first_enter_and_sent_by_the_second(page: Visit) -> None:
    page.box.focus()
    method = input_method(page)
    method.send("Input.imeSetComposition", {"text": "にほ", "selectionStart": 2, "selectionEnd": 2})
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    method.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    settled(page)
    assert sent(page) == 0
    method.send("Input.insertText", {"text": "日本"})
    assert page.box.input_value() == "日本"
    assert sent(page) == 0
    page.box.press("Enter")
    expect(page.page.locator("article[data-role=user] .said")).to_have_text("日本")


def test_a_held_enter_sends_one_message_and_writes_no_lines(page: Visit) -> None:
    page.box.fill("one")
    page.page.keyboard.down("Enter")
    page.state("success")
    page.box.fill("two")
    for _ in range(3):
        page.page.keyboard.down("Enter")  # the browser calls these repeats
    settled(page)
    assert sent(page) == 1
    assert page.box.input_value() == "two"
    page.page.keyboard.up("Enter")


def test_an_early_enter_is_judged_by_the_same_rule(visit: Callable[..., Visit]) -> None:
    """Before MicroPython is up: app.js listens itself."""
    page = visit()
    page.page.route("**/micropython.wasm", lambda route: page.page.wait_for_timeout(1200) or route.continue_())
    page.page.goto(page.url, wait_until="commit")
    page.box.fill("early")
    for init in NOT_MEANT.values():
        press(page.box, "Enter", **init)
    page.wait()
    settled(page)
    assert sent(page) == 0


@pytest.mark.parametrize("what", [name for name in NOT_MEANT])
def test_an_escape_that_is_not_plain_stops_nothing(pausing: Visit, what: str) -> None:
    pausing.ask("Why is the sky blue?")
    pausing.state("streaming")
    press(pausing.box, "Escape", **{**NOT_MEANT[what], "keyCode": NOT_MEANT[what].get("keyCode", 27)})
    settled(pausing)
    pausing.state("streaming")
    press(pausing.box, "Escape", keyCode=27)
    pausing.state("cancelled")


def test_an_escape_that_closes_something_leaves_the_answer_alone(pausing: Visit) -> None:
    pausing.ask("Why is the sky blue?")
    pausing.state("streaming")
    pausing.page.get_by_role("button", name="Settings").click()
    pausing.page.keyboard.press("Escape")
    expect(pausing.page.locator("#settings")).not_to_be_visible()
    pausing.page.get_by_role("button", name="Engine", exact=True).click()
    expect(pausing.page.locator("#panel")).to_be_visible()
    press(pausing.page.locator("#panel-title"), "Escape", keyCode=229)
    expect(pausing.page.locator("#panel")).to_be_visible()
    pausing.page.keyboard.press("Escape")
    expect(pausing.page.locator("#panel")).not_to_be_visible()
    pausing.state("streaming")
    pausing.page.keyboard.press("Escape")
    pausing.state("cancelled")


def test_the_workshops_question_is_tried_by_a_deliberate_enter_alone(page: Visit) -> None:
    page.page.get_by_role("button", name="Workshop").click()
    page.page.get_by_role("button", name="New agent").click()
    question = page.page.locator("#workshop-question")
    question.fill("Hello")
    for init in NOT_MEANT.values():
        assert not press(question, "Enter", **init)
    assert press(question, "Enter", keyCode=13)


def test_on_a_phone_enter_starts_a_line_and_the_button_sends(visit: Callable[..., Visit]) -> None:
    page = visit(**PHONE).open()
    expect(page.box).to_have_attribute("enterkeyhint", "enter")
    page.box.press_sequentially("one")
    page.box.press("Enter")
    page.box.press_sequentially("two")
    assert page.box.input_value() == "one\ntwo"
    assert sent(page) == 0
    page.page.get_by_role("button", name="Send").click()
    expect(page.page.locator("article[data-role=user] .said")).to_have_text("one\ntwo")


def test_the_setting_turns_it_round_on_a_phone_and_holds(visit: Callable[..., Visit]) -> None:
    page = visit(**PHONE).open()
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_label("The Enter key").select_option("send")
    page.page.get_by_role("button", name="Close").click()
    expect(page.box).to_have_attribute("enterkeyhint", "send")
    page.page.reload()
    page.wait()
    expect(page.box).to_have_attribute("enterkeyhint", "send")
    page.box.press_sequentially("one")
    page.box.press("Enter")
    expect(page.page.locator("article[data-role=user]")).to_have_count(1)


def test_a_laptop_with_a_touch_screen_is_no_phone(visit: Callable[..., Visit]) -> None:
    """Its first pointer is the touchpad. (Playwright's has_touch would take that away.)"""
    page = visit()
    page.page.add_init_script(
        "Object.defineProperty(navigator, 'maxTouchPoints', { get: () => 10 }); window.ontouchstart = null;"
    )
    page.open()
    expect(page.box).to_have_attribute("enterkeyhint", "send")
    page.box.fill("one")
    page.box.press("Enter")
    expect(page.page.locator("article[data-role=user]")).to_have_count(1)


def test_where_enter_starts_lines_a_command_key_sends(page: Visit) -> None:
    page.page.get_by_role("button", name="Settings").click()
    page.page.get_by_label("The Enter key").select_option("line")
    page.page.get_by_role("button", name="Close").click()
    page.box.press_sequentially("one")
    page.box.press("Enter")
    page.box.press_sequentially("two")
    assert sent(page) == 0
    page.box.press("Control+Enter")
    expect(page.page.locator("article[data-role=user] .said")).to_have_text("one\ntwo")
