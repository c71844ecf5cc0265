"""Two tabs of one browser: what is kept is kept once, and both see it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.page import assembled
from e2e.page.conftest import PATIENCE_MS, Visit

QUESTION = "Why is the sky blue?"
OTHER = "And at sunset?"
NO_APP = "manifest.webmanifest"
"""A page of the same origin that keeps nothing itself."""


class Tab(Visit):
    """Another tab of a visitor's browser."""

    def __init__(self, beside: Visit) -> None:
        self.context, self.url = beside.context, beside.url
        self.asked, self.faults, self.loads = beside.asked, beside.faults, 0
        self.page: Page = beside.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))


def questions(tab: Visit) -> list[str]:
    return tab.page.locator("article[data-role=user] .said").all_inner_texts()


def shows(tab: Visit, *texts: str) -> None:
    expect(tab.page.locator("article[data-role=user] .said")).to_have_text(list(texts))


@pytest.fixture
def pair(page: Visit) -> tuple[Visit, Tab]:
    """Two tabs that show the same conversation."""
    page.ask_and_wait(QUESTION)
    other = Tab(page)
    other.open()
    shows(other, QUESTION)
    return page, other


def test_both_tabs_questions_are_kept_in_order(pair: tuple[Visit, Tab]) -> None:
    one, other = pair
    one.ask_and_wait("two")
    shows(other, QUESTION, "two")
    other.ask_and_wait("three")
    shows(one, QUESTION, "two", "three")
    one.page.reload()
    one.wait()
    shows(one, QUESTION, "two", "three")
    expect(one.answers).to_have_count(3)
    assert one.faults == []


def test_questions_asked_at_the_same_time_are_in_the_same_order_in_both(pair: tuple[Visit, Tab]) -> None:
    one, other = pair
    send = """(text) => { const box = document.getElementById("message"); box.value = text;
        document.getElementById("send").click(); }"""
    one.page.evaluate(send, "two")
    other.page.evaluate(send, "three")
    for tab in pair:
        expect(tab.answers).to_have_count(3)
        expect(tab.page.locator("article[data-role=assistant][data-state=success]")).to_have_count(3)
    assert questions(one) == questions(other)
    assert sorted(questions(one)) == sorted([QUESTION, "two", "three"])


def test_a_tab_that_opens_while_another_answers_shows_it_and_leaves_it_alone(
    visit: Callable[..., Visit], folder: Path
) -> None:
    assembled.scenario(folder, stored=True, tokensPerSecond=8)
    one = visit().open()
    one.ask(QUESTION)
    one.state("streaming")
    other = Tab(one)
    other.page.goto(other.url)
    expect(other.answer).to_have_attribute("data-state", "streaming")
    expect(other.page.get_by_role("button", name="Send")).to_be_visible()
    one.state("success")
    other.state("success")
    expect(other.answer.locator("strong")).to_have_text("blue")
    expect(one.answer.locator(".note")).to_have_count(0)


def test_the_answer_of_a_tab_that_closed_is_interrupted_in_the_other(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, pauseAt=0.5)
    one = visit().open()
    one.ask(QUESTION)
    other = Tab(one)
    other.page.goto(other.url)
    expect(other.answer).to_have_attribute("data-state", "streaming")
    one.page.close()
    other.state("cancelled")
    expect(other.answer).to_contain_text("Light")


def test_deleting_all_in_one_tab_is_not_undone_by_the_other(pair: tuple[Visit, Tab]) -> None:
    one, other = pair
    one.page.get_by_role("button", name="Settings").click()
    one.page.get_by_role("button", name="Delete all conversations").click()
    one.page.get_by_role("button", name="Delete them all? Press again.").click()
    expect(other.page.locator("article")).to_have_count(0)
    expect(other.page.locator(".notice")).to_contain_text("deleted in another tab")
    for tab in pair:
        tab.page.reload()
        tab.wait()
        expect(tab.page.locator("article")).to_have_count(0)


def test_another_tabs_news_disturb_neither_draft_nor_selection_nor_place(pair: tuple[Visit, Tab]) -> None:
    one, other = pair
    one.ask_and_wait("Write something that reverses a word")  # long enough to be read from its beginning
    expect(other.answers).to_have_count(2)
    other.state("success")
    other.page.set_viewport_size({"width": 700, "height": 400})
    other.page.locator("#scroller").evaluate("(node) => { node.scrollTop = 0; }")
    other.box.fill("half a thought")
    other.page.evaluate(
        """() => { const range = document.createRange();
        range.selectNodeContents(document.querySelector("article .said"));
        getSelection().removeAllRanges(); getSelection().addRange(range); }"""
    )
    place = other.page.locator("#scroller").evaluate("(node) => node.scrollTop")
    one.ask_and_wait("two")
    expect(other.answers).to_have_count(3)
    other.state("success")
    assert other.box.input_value() == "half a thought"
    assert other.page.evaluate("getSelection().toString().trim()") == QUESTION
    assert other.page.locator("#scroller").evaluate("(node) => node.scrollTop") == place


def test_two_tabs_keep_two_drafts(pair: tuple[Visit, Tab]) -> None:
    one, other = pair
    one.box.press_sequentially("mine")
    other.box.press_sequentially("yours")
    for tab, text in zip(pair, ("mine", "yours"), strict=True):
        tab.page.reload()
        expect(tab.box).to_have_value(text)


def test_a_closed_tabs_draft_is_there_in_the_next(page: Visit) -> None:
    page.box.press_sequentially("half a thought")
    next_one = Tab(page)
    page.page.close(run_before_unload=False)
    next_one.page.goto(next_one.url)
    expect(next_one.box).to_have_value("half a thought")


def test_a_setting_of_one_tab_is_the_others_too(pair: tuple[Visit, Tab]) -> None:
    one, other = pair
    one.page.get_by_role("button", name="Settings").click()
    one.page.locator("#set-theme").select_option("dark")
    expect(other.page.locator("html")).to_have_attribute("data-theme", "dark")
    other.page.get_by_role("button", name="Settings").click()
    other.page.locator("#set-language").select_option("fr")
    expect(one.page.locator("html")).to_have_attribute("lang", "fr")
    for tab in pair:
        tab.page.reload()
        expect(tab.page.locator("html")).to_have_attribute("lang", "fr")
        expect(tab.page.locator("html")).to_have_attribute("data-theme", "dark")


def old_chat(name: str, *texts: str) -> str:
    turns = []
    for number, text in enumerate(texts):
        turns.append({"id": f"{name} q{number}", "role": "user", "text": text, "state": "success"})
        turns.append({"id": f"{name} a{number}", "role": "assistant", "text": "**yes**", "state": "success"})
    return json.dumps({"format": 1, "id": name, "turns": turns, "updated": "2026-01-01T00:00:00Z"})


def test_what_an_older_version_kept_is_moved_and_what_it_still_writes_is_merged(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.page.goto(one.url + NO_APP)
    keep = """([name, text]) => { localStorage.setItem("orion.chat." + name, text);
        localStorage.setItem("orion.last", "a"); localStorage.setItem("orion.draft", "a thought"); }"""
    for name in ("a", "b"):
        one.page.evaluate(keep, [name, old_chat(name, f"{name} first")])
    one.open()
    shows(one, "a first")
    expect(one.box).to_have_value("a thought")
    assert [key for key in one.page.evaluate("Object.keys(localStorage)") if key.startswith("orion.chat.")] == []
    one.ask_and_wait("two")

    old_tab = Tab(one)
    old_tab.page.goto(one.url + NO_APP)
    old_tab.page.evaluate(keep, ["a", old_chat("a", "a first", "three")])
    shows(one, "a first", "two", "three")
    one.page.get_by_role("button", name="Conversations").click()
    expect(one.page.locator("#chat-list .chat")).to_have_count(2)


def test_a_thousand_conversations_are_listed_a_page_at_a_time(visit: Callable[..., Visit]) -> None:
    one = visit().open()
    one.page.goto(one.url + NO_APP)
    one.page.evaluate(
        """async () => {
        const database = await new Promise((resolve, reject) => {
          const request = indexedDB.open("orion-chats");
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
        const transaction = database.transaction(["chats", "turns"], "readwrite");
        for (let number = 0; number < 1000; number += 1) {
          const id = `chat ${number}`, updated = new Date(1e12 + number * 1000).toISOString();
          transaction.objectStore("chats").put({ id, title: `question ${number}`, count: 2, next: 2, updated }, id);
          for (const [seq, role] of ["user", "assistant"].entries())
            transaction.objectStore("turns").put(
              { id: role, chat: id, seq, role, text: `question ${number}`, state: "success" }, [id, role]);
        }
        await new Promise((resolve) => { transaction.oncomplete = resolve; });
        database.close();
        }"""
    )
    one.page.goto(one.url)
    one.wait()
    one.page.get_by_role("button", name="Conversations").click()
    rows = one.page.locator("#chat-list .chat")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("question 999")
    one.page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(100)
    expect(rows.nth(50).locator(".chat-open")).to_be_focused()
    rows.nth(99).locator(".chat-open").click()
    shows(one, "question 900")


def test_a_message_of_six_million_characters_is_refused_and_the_others_stay(page: Visit) -> None:
    page.ask_and_wait(QUESTION)
    # As it is pasted: the page hears of it before the browser lays it out.
    paste = "box => { box.value = 'x'.repeat(6e6); box.dispatchEvent(new InputEvent('input', { bubbles: true })); }"
    page.box.evaluate(paste)
    page.page.get_by_role("button", name="Send").click()
    expect(page.page.locator("#composer-note")).to_contain_text("6,000,000 characters; Orion reads at most 12,000")
    assert page.page.evaluate("document.getElementById('message').value.length") == 6_000_000
    shows(page, QUESTION)
    page.page.reload()
    page.wait()
    shows(page, QUESTION)


def test_without_a_database_the_page_says_so_and_answers(visit: Callable[..., Visit]) -> None:
    page = visit()
    page.page.add_init_script(
        """IDBFactory.prototype.open = () => { throw new DOMException("denied", "SecurityError"); };"""
    )
    page.open(until="degraded")
    expect(page.page.locator(".notice", has_text="the conversation lasts until you close it")).to_have_count(1)
    page.ask_and_wait(QUESTION)
    page.page.get_by_role("button", name="New conversation").click()
    page.page.get_by_role("button", name="Conversations").click()
    page.page.locator("#chat-list .chat-open").first.click()
    shows(page, QUESTION)


def test_a_lost_connection_is_made_again(page: Visit) -> None:
    """As iOS ends it: every transaction of the old connection fails."""
    page.ask_and_wait(QUESTION)
    page.page.evaluate(
        """() => { const begin = IDBDatabase.prototype.transaction;
        let lost = null;
        IDBDatabase.prototype.transaction = function (...rest) {
          lost ??= this;
          if (this === lost) throw new DOMException("Connection to Indexed Database server lost", "UnknownError");
          return begin.apply(this, rest);
        }; }"""
    )
    page.ask_and_wait(OTHER)
    expect(page.page.locator(".notice")).to_have_count(0)
    page.page.reload()
    page.wait()
    shows(page, QUESTION, OTHER)


@pytest.mark.plain_host
def test_tabs_from_plain_http_without_locks_agree_too(visit: Callable[..., Visit]) -> None:
    one = visit()
    one.context.add_init_script("Object.defineProperty(navigator, 'locks', { value: undefined });")
    one.open(until="ready|degraded")
    one.ask_and_wait(QUESTION)
    other = Tab(one)
    other.open(until="ready|degraded")
    shows(other, QUESTION)
    other.box.press_sequentially("yours")
    one.ask_and_wait("two")
    shows(other, QUESTION, "two")
    other.state("success")
    assert other.box.input_value() == "yours"
