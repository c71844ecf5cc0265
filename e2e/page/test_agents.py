"""Who answers: chosen, doubted, corrected, learnt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from e2e.page import assembled
from e2e.page.conftest import Visit


def test_the_line_says_who_how_sure_and_on_demand_why(page: Visit) -> None:
    page.ask_and_wait("I am sure about this")
    expect(page.answer.locator("[data-field=agent]")).to_have_text("Code")
    expect(page.answer.locator("[data-field=confidence]")).to_have_text("agent chosen with 92%")
    expect(page.answer.get_by_text("This looks like programming")).to_have_count(0)
    page.answer.get_by_role("button", name="Code").click()
    expect(page.answer.get_by_text("This looks like programming (92%).")).to_be_visible()
    expect(page.answer.get_by_text("Chosen by the trained router, 92% certain.")).to_be_visible()
    page.answer.get_by_role("button", name="Code", exact=True).first.click()
    expect(page.answer.get_by_text("This looks like programming")).to_have_count(0)


def test_without_a_confidence_none_is_shown_and_nothing_is_offered(page: Visit) -> None:
    page.ask_and_wait("Why is the sky blue?")
    expect(page.answer.locator("[data-field=confidence]")).to_have_count(0)
    expect(page.answer.locator(".offer")).to_be_hidden()


def test_when_the_router_was_not_sure_the_runner_up_is_one_click_away(page: Visit) -> None:
    page.ask_and_wait("I am unsure about this")
    page.answer.get_by_role("button", name="Ask the Code agent instead").click()
    expect(page.answer).to_have_attribute("data-agent", "code")
    page.state("success")
    expect(page.page.locator("article")).to_have_count(2)
    expect(page.answer.locator(".offer")).to_be_hidden()
    seen = page.seen_by_engine()
    assert [row["options"].get("force_agent") for row in seen] == [None, "code"]
    assert seen[0]["query"] == seen[1]["query"]


def test_a_wrong_agent_is_corrected_learnt_and_undone(page: Visit) -> None:
    page.ask_and_wait("Tell me of lists")
    page.answer.get_by_role("button", name="Wrong agent?").click()
    chips = page.answer.locator(".chip")
    expect(chips.first).to_be_focused()
    assert chips.all_inner_texts() == ["Code", "Logic", "Creative", "Multilingual", "Vision", "Code and logic"]
    expect(page.answer.get_by_role("button", name="Vision")).to_be_disabled()
    expect(page.answer.get_by_role("button", name="Vision")).to_have_attribute(
        "title", "The model that sees images isn't part of this version yet."
    )
    page.answer.get_by_role("button", name="Logic", exact=True).click()
    expect(page.answer).to_have_attribute("data-agent", "logical")  # the answer before came to its end, too
    page.state("success")
    expect(page.answer.locator(".note")).to_contain_text("questions like this go to Logic")

    page.page.get_by_role("button", name="New conversation").click()
    expect(page.answers).to_have_count(0)
    page.ask_and_wait("Tell me of lists")
    expect(page.answer).to_have_attribute("data-agent", "logical")  # without being told again
    expect(page.answer.locator("[data-field=confidence]")).to_have_text("agent chosen with 97%")


def test_what_was_learnt_can_be_undone_at_once(page: Visit) -> None:
    page.ask_and_wait("Tell me of lists")
    page.answer.get_by_role("button", name="Wrong agent?").click()
    page.answer.get_by_role("button", name="Logic", exact=True).click()
    expect(page.answer).to_have_attribute("data-agent", "logical")  # the answer before came to its end, too
    page.state("success")
    page.answer.get_by_role("button", name="Undo").click()
    expect(page.answer.locator(".note")).to_have_text("Undone: the router has forgotten it.")
    page.ask_and_wait("Tell me of lists")
    expect(page.answer).to_have_attribute("data-agent", "conversation")


def test_the_settings_count_what_was_learnt_and_forget_it(page: Visit) -> None:
    page.ask_and_wait("Tell me of lists")
    page.answer.get_by_role("button", name="Wrong agent?").click()
    page.answer.get_by_role("button", name="Logic", exact=True).click()
    expect(page.answer).to_have_attribute("data-agent", "logical")  # the answer before came to its end, too
    page.state("success")
    page.page.get_by_role("button", name="Settings").click()
    expect(page.page.locator("#router-learnt")).to_have_text("The router learnt 1 correction of yours.")
    forget = page.page.locator("#forget-router")
    forget.click()
    expect(forget).to_have_text("Forget it? Press again.")
    forget.click()
    expect(page.page.locator("#router-learnt")).to_have_text("You haven’t corrected the router.")
    expect(forget).to_be_disabled()


def test_an_agent_can_be_chosen_and_the_creative_one_takes_a_kind_of_text(page: Visit) -> None:
    agent = page.page.get_by_label("Agent", exact=True)
    expect(agent).to_have_value("")
    labels = agent.locator("option").all_inner_texts()
    assert labels[:6] == ["Auto", "Conversation", "Code", "Logic", "Creative", "Multilingual"]
    assert labels[6:] == ["New agent…", "Vision", "Code and logic"]
    expect(agent.locator("option[value=vision]")).to_be_disabled()
    kind = page.page.get_by_label("Kind of text")
    expect(kind).to_be_hidden()
    agent.select_option("creative")
    kind.select_option("poem")
    page.ask_and_wait("The sea")
    expect(page.answer).to_have_attribute("data-agent", "creative")
    page.answer.get_by_role("button", name="Creative").click()
    expect(page.answer.get_by_text("You chose this agent.")).to_be_visible()
    agent.select_option("code")
    expect(kind).to_be_hidden()
    page.ask_and_wait("The sea")
    agent.select_option("")
    page.ask_and_wait("The sea")
    assert [row["options"] for row in page.seen_by_engine()] == [
        {"force_agent": "creative", "style": "poem"},
        {"force_agent": "code"},
        {},
    ]


def test_the_choice_speaks_the_persons_language(visit: Callable[..., Visit]) -> None:
    page = visit(locale="fr-FR").open()
    labels = page.page.get_by_label("Agent", exact=True).locator("option").all_inner_texts()
    assert "Créatif" in labels
    assert labels[-2:] == ["Vision", "Code et logique"]
    folded = page.page.locator("#agent optgroup[label='Pas sur ce site'] option")
    assert [option.is_disabled() for option in folded.all()] == [True, True]
    assert folded.last.get_attribute("title") == "son modèle n’est pas sur ce site"


def test_french_is_told_once_a_visit_that_the_model_hardly_knows_it(visit: Callable[..., Visit]) -> None:
    page = visit(locale="fr-FR").open()
    page.ask_and_wait("Pourquoi le ciel est-il bleu ?")
    expect(page.answer.locator(".note")).to_contain_text("comprend mal le français")
    page.ask_and_wait("Et au coucher du soleil ?")
    expect(page.answer.locator(".note")).to_have_count(0)


def test_a_choice_on_a_phone_fits(visit: Callable[..., Visit], folder: Path) -> None:
    assembled.scenario(folder, stored=True)
    page = visit(viewport={"width": 320, "height": 640}, has_touch=True).open()
    page.page.get_by_label("Agent", exact=True).select_option("creative")
    page.ask_and_wait("I am unsure about this")
    page.answer.get_by_role("button", name="Wrong agent?").click()
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 320
    send = page.page.get_by_role("button", name="Send").bounding_box()
    assert send is not None
    assert send["x"] + send["width"] <= 320
