"""What an older version of the page keeps in localStorage, moved once and merged later."""

from __future__ import annotations

import json

import pytest

from tests.ui.chats.test_chats_killed import old_chat
from tests.ui.tabs import Browser, Tab
from ui.chats.conversation import Conversation, Turn
from ui.chats.old_chats import CHAT


@pytest.fixture
def browser() -> Browser:
    return Browser()


def old_page_writes(browser: Browser, chat: Conversation) -> None:
    browser.backing.set(CHAT + chat.id, json.dumps(chat.dump()))
    for tab in browser.tabs:
        tab.keeping.old_page_wrote()
        tab.timers.all()
    browser.settle()


def moved(browser: Browser, chat: Conversation) -> Tab:
    """A tab that shows what it has moved."""
    old_page_writes(browser, chat)
    tab = browser.open().settle()
    tab.keeping.open(chat.id)
    return tab.settle()


def test_what_an_old_page_asks_after_the_move_is_merged(browser: Browser) -> None:
    chat = old_chat("a", "one")
    tab = moved(browser, chat)
    tab.sends("two")
    tab.finishes("answer two")
    browser.settle()
    chat.turns += [Turn("x", "user", "three"), Turn("y", "assistant", "answer three")]
    old_page_writes(browser, chat)
    assert [text for _, text in tab.said[::2]] == ["one", "two", "three"]
    assert browser.backing.get(CHAT + "a") is None


def test_an_answer_that_an_old_page_still_makes_is_finished_by_it(browser: Browser) -> None:
    chat = old_chat("a", "one")
    chat.turns[1].state, chat.turns[1].text = "streaming", "ans"
    tab = moved(browser, chat)
    assert tab.said[1] == ("cancelled", "ans"), "an old page can't say that it is alive"
    chat.turns[1].text = "answ"
    old_page_writes(browser, chat)
    chat.turns[1].state, chat.turns[1].text = "success", "answer one"
    old_page_writes(browser, chat)
    assert tab.said[1] == ("success", "answer one")
    assert tab.conversation.turns[1].notes == []


def test_an_old_copy_does_not_undo_a_newer_answer(browser: Browser) -> None:
    chat = old_chat("a", "one")
    tab = moved(browser, chat)
    tab.again(tab.conversation.turns[1])
    tab.finishes("better")
    browser.settle()
    old_page_writes(browser, chat)
    assert tab.said[1] == ("success", "better")


def test_an_old_page_may_ask_again_itself(browser: Browser) -> None:
    chat = old_chat("a", "one")
    tab = moved(browser, chat)
    chat.updated, chat.turns[1].text = "2026-01-02", "better"
    old_page_writes(browser, chat)
    assert tab.said[1] == ("success", "better")


@pytest.mark.parametrize("everything", [False, True])
def test_what_was_deleted_stays_deleted_and_what_is_new_is_kept(browser: Browser, everything: bool) -> None:
    chat = old_chat("a", "one", "two")
    tab = moved(browser, chat)
    if everything:
        tab.deletes_all()
    else:
        tab.deletes("a")
    tab.settle()
    old_page_writes(browser, chat)
    assert browser.questions() == []
    for round_ in range(2):
        number = len(chat.turns)
        chat.turns += [Turn(f"q{number}", "user", f"new {round_}"), Turn(f"a{number}", "assistant", "yes")]
        old_page_writes(browser, chat)
        assert browser.questions() == [f"new {round_}"]
        (row,) = browser.chats()
        tab.deletes(row["id"])
        tab.settle()
        old_page_writes(browser, chat)
        assert browser.questions() == []


def test_deleting_all_deletes_what_nobody_has_moved_yet(browser: Browser) -> None:
    tab = browser.open().settle()
    chat = old_chat("a", "one")
    browser.backing.set(CHAT + "a", json.dumps(chat.dump()))
    browser.backing.set(CHAT + "b", "{damaged")
    tab.deletes_all()
    tab.settle()
    old_page_writes(browser, chat)
    assert browser.questions() == []
    assert browser.backing.get(CHAT + "b") is None


def test_a_copy_that_cannot_be_read_stays_where_it_is(browser: Browser) -> None:
    browser.backing.set(CHAT + "a", "{damaged")
    browser.backing.set(CHAT + "b", json.dumps(old_chat("b", "one").dump()))
    browser.open().settle()
    assert browser.questions() == ["one"]
    assert browser.backing.get(CHAT + "a") == "{damaged"


def test_without_a_database_the_copies_stay_and_can_be_read(browser: Browser) -> None:
    browser.backing.set(CHAT + "a", json.dumps(old_chat("a", "one").dump()))
    browser.backing.set("orion.last", "a")
    browser.refuses = "unavailable"
    tab = browser.open().settle()
    for _ in range(5):
        tab.timers.all()
    assert [text for _, text in tab.said] == ["one", "answer one"]
    assert browser.backing.get(CHAT + "a") is not None


def test_without_room_the_copies_stay(browser: Browser) -> None:
    browser.refuses = "quota"
    browser.backing.set(CHAT + "a", json.dumps(old_chat("a", "one").dump()))
    tab = browser.open().settle()
    assert browser.backing.get(CHAT + "a") is not None
    browser.refuses = None
    tab.keeping.open_list()
    browser.settle()
    tab.timers.all()
    browser.settle()
    assert browser.questions() == ["one"]
    assert browser.backing.get(CHAT + "a") is None
