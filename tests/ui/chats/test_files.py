"""Attached files are kept with what names them, and no longer: turns of any conversation, drafts of any tab."""

from __future__ import annotations

import pytest

from tests.ui.tabs import Browser, Tab


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def tab(browser: Browser) -> Tab:
    return browser.open().settle()


def asks(tab: Tab, text: str, *files: str) -> str:
    """Sends a question with files; returns its conversation."""
    tab.attaches(*files)
    tab.sends(text)
    tab.finishes("I see.")
    tab.browser.settle()
    return tab.conversation.id


def test_a_questions_files_come_back_with_its_conversation(browser: Browser, tab: Tab) -> None:
    asks(tab, "What?", "a", "b")
    again = tab.reload().settle()
    assert [file["id"] for file in again.conversation.turns[0].attached] == ["a", "b"]
    assert browser.files() == ["a", "b"]


def test_with_its_conversation_a_file_is_deleted(browser: Browser, tab: Tab) -> None:
    chat = asks(tab, "What?", "a")
    tab.deletes(chat)
    browser.settle()
    assert browser.files() == []
    assert tab.forgotten == ["a"]


def test_a_file_that_another_conversation_names_stays(browser: Browser, tab: Tab) -> None:
    one = asks(tab, "What?", "a", "b")
    tab.new_chat()
    other = asks(tab, "Again?", "a")
    tab.deletes(one)
    browser.settle()
    assert browser.files() == ["a"]
    tab.deletes(other)
    browser.settle()
    assert browser.files() == []


def test_a_file_that_another_tabs_draft_names_stays(browser: Browser, tab: Tab) -> None:
    chat = asks(tab, "What?", "a")
    other = browser.open().settle()
    other.attaches("a")
    tab.deletes(chat)
    browser.settle()
    assert browser.files() == ["a"]
    other.sends("Mine?")
    browser.settle()
    assert browser.files() == ["a"]


def test_a_conversation_deleted_in_another_tab_while_its_file_is_sent_again(browser: Browser, tab: Tab) -> None:
    """The question that is on its way keeps its file, whichever transaction comes first."""
    chat = asks(tab, "What?", "a")
    other = browser.open().settle()
    other.new_chat()
    other.attaches("a")
    other.sends("Mine?")
    tab.deletes(chat)
    tab.settle()
    browser.settle()
    assert browser.files() == ["a"]
    assert browser.questions() == ["Mine?"]


def test_all_conversations_go_with_all_files_but_those_of_drafts(browser: Browser, tab: Tab) -> None:
    asks(tab, "What?", "a")
    tab.new_chat()
    asks(tab, "And?", "b")
    tab.attaches("c")
    tab.deletes_all()
    browser.settle()
    assert browser.files() == ["c"]
    assert sorted(tab.forgotten) == ["a", "b"]


def test_a_drafts_files_survive_a_reload(browser: Browser, tab: Tab) -> None:
    tab.types("What is ")
    tab.attaches("a")
    again = tab.reload().settle()
    assert (again.composer.text, [file["id"] for file in again.composer.files]) == ("What is ", ["a"])
    assert browser.files() == ["a"]


def test_a_file_whose_tab_and_draft_are_gone_is_swept_at_the_next_start(browser: Browser, tab: Tab) -> None:
    browser.disk._write("put", "attachments", "lost", {})
    browser.open().settle()
    assert browser.files() == []


def test_a_message_that_never_arrived_is_in_the_box_again_with_its_files(browser: Browser, tab: Tab) -> None:
    tab.attaches("a")
    tab.sends("What?")
    tab.kill()
    again = browser.open(tab.session).settle()
    assert (again.composer.text, [file["id"] for file in again.composer.files]) == ("What?", ["a"])


def test_an_earlier_question_takes_its_files_into_the_box_and_the_draft_gets_its_own_back(tab: Tab) -> None:
    asks(tab, "What?", "a")
    tab.types("a draft")
    tab.attaches("b")
    question = tab.conversation.turns[0]
    tab.keeping.edit(question.text, question.attached)
    assert (tab.composer.text, [file["id"] for file in tab.composer.files]) == ("What?", ["a"])
    tab.keeping.back_to_draft()
    assert (tab.composer.text, [file["id"] for file in tab.composer.files]) == ("a draft", ["b"])


def test_a_question_before_the_conversation_is_read_keeps_its_files(browser: Browser) -> None:
    tab = browser.open()
    tab.composer.files = [{"id": "a", "kind": "image", "name": "a"}]
    tab.sends("What?")
    browser.settle()
    assert [row.get("files") for row in browser.turns() if row["role"] == "user"] == [["a"]]


def test_rows_of_before_there_were_files_are_read(browser: Browser, tab: Tab) -> None:
    asks(tab, "What?")
    assert "files" not in browser.turns()[0]
    assert tab.reload().settle().conversation.turns[0].attached == []
