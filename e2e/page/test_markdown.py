"""An answer is shown as it was meant: a corpus of what models write, through the page's own renderer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from e2e.page import assembled
from e2e.page.written_answers import ANSWERS, Written

LABELS = json.dumps({"copy": "Copy", "run": "Run", "thought": "Considered", "thinking": "Thinking"})
SHOW = """async ([text, labels]) => {
  const { renderMarkdown } = await import("./bridge/page/markdown.js");
  const article = document.createElement("article");
  article.className = "turn assistant";
  const body = document.createElement("div");
  body.className = "answer";
  article.append(body);
  document.getElementById("log").replaceChildren(article);
  document.getElementById("welcome").hidden = true;
  while (renderMarkdown(body, text, 50, labels) < 0);
  const moment = () => new Promise((go) => setTimeout(go, 25));
  for (let tries = 0; tries < 200 && body.querySelector(".waiting"); tries += 1) await moment();
  const texts = (selector) => [...body.querySelectorAll(selector)].map((node) => node.textContent);
  const [strong, em, struck, maths] = ["strong", "em", "del", "math"].map(texts);
  return { text: body.innerText, strong, em, struck, formulas: maths.length };
}"""


@pytest.fixture(scope="module")
def reader(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page that stands open for all of this file; a complaint of its policy or an error is in ``faults``."""
    site = assembled.assemble(tmp_path_factory.mktemp("reader") / "site")
    assembled.scenario(site, stored=True)
    with assembled.serving(site, isolating=True) as server:
        page = chromium.new_page(reduced_motion="reduce")
        page.goto(server.url)
        page.locator("html[data-engine=ready]").wait_for()
        yield page
        page.close()


def show(page: Page, text: str) -> dict[str, Any]:
    shown: dict[str, Any] = page.evaluate(SHOW, [text, LABELS])
    return shown


def plain(text: str) -> str:
    """Without what browsers put between blocks and cells."""
    return re.sub(r"[ \t\u00a0]+", " ", re.sub(r" *\n\s*", "\n", text))


def test_the_corpus_is_as_large_as_it_says() -> None:
    assert len(ANSWERS) >= 60
    assert len({answer.name for answer in ANSWERS}) == len(ANSWERS)


@pytest.mark.parametrize("answer", ANSWERS, ids=[answer.name for answer in ANSWERS])
def test_an_answer_is_shown_as_it_was_meant(reader: Page, answer: Written) -> None:
    seen = show(reader, answer.text)
    for part in answer.shown:
        assert plain(part) in plain(seen["text"])
    assert seen["strong"] == list(answer.strong)
    assert seen["em"] == list(answer.em)
    assert seen["struck"] == list(answer.struck)
    assert seen["formulas"] == answer.formulas
    for selector, count in answer.has.items():
        assert reader.locator(f".answer {selector}").count() == count, selector


def test_every_answer_looks_the_same_when_it_came_piece_by_piece(reader: Page) -> None:
    """What is patched into the page is what would have been drawn at once."""
    differ = reader.evaluate(
        """async ([texts, labels]) => {
            const { renderMarkdown } = await import("./bridge/page/markdown.js");
            const draw = (body, text) => { while (renderMarkdown(body, text, 50, labels) < 0); };
            const differ = [];
            for (const text of texts) {
                const [whole, grown] = [document.createElement("div"), document.createElement("div")];
                draw(whole, text);
                for (let end = 1; end <= text.length; end += 3) draw(grown, text.slice(0, end));
                draw(grown, text);
                whole.normalize(); grown.normalize();
                if (!whole.isEqualNode(grown)) differ.push([text, whole.innerHTML, grown.innerHTML]);
            }
            return differ;
        }""",
        [[answer.text for answer in ANSWERS] + ["\n\n".join(answer.text for answer in ANSWERS)], LABELS],
    )
    assert differ == []
