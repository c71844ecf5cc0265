"""Workers that end in the middle of an answer are replaced, and the answer comes all the same."""

from __future__ import annotations

from playwright.sync_api import expect

from e2e.support import workers
from e2e.support.person import LABELS, Person
from e2e.support.web import Web


def test_a_killed_inference_worker_is_replaced_and_the_answer_goes_on(regular: Person, web: Web) -> None:
    """So is onnxruntime's, in test_runners.py."""
    regular.opens()
    regular.waits_for_the_model()
    workers.hold(regular.page, after=16)
    answer = regular.asks("Explain simply why the sky is blue.")
    before = answer.grows(20)
    workers.end(regular.page, "workers/inference.js")
    whole = answer.succeeds()
    assert whole.startswith(before[:20]), "the text that was there stays"
    assert len(whole) > len(before)
    assert any("replaced" in note for note in answer.notes)
    assert web.shard_requests() == [], "the new worker reads the device"
    assert regular.engine == "ready"
    assert answer.backend == LABELS["kernel"]

    assert "Paris" in regular.asks("What is the capital of France?").succeeds()


def test_a_killed_engine_worker_restarts_and_the_conversation_goes_on(regular: Person) -> None:
    regular.opens()
    regular.waits_for_the_model()
    workers.hold(regular.page, after=8)
    first = regular.asks("I have a cat called Zoe. Say something nice about her.")
    first.grows(5)
    workers.end(regular.page, "workers/engine.js")
    first.succeeds()
    assert any("was restarted" in note for note in first.notes)
    assert regular.recalls("Zoe", "What is my cat called?")

    workers.end(regular.page, "workers/engine.js")  # while nothing is asked
    assert regular.recalls("Zoe", "What is my cat called?")
    expect(regular.questions.first).to_contain_text("I have a cat called Zoe.")
