"""What stands in the message box: of each tab its own, and none lost."""

from __future__ import annotations

import json

import pytest

from tests.ui.tabs import Browser, Tab
from ui.base.store import MemoryBacking
from ui.chats.drafts import MOST_CHARS
from ui.chats.keeping import MOST_QUERY_CHARS


@pytest.fixture
def browser() -> Browser:
    return Browser()


@pytest.fixture
def tab(browser: Browser) -> Tab:
    return browser.open().settle()


def typed(tab: Tab, text: str) -> Tab:
    tab.types(text)
    tab.timers.all()
    return tab


def test_a_draft_survives_a_reload(tab: Tab) -> None:
    typed(tab, "half a thought")
    assert tab.reload().settle().composer.text == "half a thought"


def test_the_last_key_before_a_reload_counts(tab: Tab) -> None:
    tab.types("half a thou")
    assert tab.reload().settle().composer.text == "half a thou"


def test_a_draft_is_written_once_for_many_keys(browser: Browser, tab: Tab) -> None:
    writes: list[str] = []
    keep = browser.backing.set
    browser.backing.set = lambda key, text: writes.append(key) or keep(key, text)  # type: ignore[method-assign]
    for length in range(1, 50):
        tab.types("x" * length)
    assert writes == []
    tab.timers.all()
    assert len(writes) == 1


def test_two_tabs_keep_two_drafts(browser: Browser, tab: Tab) -> None:
    other = browser.open().settle()
    typed(tab, "mine")
    typed(other, "yours")
    assert tab.reload().settle().composer.text == "mine"
    assert other.reload().settle().composer.text == "yours"


def test_what_closed_tabs_left_is_taken_up_one_by_one(browser: Browser, tab: Tab) -> None:
    other = browser.open().settle()
    typed(tab, "first")
    typed(other, "second")
    tab.kill()
    other.kill()
    assert [browser.open().settle().composer.text for _ in range(3)] == ["second", "first", ""]


def test_a_draft_of_a_living_tab_is_left_alone(browser: Browser, tab: Tab) -> None:
    typed(tab, "mine")
    assert browser.open().settle().composer.text == ""


def test_a_duplicated_tab_has_a_copy_of_its_own(browser: Browser, tab: Tab) -> None:
    typed(tab, "mine")
    session = MemoryBacking()
    names = tab.session.keys()
    for key in names:
        session.set(key, str(tab.session.get(key)))
    copy = browser.open(session).settle()
    assert copy.composer.text == "mine"
    typed(copy, "changed")
    assert tab.reload().settle().composer.text == "mine"
    assert copy.reload().settle().composer.text == "changed"


def test_the_one_draft_of_an_older_version_is_taken_over(browser: Browser) -> None:
    browser.backing.set("orion.draft", "from before")
    tab = browser.open().settle()
    assert tab.composer.text == "from before"
    assert browser.backing.get("orion.draft") is None
    assert tab.reload().settle().composer.text == "from before"


def test_what_is_typed_before_the_program_runs_does_not_cost_the_draft(browser: Browser, tab: Tab) -> None:
    typed(tab, "the draft")
    tab.keeping.leaving()
    tab.kill()
    again = Tab(browser, tab.session)
    browser.tabs.append(again)
    again.composer.text = "typed early"
    again.keeping.start()
    again.settle()
    assert again.composer.text == "typed early"
    assert not again.by_id("draft-waits").hidden
    again.keeping.back_to_draft()
    assert again.composer.text == "the draft"


def test_editing_an_old_question_gives_the_draft_back_when_it_is_sent(tab: Tab) -> None:
    typed(tab, "my draft")
    tab.keeping.edit("an old question")
    assert tab.composer.text == "an old question"
    assert not tab.by_id("draft-waits").hidden
    tab.sends()
    assert [turn.text for turn in tab.conversation.turns[:1]] == ["an old question"]
    assert tab.composer.text == "my draft"
    assert tab.by_id("draft-waits").hidden


def test_an_edit_can_be_given_up(tab: Tab) -> None:
    typed(tab, "my draft")
    tab.keeping.edit("an old question")
    tab.keeping.back_to_draft()
    assert tab.composer.text == "my draft"
    assert tab.by_id("draft-waits").hidden


def test_an_edit_that_was_begun_is_not_lost_either(tab: Tab) -> None:
    typed(tab, "my draft")
    tab.keeping.edit("an old question")
    typed(tab, "an old question, better")
    tab.keeping.back_to_draft()
    assert tab.composer.text == "my draft"
    tab.keeping.back_to_draft()
    assert tab.composer.text == "an old question, better"


def test_editing_another_question_keeps_the_same_draft(tab: Tab) -> None:
    typed(tab, "my draft")
    tab.keeping.edit("one")
    tab.keeping.edit("two")
    tab.keeping.back_to_draft()
    assert tab.composer.text == "my draft"


def test_editing_another_question_keeps_what_was_changed_of_the_first(tab: Tab) -> None:
    typed(tab, "my draft")
    tab.keeping.edit("one")
    typed(tab, "one, better")
    tab.keeping.edit("two")
    assert "my draft" in tab.keeping.drafts.aside
    assert "one, better" in tab.keeping.drafts.aside


def test_a_draft_that_waits_survives_a_reload(tab: Tab) -> None:
    typed(tab, "my draft")
    tab.keeping.edit("an old question")
    again = tab.reload().settle()
    assert again.composer.text == "an old question"
    assert not again.by_id("draft-waits").hidden
    again.sends()
    assert again.composer.text == "my draft"


def test_a_message_that_is_too_long_is_refused_and_stays_in_the_box(browser: Browser, tab: Tab) -> None:
    tab.sends("one")
    tab.finishes("yes")
    tab.settle()
    tab.sends("x" * 6_000_000)
    tab.settle()
    assert len(tab.composer.text) == 6_000_000
    assert not tab.by_id("composer-note").hidden
    assert "6,000,000" in tab.by_id("composer-note").textContent
    assert browser.questions() == ["one"]
    tab.sends("x" * MOST_QUERY_CHARS)
    assert tab.by_id("composer-note").hidden
    assert len(tab.conversation.turns) == 4


def test_the_limit_is_what_the_engine_says(tab: Tab) -> None:
    tab.state.device = {"config": {"max_query_chars": 10}}
    tab.sends("eleven char")
    assert tab.conversation.turns == []
    assert "at most 10 " in tab.by_id("composer-note").textContent


def test_a_very_long_draft_is_not_written_and_the_page_says_so(browser: Browser, tab: Tab) -> None:
    typed(tab, "x" * (MOST_CHARS + 1))
    assert "100,000" in tab.by_id("composer-note").textContent
    assert browser.drafts() == []
    typed(tab, "short")
    assert tab.by_id("composer-note").hidden
    assert browser.drafts() == ["short"]


def test_a_browser_that_keeps_no_drafts_is_told_of_once(browser: Browser, tab: Tab) -> None:
    browser.backing.set = lambda key, text: False  # type: ignore[method-assign]
    typed(tab, "one")
    typed(tab, "two")
    assert tab.notices == ["no_draft"]


@pytest.mark.parametrize("text", ["{", "3", json.dumps({"text": 3}), json.dumps({"text": "", "aside": ""})])
def test_a_damaged_row_is_no_draft(browser: Browser, text: str) -> None:
    browser.backing.set("orion.draft.x", text)
    assert browser.open().settle().composer.text == ""


def test_a_starter_leaves_the_draft_in_the_box(tab: Tab) -> None:
    typed(tab, "my draft")
    tab.ask("a starter")
    assert tab.composer.text == "my draft"
    assert tab.settle().reload().settle().composer.text == "my draft"


def test_what_a_killed_tab_had_sent_is_found_by_a_new_tab_however_late_it_takes_its_draft_up(browser: Browser) -> None:
    tab = browser.open().settle()
    tab.sends("not kept yet")
    for number in range(5):  # rows of living tabs, which are looked at first
        typed(browser.open().settle(), f"draft {number}")
    tab.kill()
    assert browser.open().settle().composer.text == "not kept yet"
