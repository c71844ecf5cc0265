"""Arabic and Hebrew run from right to left wherever somebody or a model writes them; code never does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from e2e.page import assembled
from e2e.page.conftest import Visit

ANSWER = """# مرحبا بالعالم

هذه فقرة عربية مع `print(x)` في الوسط.

This one is English, with مرحبا in it.

`x = 1` هو مثال.

- القائمة الأولى
- القائمة الثانية
  - فرعية

> اقتباس من كتاب

| الاسم | العمر |
|---|---|
| أحمد | 30 |

1. שלום עולם
2. להתראות

```python
print("مرحبا")
```

والصيغة \\(x + 1\\) هنا.
"""


def direction(node: Locator) -> str:
    found: str = node.evaluate("node => getComputedStyle(node).direction")
    return found


def place(node: Locator) -> dict[str, float]:
    """Where it is on the page, in pixels."""
    found: dict[str, float] = node.evaluate("node => node.getBoundingClientRect().toJSON()")
    return found


@pytest.fixture
def answered(visit: Callable[..., Visit], folder: Path) -> Visit:
    assembled.scenario(folder, stored=True, answer=ANSWER, tokensPerSecond=400)
    page = visit().open()
    page.ask_and_wait("ما هي عاصمة فرنسا؟\nWhat is it?\nשלום")
    return page


def test_each_block_of_an_answer_takes_its_direction_from_its_text(answered: Visit) -> None:
    body = answered.answer.locator(".answer")
    paragraphs = body.locator("> p")
    assert direction(body.locator("h1")) == "rtl"
    assert [direction(paragraphs.nth(n)) for n in range(4)] == ["rtl", "ltr", "rtl", "rtl"]
    for selector in ("ul", "ul ul", "ul li", "ol", "ol li", "blockquote", "blockquote p", "table", "td"):
        assert direction(body.locator(selector).first) == "rtl", selector
    assert direction(body.locator("td", has_text="30")) in ("rtl", "ltr")
    for selector in ("pre", "pre code", "p code", ".formula", "math"):
        assert direction(body.locator(selector).first) == "ltr", selector
    assert place(body.locator("th").nth(0))["x"] > place(body.locator("th").nth(1))["x"], "the first column is right"
    item, frame = place(body.locator("ul > li").first), place(body.locator("ul").first)
    assert frame["x"] + frame["width"] - item["x"] - item["width"] > 10, "room for the mark"


def test_what_a_person_writes_takes_its_direction_too(answered: Visit) -> None:
    said = answered.page.locator("article[data-role=user] .said")
    places = said.evaluate(
        """node => { const range = document.createRange(); const text = node.firstChild;
            return [...text.data.matchAll(/[^\\n]+/g)].map((line) => {
                range.setStart(text, line.index); range.setEnd(text, line.index + line[0].length);
                const box = node.getBoundingClientRect(); const own = range.getBoundingClientRect();
                return own.left - box.left > box.right - own.right ? "right" : "left"; }); }"""
    )
    assert places[1:] == ["left", "right"]
    answered.box.fill("مرحبا")
    assert direction(answered.box) == "rtl"
    answered.box.fill("hello")
    assert direction(answered.box) == "ltr"


def test_titles_in_the_list_of_conversations_take_theirs(answered: Visit) -> None:
    answered.page.get_by_role("button", name="Conversations").click()
    title = answered.page.locator(".chat-title").first
    expect(title).to_have_text("ما هي عاصمة فرنسا؟")
    assert direction(title) == "rtl"


def test_boxes_of_the_workshop_take_theirs(answered: Visit) -> None:
    answered.page.get_by_role("button", name="Workshop").click()
    answered.page.get_by_role("button", name="New agent").click()
    for name in ("name", "prompt", "examples", "question"):
        box = answered.page.locator(f"#workshop-{name}")
        box.fill("مرحبا")
        assert direction(box) == "rtl", name
