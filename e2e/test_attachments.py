"""A question's files reach the real engine beside it, and are forgotten with it."""

from __future__ import annotations

from e2e.support.engine import Engine
from e2e.support.person import Person

PICTURE = "a" * 64
"""A name, and what stands for its bytes, too: no picture."""


def test_a_questions_files_come_with_it_and_stay_no_longer(newcomer: Person) -> None:
    newcomer.visits("protocol.schema.json")
    engine = Engine(newcomer.page)
    asked = {"query": "What is this?", "options": {"images": [PICTURE]}}
    brought = engine.ask("infer", files=[PICTURE], **asked)
    # Without a model that sees, the engine says so; with one, that it is no picture.
    assert brought["type"] == "result" or brought["error"]["family"] == "invalid_input"
    alone = engine.ask("infer", **asked)
    assert (alone["type"], alone["error"]["code"]) == ("error", "attachment_missing")
