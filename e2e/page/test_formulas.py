"""Formulas come when they are needed, without a network too, and can do no more than be formulas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit
from e2e.support.waiting import until

HOSTILE = r"""\( \href{javascript:window.hacked=1}{x} \) and \( \url{javascript:window.hacked=2} \)
\( \includegraphics{https://evil.example/a.png} \) \( \style{position:fixed;inset:0}{x} \) \( \class{send}{x} \)
\( \text{<img src="https://evil.example/b.png" onerror="window.hacked=3">} \) \( \label{send} x \ref{send} \)
\( \rule{1000em}{1000em} \) \( \hspace{99999em} x \) \( \color{red;background:url(https://evil.example/c.png)}{x} \)

\[ \def\a{\a\a}\a \]

<math><mtext></mtext><mglyph><style></math><img src=x onerror=window.hacked=4></style></mglyph></math>
<math href="javascript:window.hacked=5"><mi xlink:href="data:x" onclick="window.hacked=6">x</mi></math>

<think>
<img src="https://evil.example/d.png" onerror="window.hacked=7"> \( \href{javascript:window.hacked=8}{y} \)
</think>

$$ x^2 $$
"""


def test_the_library_comes_with_the_first_formula_and_not_before(visit: Callable[..., Visit], folder: Path) -> None:
    page = visit(service_workers="block").open()  # it fetches all of the page beforehand
    page.ask_and_wait("Why is the sky blue?")
    assert not [url for url in page.asked if "temml" in url]
    assembled.scenario(folder, stored=True, answer="It costs $5. So \\(x = \\frac{1}{2}\\).")
    page.page.reload()
    page.wait()
    page.ask_and_wait("And now?")
    expect(page.answer.locator("math mfrac")).to_have_count(1)
    assert len([url for url in page.asked if "temml" in url]) == 1
    expect(page.answer.locator(".answer")).to_contain_text("It costs $5. So")


def test_a_formula_waits_as_its_source_while_the_line_fails(
    visit: Callable[..., Visit], folder: Path, server: assembled.Server
) -> None:
    assembled.scenario(folder, stored=True, answer="So \\(x^2\\) it is.")
    server.faults["temml"] = 1000  # each piece of the answer asks for it again
    page = visit(service_workers="block").open()
    page.ask_and_wait("First?")
    expect(page.answer.locator(".answer")).to_contain_text("So \\(x^2\\) it is.")
    server.faults.clear()
    page.ask_and_wait("Second?")
    expect(page.page.locator("article math")).to_have_count(2)


@pytest.mark.plain_host
def test_formulas_are_drawn_without_a_network(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, answer="So \\(x^2\\) it is.")
    page = visit().open()
    controlled = "navigator.serviceWorker.controller !== null"
    until(page.page, "it is controlled", lambda: page.page.evaluate(controlled), seconds=30)
    page.context.set_offline(True)
    page.ask_and_wait("Why?")
    expect(page.answer.locator("math msup")).to_have_count(1)


def test_hostile_formulas_do_nothing_and_ask_for_nothing(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True, answer=HOSTILE, tokensPerSecond=400)
    page = visit().open()
    page.page.evaluate(
        """() => {
            window.refused = [];
            addEventListener("securitypolicyviolation", (event) => refused.push(event.blockedURI));
        }"""
    )
    page.ask_and_wait("hostile?")
    expect(page.answer.locator(".formula.display math").last).to_be_visible()
    page.page.wait_for_timeout(300)
    assert page.page.evaluate("window.hacked") is None
    assert page.foreign() == []
    assert page.page.evaluate("refused") == []
    body = page.answer.locator(".answer")
    for element in ("img", "style", "script", "mglyph", "annotation-xml", "math a", "semantics"):
        expect(body.locator(element)).to_have_count(0)
    names = body.evaluate("node => [...node.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())")
    assert not [name for name in names if name.startswith("on") or name in ("style", "id") or name.endswith(":href")]
    addresses = body.locator("[href]").evaluate_all("nodes => nodes.map((node) => node.getAttribute('href'))")
    assert not [address for address in addresses if address.startswith(("javascript", "data"))]
    widest = body.locator("mspace").evaluate_all(
        "nodes => Math.max(...nodes.map((n) => n.getBoundingClientRect().width))"
    )
    assert widest < 1000
