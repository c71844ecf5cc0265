"""French people, people with a phone, people with a keyboard only."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from e2e.support.browsers import Browsers
from e2e.support.person import Person
from e2e.support.web import Web

PHONE = {
    "viewport": {"width": 360, "height": 640},
    "device_scale_factor": 3,
    "is_mobile": True,
    "has_touch": True,
}


def test_in_french_everything_is_in_french(browsers: Browsers, profile: Path, web: Web) -> None:
    person = Person(browsers.start(profile, locale="fr-FR"), web.url, "fr")
    person.opens()
    expect(person.page.locator("html")).to_have_attribute("lang", "fr")
    expect(person.message).to_be_visible()
    answer = person.asks("Quelle est la capitale de la France ?")
    expect(person.stop).to_be_visible()
    assert answer.succeeds(), "what it says is the model's matter: its French is poor"
    expect(person.send).to_be_visible()
    expect(answer.fact("backend")).to_have_text("Noyau d’Orion, 2 fils")
    expect(person.page.get_by_role("button", name="Nouvelle conversation")).to_be_visible()


def test_on_a_phone_everything_is_within_reach(browsers: Browsers, profile: Path, web: Web) -> None:
    person = Person(browsers.start(profile, **PHONE), web.url)
    person.opens()

    def overhang() -> int:
        return person.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    assert overhang() == 0
    person.message.tap()
    person.message.fill(
        "Write a table with the columns country, capital, river and mountain, and a very long line of code."
    )
    person.send.tap()
    answer_article = person.answers.last
    expect(answer_article).to_have_attribute("data-state", "streaming")
    expect(person.stop).to_be_in_viewport(ratio=1)
    person.stop.tap()
    expect(answer_article).to_have_attribute("data-state", "cancelled")
    expect(person.send).to_be_in_viewport(ratio=1)
    expect(person.message).to_be_in_viewport(ratio=1)
    assert overhang() == 0
    box = person.send.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 40, "large enough for a finger"


def test_with_the_keyboard_alone_one_asks_stops_and_asks_again(regular: Person) -> None:
    regular.opens()
    keyboard = regular.page.keyboard
    expect(regular.message).to_be_focused()
    regular.message.blur()  # as a click beside it does
    regular.page.get_by_role("link", name="Skip to the message box").focus()
    keyboard.press("Enter")  # the first stop of the page leads to the message box
    expect(regular.message).to_be_focused()
    keyboard.type("Write a long story about a dragon.")
    keyboard.press("Shift+Enter")
    keyboard.type("And a knight.")
    keyboard.press("Enter")
    article = regular.answers.last
    expect(article).to_have_attribute("data-state", "streaming")
    keyboard.press("Escape")
    expect(article).to_have_attribute("data-state", "cancelled")
    expect(regular.message).to_be_focused()
    expect(regular.questions.last).to_contain_text("And a knight.")
    keyboard.type("What is the capital of France?")
    keyboard.press("Enter")
    expect(regular.answers).to_have_count(2)
    expect(regular.answers.last).to_have_attribute("data-state", "success")
    expect(regular.answers.last).to_contain_text("Paris")
