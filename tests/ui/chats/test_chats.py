"""Conversations that several tabs show and change: nothing lost, nothing resurrected."""

from __future__ import annotations

import pytest

from tests.ui.tabs import Browser, Tab


@pytest.fixture
def browser() -> Browser:
    return Browser()


def with_one_answer(browser: Browser, tabs: int = 2) -> list[Tab]:
    """Tabs that all show a conversation with one question and its answer."""
    first = browser.open().settle()
    first.sends("one")
    first.finishes("answer one")
    browser.settle()
    found = [first] + [browser.open() for _ in range(tabs - 1)]
    browser.settle()
    return found


def test_what_was_asked_is_found_again(browser: Browser) -> None:
    (tab,) = with_one_answer(browser, 1)
    again = tab.reload().settle()
    assert again.said == [("success", "one"), ("success", "answer one")]
    assert browser.chats()[0]["title"] == "one"
    assert browser.chats()[0]["count"] == 2


def test_questions_of_two_tabs_are_both_kept_in_order(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    a.sends("two")
    b.sends("three")
    a.finishes("answer two")
    b.finishes("answer three")
    browser.settle()
    texts = ["one", "answer one", "two", "answer two", "three", "answer three"]
    assert [text for _, text in a.reload().settle().said] == texts
    assert [text for _, text in b.said] == texts


def test_a_tab_shows_what_another_asked_and_how_the_answer_grows(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    b.types("half a thought")
    a.sends("two")
    a.streams("The ")
    browser.settle()
    assert b.said[2:] == [("success", "two"), ("streaming", "The ")]
    assert b.conversation.current is None, "another tab's answer doesn't keep this one from asking"
    a.finishes("The end.")
    browser.settle()
    assert b.said[3] == ("success", "The end.")
    assert b.composer.text == "half a thought"


def test_a_tab_that_opens_does_not_interrupt_an_answer_that_streams(browser: Browser) -> None:
    (a,) = with_one_answer(browser, 1)
    a.sends("two")
    a.streams("The ")
    browser.settle()
    b = browser.open()
    browser.settle()
    assert b.said[3] == ("streaming", "The ")
    a.finishes("The end.")
    browser.settle()
    assert a.said[3] == b.said[3] == ("success", "The end.")


@pytest.mark.parametrize("change", ["begins", "streams", "is deleted"])
@pytest.mark.parametrize("steps", range(16))
def test_what_changes_while_a_tab_opens_is_not_missed(browser: Browser, steps: int, change: str) -> None:
    (a,) = with_one_answer(browser, 1)
    if change == "streams":
        a.sends("two")
        browser.settle()
    b = browser.open()
    for _ in range(steps):
        b.step()
    if change == "begins":
        a.sends("two")
    elif change == "streams":
        a.streams("The ")
    else:
        a.keeping.delete_all()
    a.settle()
    while b.listen():  # before any callback of a transaction that is done
        pass
    browser.settle()
    if change == "is deleted":
        assert b.said == []
    else:
        assert b.said == a.said
        assert len(b.said) == 4


def test_the_answer_of_a_killed_tab_is_interrupted_in_the_others(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    a.sends("two")
    a.streams("The ")
    browser.settle()
    a.kill()
    browser.settle()
    assert b.said[3] == ("cancelled", "The ")
    assert b.conversation.turns[3].notes == [{"kind": "interrupted"}]


def test_a_reload_keeps_the_last_words_of_the_answer_it_cuts_off(browser: Browser) -> None:
    (a,) = with_one_answer(browser, 1)
    a.sends("two")
    a.streams("The ")
    browser.settle()
    answer = a.conversation.current
    assert answer is not None
    answer.append("end is ne")  # not written yet
    again = a.reload().settle()
    assert again.said[3] == ("cancelled", "The end is ne")
    assert browser.kept("orion.rest.") == {}


def test_an_owner_that_was_taken_for_dead_still_has_the_last_word(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    a.sends("two")
    a.streams("The ")
    browser.settle()
    browser.free(a)  # a browser without Web Locks, and a tab that was frozen
    browser.settle()
    assert b.said[3][0] == "cancelled"
    a.finishes("The end.")
    browser.settle()
    assert a.said[3] == b.said[3] == ("success", "The end.")


def test_after_the_pages_own_reload_the_question_is_asked_again(browser: Browser) -> None:
    (a,) = with_one_answer(browser, 1)
    a.sends("two")
    again = a.settle().reloads_itself()
    assert again.by_id("log").attributes.get("aria-busy") == "true", "nothing is read yet"
    again.settle()
    assert "aria-busy" not in again.by_id("log").attributes
    assert again.said[2:] == [("success", "two"), ("queued", "")]
    assert again.conversation.current is again.conversation.turns[3]
    assert again.begun == [again.conversation.turns[3]], "an engine that is ready by then waits for no other word"


def test_the_pages_own_reload_before_the_question_is_kept_asks_it_all_the_same(browser: Browser) -> None:
    (a,) = with_one_answer(browser, 1)
    a.sends("two")
    again = a.reloads_itself().settle()
    assert again.said[2:] == [("success", "two"), ("queued", "")]
    assert browser.drafts() == []


def test_the_pages_own_reload_leaves_another_tabs_answer_alone(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    b.sends("three")
    b.streams("so ")
    browser.settle()
    again = a.reloads_itself()
    browser.settle()
    assert again.conversation.current is None
    b.finishes("so far")
    browser.settle()
    assert again.said[3] == ("success", "so far")


def test_deleting_all_is_not_undone_by_another_tab(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    a.deletes_all()
    browser.settle()
    assert b.conversation.turns == []
    assert "chat_deleted_elsewhere" in b.notices
    b.keeping.leaving()
    b.reload().settle()
    assert browser.chats() == []
    assert browser.turns() == []


def test_an_answer_is_not_written_into_a_conversation_that_was_deleted(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    b.sends("two")
    browser.settle()
    a.deletes(a.conversation.id)
    a.settle()  # b hasn't heard of it
    b.finishes("answer two")
    browser.settle()
    assert browser.turns() == []
    assert b.conversation.turns == []


def test_a_question_for_a_conversation_that_was_just_deleted_is_not_lost(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    deleted = a.conversation.id
    a.deletes(deleted)
    a.settle()
    b.sends("two")
    b.finishes("answer two")
    browser.settle()
    assert [text for _, text in b.said] == ["two", "answer two"]
    assert browser.questions() == ["two"]
    assert browser.chats()[0]["id"] != deleted
    assert b.reload().settle().said == [("success", "two"), ("success", "answer two")]


def test_what_waits_to_be_tried_again_does_not_bring_a_deleted_conversation_back(browser: Browser) -> None:
    tab = browser.open().settle()
    browser.refuses = "quota"
    tab.sends("one")
    tab.settle()
    browser.refuses = None
    tab.deletes(tab.conversation.id)
    tab.settle()
    tab.timers.all()
    tab.settle()
    assert browser.turns() == []


def test_the_later_of_two_attempts_at_one_answer_stays(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    a.again(a.conversation.turns[1])
    browser.settle()
    b.again(b.conversation.turns[1])
    browser.settle()
    assert a.given_up == [a.conversation.turns[1]]
    b.finishes("second thoughts")
    browser.settle()
    assert a.said[1] == b.said[1] == ("success", "second thoughts")


def test_without_room_nothing_is_deleted_and_it_is_kept_once_there_is_some(browser: Browser) -> None:
    (tab,) = with_one_answer(browser, 1)
    tab.new_chat()
    browser.refuses = "quota"
    tab.sends("two")
    tab.settle()
    assert tab.notices == ["no_chat_room"]
    assert browser.questions() == ["one"]
    assert tab.said[0] == ("success", "two")
    browser.refuses = None
    tab.timers.all()
    tab.settle()
    assert sorted(browser.questions()) == ["one", "two"]


def test_a_window_without_a_database_says_so_once_and_goes_on(browser: Browser) -> None:
    browser.refuses = "unavailable"
    tab = browser.open().settle()
    assert tab.notices == ["no_history"]
    tab.sends("one")
    tab.finishes("answer one")
    tab.new_chat()
    tab.timers.all()
    tab.keeping.open_list()
    tab.timers.all()
    assert [row["title"] for row in tab.list.rows] == ["one"]
    tab.keeping.open(tab.list.rows[0]["id"])
    tab.timers.all()
    assert tab.said == [("success", "one"), ("success", "answer one")]
    assert tab.notices == ["no_history"]


def test_a_thousand_conversations_are_all_kept_and_listed_a_page_at_a_time(browser: Browser) -> None:
    tab = browser.open().settle()
    for number in range(1000):
        tab.new_chat()
        tab.sends(f"question {number}")
        tab.finishes("yes")
        tab.settle()
    tab.keeping.open_list()
    tab.settle()
    assert [row["title"] for row in tab.list.rows] == [f"question {number}" for number in range(999, 949, -1)]
    pages = 1
    while tab.list.more:
        tab.keeping.more()
        tab.settle()
        pages += 1
    assert pages == 20
    assert len({row["id"] for row in tab.list.rows}) == 1000


def test_the_open_list_follows_what_other_tabs_do(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    b.keeping.open_list()
    b.settle()
    a.new_chat()
    a.sends("another one")
    browser.settle()
    b.timers.all()
    browser.settle()
    assert [row["title"] for row in b.list.rows] == ["another one", "one"]


def test_a_turn_that_cannot_be_read_does_not_hide_the_others(browser: Browser) -> None:
    (tab,) = with_one_answer(browser, 1)
    chat = tab.conversation.id
    browser.disk._write("put", "turns", [chat, "x"], {"chat": chat, "id": "x", "seq": 2, "role": "oracle"})
    assert len(tab.reload().settle().said) == 2


def test_a_question_before_the_conversation_is_there_waits_for_it(browser: Browser) -> None:
    (tab,) = with_one_answer(browser, 1)
    early = tab.reload()
    early.ask("two")
    early.settle()
    assert [text for _, text in early.said] == ["one", "answer one", "two", ""]


def test_each_tab_finds_its_own_conversation_again(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    b.new_chat()
    b.sends("mine")
    browser.settle()
    assert a.reload().settle().said[0] == ("success", "one")
    assert b.reload().settle().said[0] == ("success", "mine")


def test_a_conversation_that_waits_for_room_is_opened_as_it_is_here(browser: Browser) -> None:
    (tab,) = with_one_answer(browser, 1)
    chat = tab.conversation
    tab.sends("two")
    tab.settle()
    browser.refuses = "quota"
    tab.finishes("answer two")
    tab.new_chat()
    tab.settle()
    tab.keeping.open(chat.id)
    tab.settle()
    assert tab.said[3] == ("success", "answer two")
    browser.refuses = None
    tab.timers.all()
    browser.settle()
    assert tab.reload().settle().said[3] == ("success", "answer two")


def test_an_answer_of_this_page_that_nobody_makes_is_interrupted(browser: Browser) -> None:
    (tab,) = with_one_answer(browser, 1)
    row = browser.turns()[1]
    row["state"], row["owner"] = "queued", tab.keeping.chats.page_id
    browser.disk._write("put", "turns", [row["chat"], row["id"]], row)
    chat = tab.conversation.id
    tab.new_chat()
    tab.keeping.open(chat)
    tab.settle()
    assert tab.said[1][0] == "cancelled"


def test_what_an_earlier_attempt_still_writes_is_no_longer_the_answer(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    a.again(a.conversation.turns[1])
    browser.settle()
    b.again(b.conversation.turns[1])
    b.settle()  # a hasn't heard of it
    a.finishes("first thoughts")
    a.settle()
    assert browser.turns()[1]["run"] == b.conversation.turns[1].run
    browser.settle()
    b.finishes("second thoughts")
    browser.settle()
    assert a.said[1] == b.said[1] == ("success", "second thoughts")


def test_a_tab_that_closes_right_after_its_answer_leaves_it_finished(browser: Browser) -> None:
    a, b = with_one_answer(browser)
    a.sends("two")
    a.streams("The ")
    browser.settle()
    a.finishes("The end.")
    while not a.commit():
        a.hear()
    a.kill()
    browser.settle()
    assert b.said[3] == ("success", "The end.")


def test_a_turn_that_was_deleted_is_not_written_into_what_came_back(browser: Browser) -> None:
    """A deleted conversation is there again with what an older page asked since; this tab missed it all."""
    a, b = with_one_answer(browser)
    b.sends("two")
    browser.settle()
    chat = a.conversation.id
    for row in browser.turns(chat):
        browser.disk._write("delete", "turns", [chat, row["id"]])
    b.finishes("answer two")
    browser.settle()
    assert browser.turns(chat) == []
    assert b.conversation.turns == []
