"""A tab is killed at every step of what it does; another finds everything, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from tests.ui.tabs import Browser, Tab
from ui.chats.conversation import Conversation, Turn
from ui.chats.old_chats import CHAT

Act = Callable[[Tab], None]


def killed_everywhere(prepare: Callable[[], Browser], act: Act) -> Iterator[tuple[Browser, int]]:
    """A browser for each number of steps that a tab gets on with ``act`` before it is killed."""
    steps = 0
    while True:
        browser = prepare()
        tab = browser.open().settle()
        act(tab)
        went_on = all([tab.step() for _ in range(steps)])
        tab.kill()
        yield browser, steps
        if not went_on:
            return
        steps += 1


def here(browser: Browser) -> list[str]:
    """The questions that a person finds who opens the page again: asked, or in the box."""
    tab = browser.open().settle()
    found = browser.questions()
    if tab.composer.text:
        found.append(tab.composer.text)
    return found


def with_one() -> Browser:
    browser = Browser()
    tab = browser.open().settle()
    tab.sends("one")
    tab.finishes("answer one")
    tab.settle()
    tab.kill()
    return browser


def test_a_question_is_kept_or_stands_in_the_box_again() -> None:
    ends = set()
    for browser, steps in killed_everywhere(with_one, lambda tab: tab.sends("two")):
        assert sorted(here(browser)) == ["one", "two"], steps
        ends.add(len(browser.questions()))
    assert ends == {1, 2}, "it was killed before the commit and after it"


def test_the_first_question_of_a_conversation_likewise() -> None:
    for browser, steps in killed_everywhere(Browser, lambda tab: tab.sends("one")):
        assert here(browser) == ["one"], steps


def test_an_answer_that_was_kept_outlives_its_tab() -> None:
    def act(tab: Tab) -> None:
        tab.sends("two")
        tab.settle()
        tab.finishes("answer two")

    states = set()
    for browser, steps in killed_everywhere(with_one, act):
        tab = browser.open().settle()
        state, text = tab.said[3]
        assert (state, text) in (("success", "answer two"), ("cancelled", "")), steps
        states.add(state)
    assert states == {"success", "cancelled"}


def test_deleting_all_is_done_or_not() -> None:
    counts = set()
    for browser, _ in killed_everywhere(with_one, lambda tab: tab.deletes_all()):
        counts.add((len(browser.chats()), len(browser.turns())))
    assert counts == {(1, 2), (0, 0)}


def test_asking_again_leaves_the_question_where_it_is() -> None:
    for browser, steps in killed_everywhere(with_one, lambda tab: tab.again(tab.conversation.turns[1])):
        tab = browser.open().settle()
        assert tab.said[0] == ("success", "one"), steps
        assert tab.said[1] in (("success", "answer one"), ("cancelled", "")), steps


def old_chat(name: str, *texts: str) -> Conversation:
    turns = []
    for number, text in enumerate(texts):
        turns.append(Turn(f"{name} q{number}", "user", text))
        turns.append(Turn(f"{name} a{number}", "assistant", "answer " + text))
    return Conversation(name, turns, "2026-01-01")


def with_old_chats() -> Browser:
    browser = Browser()
    for name in ("a", "b", "c"):
        chat = old_chat(name, f"{name} first", f"{name} second")
        browser.backing.set(CHAT + name, json.dumps(chat.dump()))
    browser.backing.set("orion.last", "b")
    return browser


ALL_OLD = sorted(f"{name} {place}" for name in "abc" for place in ("first", "second"))


def test_moving_what_an_older_version_kept_can_end_anywhere() -> None:
    steps = 0
    while True:
        browser = with_old_chats()
        tab = browser.open()
        went_on = all([tab.step() for _ in range(steps)])
        copies = [json.loads(text) for text in browser.kept(CHAT).values()]
        in_copies = {turn["text"] for copy in copies for turn in copy["turns"] if turn["role"] == "user"}
        assert sorted(in_copies | set(browser.questions())) == ALL_OLD, "a copy goes only after the commit"
        tab.kill()
        again = browser.open().settle()
        assert sorted(browser.questions()) == ALL_OLD, steps
        assert browser.kept(CHAT) == {}
        assert [text for _, text in again.said] == ["b first", "answer b first", "b second", "answer b second"]
        if not went_on:
            return
        steps += 1


@pytest.mark.parametrize("first", range(6))
def test_two_tabs_that_move_it_at_once_move_it_once(first: int) -> None:
    browser = with_old_chats()
    tabs = [browser.open(), browser.open()]
    for number in range(200):
        tabs[(number // (first + 1)) % 2].step()
    browser.settle()
    assert sorted(browser.questions()) == ALL_OLD
    assert [tab.said[0][1] for tab in tabs] == ["b first"] * 2
