"""Asking, reading, stopping, and finding it all again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.support.waiting import until


def test_an_answer_streams_and_says_what_it_took(page: Visit) -> None:
    page.ask("Why is the sky blue?")
    page.state("streaming")
    page.state("success")
    answer = page.answer
    expect(answer.locator("strong")).to_have_text("blue")
    expect(answer).to_have_attribute("data-agent", "conversation")
    expect(answer).to_have_attribute("data-model", "scripted-model")
    facts = {
        name: answer.locator(f"[data-field={name}]") for name in ("agent", "model", "backend", "rate", "first-token")
    }
    expect(facts["agent"]).to_have_text("Conversation")
    expect(facts["model"]).to_have_text("SmolLM2 135M Instruct")
    expect(facts["backend"]).to_have_text("WebAssembly, 2 threads")
    expect(facts["rate"]).to_have_text("47 tokens/s")
    expect(facts["first-token"]).to_contain_text("first word in")


def test_code_tables_and_lists_become_what_they_are(page: Visit) -> None:
    page.page.get_by_role("button", name="Write a Python function").click()
    page.state("success")
    answer = page.answer
    expect(answer.locator("ol > li")).to_have_count(3)
    expect(answer.locator("table tbody tr")).to_have_count(3)
    expect(answer.locator("td").nth(1)).to_have_css("text-align", "right")
    expect(answer.locator(".hljs-keyword").first).to_have_text("def")
    expect(answer.locator("li.task")).to_have_count(2)


def test_a_second_question_brings_the_first_along(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    page.ask_and_wait("And at sunset?")
    seen = page.seen_by_engine()
    assert [turn["role"] for turn in seen[1]["history"]] == ["user", "assistant"]
    assert seen[1]["history"][0]["content"] == "Why is the sky blue?"
    assert seen[0]["history"] == []


def test_stop_works_at_once_while_the_answer_streams(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, pauseAt=0.5)
    page = visit().open()
    page.ask("Why is the sky blue?")
    expect(page.answer.locator(".answer")).to_contain_text("Light")
    page.page.get_by_role("button", name="Stop").click()
    page.state("cancelled")
    kept = page.answer.locator(".answer").inner_text()
    assert "Light from the Sun" in kept
    expect(page.page.get_by_role("button", name="Send")).to_be_visible()
    page.page.wait_for_timeout(300)
    assert page.answer.locator(".answer").inner_text() == kept


def test_escape_stops_too(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, pauseAt=0.2)
    page = visit().open()
    page.ask("Why is the sky blue?")
    page.state("streaming")
    page.page.keyboard.press("Escape")
    page.state("cancelled")


def test_enter_sends_and_shift_enter_starts_a_line(page: Visit) -> None:
    page.box.press_sequentially("one")
    page.box.press("Shift+Enter")
    page.box.press_sequentially("two")
    assert page.box.input_value() == "one\ntwo"
    page.box.press("Enter")
    expect(page.page.locator("article[data-role=user] .said")).to_have_text("one\ntwo")
    assert page.box.input_value() == ""


def test_an_empty_message_is_not_sent(page: Visit) -> None:
    page.box.fill("  \n ")
    page.box.press("Enter")
    expect(page.page.locator("article")).to_have_count(0)


def test_an_error_has_words_a_hint_and_a_retry(page: Visit) -> None:
    page.ask_and_wait("please explode", "error")
    expect(page.answer).to_contain_text("The model’s worker stopped")
    expect(page.answer).to_contain_text("Ask again")
    page.answer.get_by_role("button", name="Retry").click()
    page.state(["routing", "streaming", "error"][-1])
    expect(page.page.locator("article")).to_have_count(2)


def test_a_message_that_is_too_long_stays_in_the_box(page: Visit) -> None:
    long = "word " * 4000
    page.box.fill(long)
    page.box.press("Enter")
    expect(page.page.locator("#composer-note")).to_contain_text(
        "This message has 19,999 characters; Orion reads at most 12,000"
    )
    expect(page.box).to_have_value(long)
    expect(page.page.locator("article")).to_have_count(0)
    page.box.fill("word")
    expect(page.page.locator("#composer-note")).to_be_hidden()


def test_a_message_that_the_engine_refuses_comes_back_into_the_box(page: Visit) -> None:
    long = "word" * 3000 + "   "  # the scripted engine counts blanks at the end, and the page doesn't
    page.ask_and_wait(long, "error")
    expect(page.answer).to_contain_text("too long")
    expect(page.box).to_have_value(long)


def test_what_was_typed_survives_a_reload(page: Visit) -> None:
    page.box.press_sequentially("half a thought")
    page.page.reload()
    expect(page.box).to_have_value("half a thought")


def test_the_conversation_is_there_again_after_a_reload(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    page.page.reload()
    page.wait()
    expect(page.page.locator("article")).to_have_count(2)
    expect(page.answer.locator("strong")).to_have_text("blue")
    page.ask_and_wait("And at sunset?")
    assert len(page.seen_by_engine()[0]["history"]) == 2


def test_a_new_conversation_starts_empty_and_the_old_one_can_be_opened(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    page.page.get_by_role("button", name="New conversation").click()
    expect(page.page.locator("article")).to_have_count(0)
    expect(page.page.locator("#welcome")).to_be_visible()
    page.ask_and_wait("Another thing")
    assert page.seen_by_engine()[1]["history"] == []
    page.page.get_by_role("button", name="Conversations").click()
    page.page.get_by_role("button", name="Why is the sky blue?").first.click()
    expect(page.page.locator("article[data-role=user] .said")).to_have_text("Why is the sky blue?")


def test_a_conversation_can_be_deleted(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    page.page.get_by_role("button", name="Conversations").click()
    page.page.get_by_role("button", name="Delete “Why is the sky blue?”").click()
    expect(page.page.get_by_text("No earlier conversation yet.")).to_be_visible()
    page.page.reload()
    page.wait()
    expect(page.page.locator("article")).to_have_count(0)


WHAT_IT_SAYS = """button => {
  const said = [];
  new MutationObserver(() => said.push(button.dataset.said ?? "")).observe(button, { attributes: true });
  return said;
}"""


def test_an_answer_can_be_asked_again_and_copied(visit: Callable[..., Visit]) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"]).open()
    page.ask_and_wait("Write something that reverses a word")
    page.answer.get_by_role("button", name="Ask again").click()
    page.state("streaming")
    page.state("success")
    expect(page.page.locator("article")).to_have_count(2)
    page.answer.locator(".turn-actions").get_by_role("button", name="Copy").click()
    expect(page.page.locator("#announcer")).to_have_text("Copied")
    assert page.page.evaluate("navigator.clipboard.readText()").startswith("## Three ways")
    copy = page.answer.locator(".code-head").get_by_role("button", name="Copy")
    said = copy.evaluate_handle(WHAT_IT_SAYS)  # for a second and a half
    copy.click()
    until(page.page, "the button says so", lambda: "Copied" in said.json_value())
    assert page.page.evaluate("navigator.clipboard.readText()").startswith("def reverse")


def test_an_earlier_question_can_be_edited(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    page.page.locator("article[data-role=user]").hover()
    page.page.locator("article[data-role=user]").get_by_role("button", name="Edit").click()
    expect(page.box).to_have_value("Why is the sky blue?")
    expect(page.box).to_be_focused()


def test_editing_an_earlier_question_gives_the_draft_back_after_it(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    page.box.press_sequentially("my draft")
    question = page.page.locator("article[data-role=user]").first
    question.hover()
    question.get_by_role("button", name="Edit").click()
    expect(page.box).to_have_value("Why is the sky blue?")
    expect(page.page.locator("#draft-waits")).to_contain_text("Your draft is kept")
    page.page.get_by_role("button", name="Back to the draft").click()
    expect(page.box).to_have_value("my draft")
    question.hover()
    question.get_by_role("button", name="Edit").click()
    page.box.press("Enter")
    expect(page.answers).to_have_count(2)
    expect(page.box).to_have_value("my draft")
    expect(page.page.locator("#draft-waits")).to_be_hidden()
    page.page.reload()
    expect(page.box).to_have_value("my draft")


def test_notes_of_the_engine_are_shown_in_plain_words(page: Visit) -> None:
    page.ask_and_wait("older things")
    expect(page.answer.locator(".note")).to_have_text("Older messages were left out, to fit the model’s memory.")
