"""Workers that end in the middle of an answer are replaced, and the answer comes all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from e2e.support.person import Person
from e2e.support.waiting import until
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
    first = regular.asks("I have a cat called Zoe.")
    first.grows(5)
    worker_named(regular.page, "workers/engine.js").evaluate(KILL)
    until(regular.page, "the engine starts again", lambda: regular.engine == "booting")
    first.succeeds()
    assert any("started again" in note for note in first.notes)
    assert regular.recalls("Zoe", "What is my cat called?")

    worker_named(regular.page, "workers/engine.js").evaluate(KILL)  # while nothing is asked
    assert regular.recalls("Zoe", "What is my cat called?")
    expect(regular.questions.first).to_contain_text("I have a cat called Zoe.")
