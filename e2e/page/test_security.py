"""What a model or a person writes is text. It never runs, loads or dresses up as the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from e2e.page.conftest import Visit

pytestmark = pytest.mark.plain_host


def hacked(page: Visit) -> object:
    return page.page.evaluate("window.hacked")


def test_hostile_answers_do_nothing_and_ask_for_nothing(page: Visit) -> None:
    page.ask_and_wait("hostile")
    page.page.wait_for_timeout(500)
    assert hacked(page) is None
    assert page.foreign() == []
    body = page.answer.locator(".answer")
    for element in ("img", "script", "style", "iframe", "svg", "form", "input", "video", "link", "meta", "object"):
        expect(body.locator(element)).to_have_count(0)
    names = body.evaluate("node => [...node.querySelectorAll('*')].flatMap((each) => each.getAttributeNames())")
    assert not [name for name in names if name.startswith("on") or name in ("style", "id")]
    expect(body).to_contain_text('<img src="https://evil.example/a.png"')
    expect(page.page.locator("#send")).to_have_count(1)


def test_links_lead_outside_quietly_or_nowhere(page: Visit) -> None:
    page.ask_and_wait("hostile")
    links = page.answer.locator(".answer a")
    addresses = links.evaluate_all("nodes => nodes.map((node) => node.getAttribute('href'))")
    assert addresses == [None, None, "https://example.org/page"]
    good = links.nth(2)
    expect(good).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(good).to_have_attribute("target", "_blank")


def test_a_persons_own_words_are_shown_as_they_are(page: Visit) -> None:
    text = '<img src="https://evil.example/x.png" onerror="window.hacked=1"> **not bold** [a](javascript:alert(1))'
    page.ask_and_wait(text)
    expect(page.page.locator("article[data-role=user] .said")).to_have_text(text)
    page.page.get_by_role("button", name="Conversations").click()
    expect(page.page.locator(".chat-open").first).to_contain_text("<img src=")
    assert hacked(page) is None
    assert page.foreign() == []


def test_half_a_character_does_not_stop_the_page(page: Visit) -> None:
    page.box.evaluate("box => { box.value = 'half \\ud83d pair'; box.dispatchEvent(new Event('input')); }")
    page.box.press("Enter")
    page.state("success")


def test_the_policy_stops_code_made_of_text(page: Visit) -> None:
    found = page.page.evaluate(
        """() => new Promise((resolve) => {
            const script = document.createElement('script');
            script.textContent = 'window.hacked = 9';
            document.addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective));
            document.head.append(script);
        })"""
    )
    assert found == "script-src-elem"
    assert hacked(page) is None
