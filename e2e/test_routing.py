"""The router chooses among the agents: in both languages, as the terminal does, and as a person corrects it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from e2e.support.browsers import Browsers
from e2e.support.engine import Engine
from e2e.support.person import Language, Person
from e2e.support.web import Web
from model_foundry.routing.dataset import held_out_rows
from orion_py.routing.head_file import UNSURE

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS: dict[Language, dict[str, str]] = {
    "en": {
        "code": "Write a Python function that reverses a string.",
        "creative": "Write a short poem about the rain on a tin roof.",
        "multilingual": "How do you say good night in Italian?",
        "conversation": "Why do cats purr?",
    },
    "fr": {
        "code": "Écris une requête SQL qui compte les clients par ville.",
        "creative": "Écris un petit poème sur la pluie de novembre.",
        "multilingual": "Comment dit-on bonne nuit en italien ?",
        "conversation": "Pourquoi les chats ronronnent-ils ?",
    },
}
ABSENT = {"en": "Read this voice message aloud.", "fr": "Qu'est-ce qui est écrit sur cette photo ?"}
DOUBTFUL = (
    "explain the poem in numbers",
    "a loop of rain, count it",
    "list the words of the program in verse",
    "draw me the sound of a function",
    "the rhyme of the algorithm, in French, with sums",
)
"""Among these are some that no agent is sure of, whatever the router learnt last."""
SUMS = {"en": ("What is 17*23+4?", "395"), "fr": ("Combien font douze fois douze ?", "144")}


def waits_for_the_router(person: Person) -> None:
    expect(person.page.locator("html")).to_have_attribute("data-router", "neural")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_agent_is_reached_by_a_fitting_question(
    browsers: Browsers, profile: Path, web: Web, language: Language
) -> None:
    locale = {"en": "en-GB", "fr": "fr-FR"}[language]
    person = Person(browsers.start(profile, locale=locale), web.url, language)
    person.opens()
    waits_for_the_router(person)
    for agent, question in QUESTIONS[language].items():
        answer = person.asks(question)
        answer.grows(3)
        assert answer.article.get_attribute("data-agent") == agent, question
        person.cuts_short(answer)
    question, result = SUMS[language]
    answer = person.asks(question)
    assert result in answer.succeeds(), "worked out, not guessed"
    assert answer.article.get_attribute("data-agent") == "logical"
    answer = person.asks(ABSENT[language])
    assert "ORION" not in answer.succeeds()
    assert answer.article.get_attribute("data-agent") == "conversation", "nobody here hears or sees"


def in_the_terminal(queries: list[str], file: Path) -> list[dict[str, Any]]:
    file.write_text("\n".join(json.dumps({"id": index, "text": text}) for index, text in enumerate(queries)))
    command = [sys.executable, "-m", "orion_py.cli", "route", "--jsonl", str(file)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_the_browser_and_the_terminal_decide_alike(regular: Person, tmp_path: Path) -> None:
    queries = [row.text for row in held_out_rows()][::4]
    regular.visits("protocol.schema.json")
    engine = Engine(regular.page)
    engine.waits_for("router", name="neural")
    asked = [engine.send("route", query=query) for query in queries]
    here = [engine.end_of(request)["payload"] for request in asked]
    there = in_the_terminal(queries, tmp_path / "queries.jsonl")
    assert [route["agent"] for route in here] == [route["agent"] for route in there]
    for mine, theirs in zip(here, there, strict=True):
        assert mine["probabilities"] == pytest.approx(theirs["probabilities"], abs=2e-3)


def test_a_correction_is_learnt_on_this_device_and_can_be_taken_back(regular: Person) -> None:
    question = "Why do cats purr?"

    def who_answers() -> str | None:
        answer = regular.asks(question)
        answer.grows(3)
        agent = answer.article.get_attribute("data-agent")
        regular.cuts_short(answer)
        return agent

    regular.opens()
    waits_for_the_router(regular)
    assert who_answers() == "conversation"
    article = regular.answers.last
    article.get_by_role("button", name="Wrong agent?").click()
    article.get_by_role("button", name="Creative", exact=True).click()
    expect(article).to_have_attribute("data-agent", "creative")
    expect(article.locator(".note").last).to_contain_text("questions like this go to Creative")

    regular.reloads()
    waits_for_the_router(regular)
    assert who_answers() == "creative", "kept on the device"
    regular.page.get_by_role("button", name="Settings", exact=True).click()
    forget = regular.page.locator("#forget-router")
    forget.click()
    forget.click()
    expect(regular.page.locator("#router-learnt")).to_have_text("You haven\u2019t corrected the router.")
    regular.page.get_by_role("dialog", name="Settings").get_by_role("button", name="Close", exact=True).click()
    assert who_answers() == "conversation"


def test_when_unsure_conversation_answers_and_another_agent_is_one_click_away(regular: Person, tmp_path: Path) -> None:
    routes = in_the_terminal(list(DOUBTFUL), tmp_path / "doubtful.jsonl")
    question = next(text for text, route in zip(DOUBTFUL, routes, strict=True) if route["confidence"] < UNSURE)
    regular.opens()
    waits_for_the_router(regular)
    answer = regular.asks(question)
    answer.grows(3)
    assert answer.article.get_attribute("data-agent") == "conversation"
    regular.cuts_short(answer)
    offer = answer.article.get_by_role("button", name=re.compile("^Ask the .* agent instead$"))
    runner_up = offer.get_attribute("data-agent")
    offer.click()
    expect(answer.article).to_have_attribute("data-agent", runner_up or "")
    regular.cuts_short(answer)

    regular.page.get_by_label("Agent", exact=True).select_option("creative")
    answer = regular.asks("What is 17*23+4?")
    answer.grows(3)
    assert answer.article.get_attribute("data-agent") == "creative", "the agent that a person chooses answers"
