"""The block that grows isn't made anew: what a person selected, scrolled aside or unfolded in it stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.support.waiting import until

LONG_LINE = "print(" + " + ".join(f"a_{n}" for n in range(60)) + ")"
FIRST = "Light from the Sun **holds all** colours."
MORE = "The air scatters blue light far more than red, so. "
CODE = "# Light from the Sun holds all colours.\n" + LONG_LINE + "\n" + "x = 'two words'  # more\n" * 80
BLOCKS = {
    "a paragraph": f"{FIRST} {MORE * 40}",
    "a list": f"- {FIRST}\n" + f"- {MORE}\n" * 60,
    "a table": "| Light from the Sun | **holds all** colours |\n|---|---|\n" + "| air | scatters |\n" * 80,
    "a block of code": f"```python\n{CODE}```",
    "a quotation with a formula": "> Light from the Sun: \\(x^2\\) " + "and the air scatters \\(y_1\\) far. " * 50,
    "what the model thinks": f"<think>\n{FIRST} {MORE * 30}\n</think>\nBlue.",
}
SELECT = """() => {
  const body = document.querySelector("article[data-role=assistant]:last-of-type .answer");
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const place = node.data.indexOf("from the Sun");
    if (place < 0) continue;
    getSelection().setBaseAndExtent(node, place, node, place + 12);
    return node.data.length;
  }
  return 0;
}"""
Start = Callable[..., Visit]


@pytest.fixture
def start(visit: Callable[..., Visit], folder: Path) -> Start:
    def begin(answer: str, **scenario: Any) -> Visit:
        assembled.scenario(folder, stored=True, answer=answer, **{"tokensPerSecond": 120, **scenario})
        page = visit(viewport={"width": 900, "height": 700}).open()
        page.ask("Why is the sky blue?")
        expect(page.answer.locator(".answer")).to_contain_text("scatters" if "scatters" in answer else "two words")
        return page

    return begin


def selected(page: Visit) -> str:
    found: str = page.page.evaluate("getSelection().toString()")
    return found


@pytest.mark.parametrize("what", BLOCKS)
def test_a_selection_stays_while_its_block_grows(start: Start, what: str) -> None:
    page = start(BLOCKS[what])
    thought = page.answer.locator("details.thought summary")
    if thought.count():
        thought.click()
    assert page.page.evaluate(SELECT)
    before = page.answer.locator(".answer").inner_text()
    size = "() => document.querySelector('.answer').innerText.length"
    until(page.page, "the answer grows", lambda: page.page.evaluate(size) > len(before) + 150, seconds=30)
    page.state("streaming")
    assert selected(page) == "from the Sun"
    page.state("success")
    assert selected(page) == "from the Sun"


def test_code_and_tables_stay_scrolled_aside(start: Start) -> None:
    wide = "| " + " | ".join(f"column number {n}" for n in range(20)) + " |\n|" + "---|" * 20 + "\n"
    answer = "```python\n" + LONG_LINE + "\nx = 'two words'\n```\n\n" + wide + ("| a | b |\n" * 40)
    page = start(answer)
    table = page.answer.locator(".table-frame")
    table.wait_for()
    table.evaluate("node => { node.scrollLeft = 300; }")
    page.answer.locator("pre").evaluate("node => { node.scrollLeft = 200; }")
    page.state("streaming")
    rows = page.answer.locator("tr").count()
    expect(page.answer.locator("tr").nth(rows + 8)).to_be_attached()
    page.state("success")
    assert table.evaluate("node => node.scrollLeft") == 300
    assert page.answer.locator("pre").evaluate("node => node.scrollLeft") == 200


def test_code_that_grows_stays_scrolled_aside(start: Start) -> None:
    page = start(BLOCKS["a block of code"])
    page.answer.locator("pre").evaluate("node => { node.scrollLeft = 200; }")
    page.state("success")
    assert page.answer.locator("pre").evaluate("node => node.scrollLeft") == 200


def test_thoughts_are_folded_away_and_stay_as_the_person_left_them(start: Start) -> None:
    page = start(BLOCKS["what the model thinks"])
    details = page.answer.locator("details.thought")
    expect(details.locator("summary")).to_have_text("The model is reasoning…")
    assert details.evaluate("node => node.open") is False
    expect(details.locator("p")).not_to_be_visible()
    details.locator("summary").click()
    page.state("success")
    assert details.evaluate("node => node.open") is True
    expect(details.locator("summary")).to_have_text("What the model considered first")
    expect(details.locator("strong")).to_have_text("holds all")
    expect(page.answer.locator(".answer > p")).to_have_text("Blue.")
    expect(page.page.locator("#announcer")).not_to_contain_text("Light from the Sun")
    page.page.reload()
    page.wait()
    assert page.answer.locator("details.thought").evaluate("node => node.open") is False
    expect(page.answer.locator(".answer > p")).to_have_text("Blue.")


def test_an_answer_is_copied_without_its_thoughts(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, answer="<think>\nplan\n</think>\n\nThe answer.")
    page = visit(permissions=["clipboard-read", "clipboard-write"]).open()
    page.ask_and_wait("Why?")
    page.answer.locator(".turn-actions").get_by_role("button", name="Copy").click()
    expect(page.page.locator("#announcer")).to_have_text("Copied")
    assert page.page.evaluate("navigator.clipboard.readText()") == "The answer."
