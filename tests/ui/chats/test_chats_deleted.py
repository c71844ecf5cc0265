"""What belongs to a deleted conversation dies with it, whatever a page still meant to do with it."""

from __future__ import annotations

import pytest

from tests.ui.tabs import Browser, Tab
from ui.chats.chats import REST
from ui.chats.drafts import all_sent


@pytest.fixture
def browser() -> Browser:
    return Browser()


def asks_and_hears_nothing(browser: Browser) -> Tab:
    """A second question is in the database, and its page doesn't know yet."""
    tab = browser.open().settle()
    tab.sends("first")
    tab.finishes("answer")
    tab.settle()
    tab.sends("second")
    tab.streams("word ")
    while tab.commit():
        pass
    assert browser.questions() == ["first", "second"]
    return tab


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("itself", [False, True])
def test_a_page_that_is_reloaded_does_not_ask_again_what_another_tab_deleted(
    browser: Browser, itself: bool, everything: bool
) -> None:
    tab = asks_and_hears_nothing(browser)
    other = browser.open().settle()
    chat = tab.conversation.id
    again = tab.reloads_itself() if itself else tab.reload()
    if everything:
        other.deletes_all()
    else:
        other.deletes(chat)
    browser.settle()
    assert browser.questions() == []
    assert again.composer.text == ""
    assert again.conversation.turns == []
    assert browser.drafts() == []


def test_a_tab_that_opens_after_the_deletion_does_not_take_the_question_up_as_a_draft(browser: Browser) -> None:
    tab = asks_and_hears_nothing(browser)
    other = browser.open().settle()
    chat = tab.conversation.id
    tab.kill()
    other.deletes(chat)
    other.settle()
    other.kill()
    late = browser.open().settle()
    assert (late.composer.text, browser.questions(), browser.drafts()) == ("", [], [])


def test_a_first_question_is_not_asked_again_either(browser: Browser) -> None:
    tab = browser.open().settle()
    other = browser.open().settle()
    tab.sends("only")
    while tab.commit():
        pass
    chat = tab.conversation.id
    tab.reloads_itself()
    other.deletes(chat)
    browser.settle()
    assert (browser.questions(), browser.drafts()) == ([], [])


def test_what_had_not_arrived_when_the_conversation_was_deleted_is_still_asked(browser: Browser) -> None:
    tab = browser.open().settle()
    tab.sends("first")
    tab.finishes("answer")
    browser.settle()
    other = browser.open().settle()
    tab.sends("second")
    chat = tab.conversation.id
    tab.reloads_itself()
    other.deletes(chat)
    browser.settle()
    assert browser.questions() == ["second"], "nobody deleted this one"


@pytest.mark.parametrize("everything", [False, True])
def test_the_last_words_of_an_answer_are_deleted_with_it(browser: Browser, everything: bool) -> None:
    tab = asks_and_hears_nothing(browser)
    other = browser.open().settle()
    chat = tab.conversation.id
    tab.keeping.leaving()
    tab.kill()
    assert browser.kept(REST)
    if everything:
        other.deletes_all()
    else:
        other.deletes(chat)
    browser.settle()
    assert browser.kept(REST) == {}


def test_the_last_words_of_an_answer_whose_conversation_was_deleted_meanwhile_are_not_kept(browser: Browser) -> None:
    tab = asks_and_hears_nothing(browser)
    other = browser.open().settle()
    other.deletes(tab.conversation.id)
    other.settle()
    tab.keeping.leaving()
    assert browser.kept(REST)
    browser.settle()
    assert browser.kept(REST) == {}


def test_a_deletion_leaves_no_trace_of_what_no_page_waits_for(browser: Browser) -> None:
    tab = browser.open().settle()
    tab.sends("first")
    tab.finishes("answer")
    browser.settle()
    assert all_sent(browser.backing) == []
    tab.deletes(tab.conversation.id)
    browser.settle()
    assert browser.disk._stores["gone"] == {}
