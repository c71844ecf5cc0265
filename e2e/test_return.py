"""Somebody comes back: the model is on the device, with or without a network."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from e2e.support.database import kept_prompts
from e2e.support.person import LABELS, Person
from e2e.support.waiting import until
from e2e.support.web import Web


def test_the_second_visit_reads_the_model_from_the_device(accustomed: Person, web: Web, runner: str) -> None:
    regular = accustomed
    regular.opens()
    answer = regular.asks("What is the capital of France?")
    expect(regular.loading).to_contain_text("from this device")
    assert "Paris" in answer.succeeds()
    assert answer.backend == LABELS[runner]
    assert web.shard_requests() == []


def test_a_second_question_goes_on_with_the_conversation_even_after_a_reload(regular: Person) -> None:
    regular.opens()
    regular.asks("I have a cat called Zoe.").succeeds()
    until(regular.page, "the agent's prompt is kept", lambda: kept_prompts(regular.page))
    regular.reloads()
    expect(regular.questions).to_have_count(1)
    regular.waits_for_the_model()
    regular.message.press_sequentially("What is my cat called?", delay=40)
    first = regular.asks("What is my cat called?")
    first.succeeds()
    read = re.match(r"(\d+) of (\d+) tokens", first.fact("first-token").get_attribute("title") or "")
    assert read, "the answer says how much of its prompt was read before"
    assert 16 <= int(read[1]) < int(read[2]), "the agent's prompt was restored, or read while the question was typed"
    assert "Zoe" in first.text or regular.recalls("Zoe", "What is my cat called?")

    regular.page.get_by_role("button", name="New conversation").click()
    expect(regular.questions).to_have_count(0)
    assert "Zoe" not in regular.asks("What is my cat called?").succeeds(), "a new one starts afresh"


def test_with_the_server_gone_and_without_a_network_the_page_opens_and_answers(regular: Person, web: Web) -> None:
    """A browser that was closed, opened again with nothing to talk to; on onnxruntime in test_runners.py."""
    web.goes_down()
    regular.opens()
    answer = regular.asks("What is the capital of France?")
    assert "Paris" in answer.succeeds()
    assert answer.backend == LABELS["kernel"]

    regular.page.context.set_offline(True)
    regular.reloads()
    expect(regular.answers).to_have_count(1)
    assert "Berlin" in regular.asks("What is the capital of Germany?").succeeds()
