"""Workers that end in the middle of an answer are replaced, and the answer comes all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from e2e.support.person import Person
from e2e.support.web import Web

WorkerNamed = Callable[[Page, str], Any]
KILL = "() => { setTimeout(() => self.close()); }"
LONG = "Explain simply why the sky is blue."


def test_a_killed_inference_worker_is_replaced_and_the_answer_goes_on(
    regular: Person, web: Web, worker_named: WorkerNamed
) -> None:
    regular.opens()
    answer = regular.asks(LONG)
    before = answer.grows(20)
    worker_named(regular.page, "workers/inference.js").evaluate(KILL)
    whole = answer.succeeds()
    assert whole.startswith(before[:20]), "the text that was there stays"
    assert len(whole) > len(before)
    assert any("replaced" in note for note in answer.notes)
    assert web.shard_requests() == [], "the new worker reads the device"
    assert regular.engine == "ready"

    assert "Paris" in regular.asks("What is the capital of France?").succeeds()


def test_a_killed_engine_worker_restarts_and_the_conversation_goes_on(
    regular: Person, worker_named: WorkerNamed
) -> None:
    regular.opens()
    first = regular.asks("My name is Zoe.")
    said = first.succeeds()
    second = regular.asks(LONG)
    second.grows(20)
    worker_named(regular.page, "workers/engine.js").evaluate(KILL)
    second.succeeds()
    assert any("started again" in note for note in second.notes)
    assert first.text == said
    expect(regular.questions).to_have_count(2)
    assert "Zoe" in regular.asks("What is my name?").succeeds()


def test_an_engine_worker_that_is_killed_while_idle_is_there_for_the_next_question(
    regular: Person, worker_named: WorkerNamed
) -> None:
    regular.opens()
    regular.waits_for_the_model()
    worker_named(regular.page, "workers/engine.js").evaluate(KILL)
    assert "Paris" in regular.asks("What is the capital of France?").succeeds()
