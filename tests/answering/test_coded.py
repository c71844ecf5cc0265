"""An agent's own code answers where the caller runs it; where it fails, or nobody runs it, the prompt does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.engine.test_host import GREEDY, Wire, ready

ECHO = {
    "id": "echo",
    "name": "Echo",
    "prompt": "You echo.",
    "examples": ["How do I boil an egg?"],
    "code": "async def respond(request, llm): return 'x'",
    "max_tokens": 64,
}
QUESTION = "How do I boil an egg?"


async def asked(**fields: Any) -> Wire:
    """A host whose agent was asked, up to the word that its code is to be run."""
    wire = await ready()
    await wire.ask("agent.register", definition=ECHO)
    wire.send("infer", "q", **{"query": QUESTION, "options": GREEDY, "runs_code": True, **fields})
    for _ in range(2000):
        if of(wire, "agent.code"):
            return wire
        await asyncio.sleep(0)
    raise AssertionError("the code was never to be run")


def of(wire: Wire, kind: str, id: str = "q") -> list[dict[str, Any]]:
    return [message for message in wire.sent if message["type"] == kind and message["id"] == id]


async def says(wire: Wire, text: str = "", end: str | None = None) -> None:
    told = await wire.ask("agent.output", f"o{len(wire.sent)}", request="q", text=text, end=end)
    assert told["payload"] == {}


async def test_what_the_code_says_streams_and_is_the_answer_without_any_model() -> None:
    wire = await asked()
    await says(wire, "Five ")
    await says(wire, "minutes.", "done")
    answer = (await wire.end("q"))["payload"]
    assert [token["text"] for token in of(wire, "token")] == ["Five ", "minutes."]
    assert (answer["content"], answer["agent"], answer["backend"]) == ("Five minutes.", "echo", "code")
    assert (answer["routing"]["router"], answer["usage"]["completion"]) == ("examples", 0)
    assert [row["state"] for row in of(wire, "state")] == ["validating", "routing", "inferencing", "success"]
    assert wire.world.runtime.sessions == []


async def test_the_caller_is_told_the_code_and_how_to_ask_the_model() -> None:
    wire = await asked(options={"temperature": 0, "force_agent": "echo"}, query="Anything")
    (told,) = of(wire, "agent.code")
    assert (told["agent"], told["code"], told["prompt"], told["max_tokens"]) == ("echo", ECHO["code"], "You echo.", 64)
    assert (told["temperature"], told["top_p"]) == (0, 0.95)


async def test_a_question_is_routed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = await ready()
    await wire.ask("agent.register", definition=ECHO)
    engine = wire.host._engine
    assert engine is not None
    routed: list[str] = []
    real = engine.router.route

    async def counted(query: str, locale: str, attachments: Any = ()) -> Any:
        routed.append(query)
        return await real(query, locale, attachments)

    monkeypatch.setattr(engine.router, "route", counted)
    wire.send("infer", "q", query=QUESTION, options=GREEDY, runs_code=True)
    while not of(wire, "agent.code"):
        await asyncio.sleep(0)
    await says(wire, end="failed")
    assert (await wire.end("q"))["payload"]["agent"] == "echo"
    await wire.ask("infer", "other", query="Good evening to you", options=GREEDY, runs_code=True)
    assert routed == [QUESTION, "Good evening to you"]


async def test_the_code_may_ask_the_model_while_it_answers() -> None:
    wire = await asked()
    own = await wire.ask("infer", "own-1", query="Say hi", options=GREEDY | {"force_agent": "conversation"})
    assert own["payload"]["content"] == "good day"
    await says(wire, "It said hi.", "done")
    assert (await wire.end("q"))["payload"]["content"] == "It said hi."


@pytest.mark.parametrize(("end", "code"), [("failed", "runtime_failure"), ("time", "inference_timeout")])
async def test_where_the_code_fails_the_prompt_answers_and_what_was_said_is_void(end: str, code: str) -> None:
    wire = await asked()
    await says(wire, "Five")
    await says(wire, end=end)
    answer = (await wire.end("q"))["payload"]
    assert (answer["content"], answer["agent"], answer["model"]) == ("good day", "echo", "tiny")
    (revision,) = of(wire, "revision")
    assert (revision["content"], revision["reason"], revision["again"]) == ("", "code", True)
    (step,) = of(wire, "fallback")
    assert (step["kind"], step["reason_code"]) == ("code", code)
    after = wire.sent[wire.sent.index(revision) :]
    assert "".join(m["text"] for m in after if m["type"] == "token") == "good day"


async def test_code_that_says_nothing_has_failed() -> None:
    wire = await asked()
    await says(wire, " ", "done")
    assert (await wire.end("q"))["payload"]["content"] == "good day"


async def test_where_nobody_runs_code_the_prompt_answers() -> None:
    wire = await ready()
    await wire.ask("agent.register", definition=ECHO)
    answer = (await wire.ask("infer", "q", query=QUESTION, options=GREEDY))["payload"]
    assert (answer["agent"], answer["content"]) == ("echo", "good day")
    assert of(wire, "agent.code") == []


async def test_a_question_that_is_refused_never_reaches_the_code() -> None:
    wire = await ready()
    await wire.ask("agent.register", definition=ECHO)
    end = await wire.ask("infer", "q", query=" ", options={"force_agent": "echo"}, runs_code=True)
    assert end["error"]["code"] == "empty_query"
    assert of(wire, "agent.code") == []


async def test_a_stopped_answer_ends_with_what_the_code_had_said_and_late_words_concern_nobody() -> None:
    wire = await asked()
    await says(wire, "Five")
    await wire.ask("cancel", request="q")
    end = await wire.end("q")
    assert (end["type"], end["partial"]) == ("cancelled", "Five")
    await says(wire, " minutes.", "done")
    assert len([m for m in wire.sent if m["id"] == "q" and m["type"] in ("result", "error", "cancelled")]) == 1


async def test_code_that_outlasts_the_questions_time_limit_is_given_up() -> None:
    wire = await asked(options=GREEDY | {"timeout": 0.5})
    assert (await wire.end("q"))["error"]["code"] == "deadline_exceeded"
