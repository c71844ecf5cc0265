"""Custom agents through the protocol: registered, asked, restored, refused."""

from __future__ import annotations

import json

from tests.engine.test_host import GREEDY, Wire, ready

BARMAN = {
    "id": "barman",
    "name": "Barman",
    "prompt": "You mix drinks.",
    "max_tokens": 32,
    "examples": ["How do I make a mojito?"],
    "code": "async def respond(request, llm): return 'x'",
}


async def test_an_agent_is_registered_told_asked_and_forgotten() -> None:
    wire = await ready()
    await wire.ask("agent.register", definition=BARMAN)
    assert [made["code"] for made in wire.status["custom"]] == [BARMAN["code"]]
    assert [a["id"] for a in wire.status["agents"] if a["custom"]] == ["barman"]
    assert {"agent": "barman", "change": "registered"}.items() <= next(
        m for m in wire.sent if m["type"] == "agent"
    ).items()
    forced = await wire.ask("infer", "forced", query="Hello", options=GREEDY | {"force_agent": "barman"})
    assert forced["payload"]["agent"] == "barman"
    await wire.ask("agent.unregister", agent="barman")
    assert wire.status["custom"] == []
    assert (await wire.ask("agent.unregister", "again", agent="barman"))["error"]["code"] == "unknown_agent"


async def test_a_question_like_an_example_goes_to_its_agent() -> None:
    wire = await ready()
    await wire.ask("agent.register", definition=BARMAN)
    routing = (await wire.ask("route", query="how do i make a mojito"))["payload"]
    assert (routing["agent"], routing["router"], routing["confidence"]) == ("barman", "examples", None)
    assert "How do I make a mojito?" in routing["reason"]
    answer = (await wire.ask("infer", query="How do I make a mojito?", options=GREEDY))["payload"]
    assert (answer["agent"], answer["routing"]["router"]) == ("barman", "examples")
    other = (await wire.ask("route", "other", query="Good evening to you"))["payload"]
    assert other["agent"] == "conversation"


async def test_agents_are_there_again_after_a_restart_without_news_of_it() -> None:
    first = await ready()
    await first.ask("agent.register", definition=BARMAN)
    second = Wire(first.world)
    status = (await second.ask("initialize"))["payload"]
    assert [made["id"] for made in status["custom"]] == ["barman"]
    assert not [m for m in second.sent if m["type"] == "agent"]
    routing = (await second.ask("route", query="How do I make a mojito"))["payload"]
    assert routing["agent"] == "barman"


async def test_what_is_wrong_is_named() -> None:
    wire = await ready()
    error = (await wire.ask("agent.register", definition=BARMAN | {"examples": ["x" * 301]}))["error"]
    assert (error["code"], error["detail"]["path"]) == ("protocol", "agent.register.definition.examples.0")
    error = (await wire.ask("agent.register", "taken", definition=BARMAN | {"id": "conversation"}))["error"]
    assert error["code"] == "invalid_config"
    assert json.dumps(error)
