from __future__ import annotations

import asyncio
import json
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from orion_py.engine.host import EngineHost
from orion_py.protocol.envelope import REQUESTS
from orion_py.protocol.schema import messages, reply_model
from orion_py.protocol.vocabulary import Section
from tests.tiny import World, says

ENDS = ("result", "error", "cancelled")


class Wire:
    """A host and everything it sends; every message and every reply is checked against the protocol. ``status``: what
    whoever listens knows: the snapshot of the start, and what events changed since."""

    def __init__(self, world: World) -> None:
        self.world, self.sent = world, []
        self.status: dict[str, Any] = {}
        self._message: TypeAdapter[Any] = TypeAdapter(messages())
        self._asked: dict[str, str] = {}
        self.host = EngineHost(world.ports, self._on_send)

    def _on_send(self, text: str) -> None:
        self._message.validate_json(text)
        message = json.loads(text)
        if message["type"] == "result" and message["id"] in self._asked:
            reply = REQUESTS[self._asked[message["id"]]].reply
            TypeAdapter(reply_model(reply)).validate_json(json.dumps(message["payload"]))
            if self._asked[message["id"]] == "initialize":
                self.status = dict(message["payload"])
        if message["type"] == "changed":
            self.status |= message["parts"]
        elif message["type"] in ("queue", "memory"):
            self.status[message["type"]] = {k: message[k] for k in message if k not in ("v", "id", "type", "evicted")}
        self.sent.append(message)

    def changes(self) -> list[set[str]]:
        """The parts of each event that told of changes."""
        return [set(message["parts"]) for message in self.sent if message["type"] == "changed"]

    def send(self, type: str, id: str | None = None, **fields: Any) -> str:
        request_id = id or type
        self._asked[request_id] = type
        self.host.receive(json.dumps({"v": 1, "id": request_id, "type": type, **fields}))
        return request_id

    async def ask(self, type: str, id: str | None = None, **fields: Any) -> dict[str, Any]:
        return await self.end(self.send(type, id, **fields))

    async def end(self, request_id: str) -> dict[str, Any]:
        for _ in range(5000):
            for message in self.sent:
                if message["id"] == request_id and message["type"] in ENDS:
                    return message
            await asyncio.sleep(0)
        raise AssertionError(f"{request_id} never ended")


async def ready(text: str = "good day") -> Wire:
    wire = Wire(World(says(text)))
    assert (await wire.ask("initialize"))["type"] == "result"
    return wire


GREEDY = {"temperature": 0}


async def test_initialize_tells_the_device_the_models_and_the_preset() -> None:
    wire = Wire(World(says("ok")))
    payload = (await wire.ask("initialize"))["payload"]
    assert payload["preset"] == "production"
    assert payload["device"]["threads"] == 2
    assert [m["id"] for m in payload["models"]] == ["tiny"]


async def test_a_question_streams_events_and_ends_in_one_result() -> None:
    wire = await ready()
    end = await wire.ask("infer", "q", query="hello", options=GREEDY)
    mine = [m for m in wire.sent if m["id"] == "q"]
    assert "".join(m["text"] for m in mine if m["type"] == "token") == "good day" == end["payload"]["content"]
    assert [m["type"] for m in mine if m["type"] in ENDS] == ["result"]
    assert mine[-1]["type"] == "result"


async def test_loading_is_told_as_progress_of_the_engine() -> None:
    wire = await ready()
    await wire.ask("preload")
    phases = [m["phase"] for m in wire.sent if m["type"] == "progress"]
    assert phases[0] == "initializing"
    assert phases[-1] == "ready"
    assert {m["id"] for m in wire.sent if m["type"] == "progress"} == {"engine"}


async def test_cancelling_a_request_ends_it_with_what_had_streamed() -> None:
    wire = await ready("good day")
    wire.send("infer", "q", query="hello", options=GREEDY)
    while sum(m["type"] == "token" for m in wire.sent) < 3:
        await asyncio.sleep(0)
    cancelled = await wire.ask("cancel", request="q")
    end = await wire.end("q")
    assert cancelled["type"] == "result"
    assert end["type"] == "cancelled"
    assert "good day".startswith(end["partial"])
    assert len(end["partial"]) >= 3


async def test_cancelling_everything_stops_a_background_load_too() -> None:
    wire = await ready()
    wire.send("preload")
    while not any(m["type"] == "progress" and m["phase"] == "downloading" for m in wire.sent):
        await asyncio.sleep(0)
    await wire.ask("cancel")
    assert (await wire.end("preload"))["type"] == "cancelled"


async def test_a_bad_question_is_an_error_with_code_hint_and_sizes() -> None:
    wire = await ready()
    error = (await wire.ask("infer", "q", query="x" * 20_000))["error"]
    assert error["code"] == "query_too_long"
    assert error["hint"]
    assert "20,000" in error["message"] or "20000" in error["message"]


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        '{"v": 1, "id": "q", "type": "nonsense"}',
        '{"v": 2, "id": "q", "type": "status"}',
        '{"v": 1, "id": "q", "type": "infer"}',
        '{"v": 1, "id": "q", "type": "infer", "query": "x", "options": {"temperature": -1}}',
        '{"v": 1, "id": "", "type": "status"}',
    ],
)
async def test_a_message_that_is_not_ours_gets_a_protocol_error(text: str) -> None:
    wire = await ready()
    wire.sent.clear()
    wire.host.receive(text)
    assert [m["type"] for m in wire.sent] == ["error"]
    assert wire.sent[0]["error"]["code"] == "protocol"


async def test_a_malformed_message_is_answered_under_its_own_id() -> None:
    wire = await ready()
    wire.host.receive('{"v": 1, "id": "mine", "type": "nonsense"}')
    assert wire.sent[-1]["id"] == "mine"


async def test_before_initialize_everything_else_is_refused() -> None:
    wire = Wire(World(says("ok")))
    assert (await wire.ask("status"))["error"]["code"] == "engine_closed"


async def test_a_setting_that_does_not_exist_is_named() -> None:
    wire = Wire(World(says("ok")))
    error = (await wire.ask("initialize", config={"max_memory": 1}))["error"]
    assert error["code"] == "invalid_config"
    assert "max_memory" in error["message"]


async def test_the_history_reaches_the_prompt() -> None:
    wire = await ready("ok")
    turns = [{"role": "user", "content": "abc"}, {"role": "assistant", "content": "ok"}]
    await wire.ask("infer", "q", query="more", history=turns, options=GREEDY)
    prompt = wire.world.runtime.sessions[0].calls[0][0]
    assert prompt.count(29) == 2
    assert prompt[prompt.index(29) + 1 : prompt.index(29) + 4] == [1, 2, 3]


async def test_a_french_page_gets_the_french_prompt() -> None:
    wire = Wire(World(says("ok")))
    await wire.ask("initialize")
    await wire.ask("infer", "q", query="salut", locale="fr-CA", options=GREEDY)
    prompt = wire.world.runtime.sessions[0].calls[0][0]
    assert prompt[1:4] == [19, 15, 9]  # "sois bref"


async def test_status_tells_what_is_loaded_and_unload_gives_it_back() -> None:
    wire = await ready()
    await wire.ask("preload")
    loaded = (await wire.ask("status", "s1"))["payload"]["loaded"]
    assert [(m["model"], m["backend"]) for m in loaded] == [("tiny", "WASM, 2 threads")]
    await wire.ask("unload")
    assert wire.status["loaded"] == []
    assert wire.world.runtime.sessions[0].closed


async def test_a_status_has_the_parts_that_are_wanted_and_a_start_tells_all() -> None:
    wire = Wire(World(says("ok")))
    whole = (await wire.ask("initialize"))["payload"]
    assert set(whole) == set((await wire.ask("status", "all"))["payload"]) == set(get_args(Section))
    assert set((await wire.ask("status", "some", only=["agents", "custom"]))["payload"]) == {"agents", "custom"}
    assert (await wire.ask("status", "wrong", only=["everything"]))["error"]["code"] == "protocol"


async def test_what_a_request_changed_is_told_before_its_end_and_nothing_else() -> None:
    wire = await ready()
    assert (await wire.ask("configure", config={"enable_guardrails": False}))["payload"] == {}
    assert wire.changes() == [{"config"}]
    assert wire.status["config"]["enable_guardrails"] is False
    await wire.ask("preload")
    wire.sent.clear()
    assert (await wire.ask("unload"))["payload"] == {}
    assert wire.changes() == [{"loaded", "webgpu"}]
    assert (wire.status["loaded"], wire.status["webgpu"], wire.status["memory"]["models"]) == ([], [], [])


async def test_forgetting_deletes_the_stored_shards() -> None:
    wire = await ready()
    await wire.ask("preload")
    await wire.ask("unload", forget=True)
    assert (await wire.ask("storage"))["payload"]["shards"] == 0
    assert wire.world.store.shards == {}


async def test_logs_are_told_without_prompts() -> None:
    wire = await ready()
    await wire.ask("infer", "q", query="my secret", options=GREEDY)
    records = (await wire.ask("logs"))["payload"]["records"]
    assert any(r["event"] == "answered" for r in records)
    assert "secret" not in json.dumps(records)


async def test_the_log_is_followed_only_while_somebody_asked_for_it() -> None:
    wire = await ready()
    assert len((await wire.ask("logs", "first", most=1, follow=True))["payload"]["records"]) == 1
    await wire.ask("infer", "q", query="hello", options=GREEDY)
    followed = [message["record"] for message in wire.sent if message["type"] == "log"]
    assert {"state", "answered"} <= {record["event"] for record in followed}
    await wire.ask("logs", "last", follow=False)
    await wire.ask("infer", "r", query="hello", options=GREEDY)
    assert len([message for message in wire.sent if message["type"] == "log"]) == len(followed)


async def test_a_preset_can_be_named_with_fields_of_ones_own() -> None:
    wire = Wire(World(says("ok")))
    begun = (await wire.ask("initialize", preset="low_end", config={"enable_guardrails": True}))["payload"]
    assert (begun["preset"], begun["config"]["max_memory_mb"]) == ("low_end", 2000)
    assert begun["config"]["enable_guardrails"]
    await wire.ask("configure", "c", config={"verbose_logging": True})
    assert (wire.status["preset"], wire.status["config"]["max_memory_mb"]) == ("low_end", 2000)
    await wire.ask("configure", "d", preset="auto")
    assert (wire.status["preset"], wire.status["config"]["max_memory_mb"]) == ("production", 4000)
    assert not wire.status["config"]["verbose_logging"]


async def test_after_shutdown_the_engine_can_be_initialized_again() -> None:
    wire = await ready()
    await wire.ask("shutdown")
    assert (await wire.ask("status"))["error"]["code"] == "engine_closed"
    assert (await wire.ask("initialize", "again"))["type"] == "result"


async def test_telemetry_is_off_and_keeps_nothing_unless_turned_on() -> None:
    wire = await ready()
    await wire.ask("infer", "q", query="hello", options=GREEDY)
    assert (await wire.ask("telemetry"))["payload"] == {"enabled": False, "version": 1, "counts": {}}
    assert await wire.world.ports.settings.get("telemetry") is None


async def test_telemetry_that_is_on_counts_and_is_seen_exported_and_erased() -> None:
    wire = Wire(World(says("good day")))
    await wire.ask("initialize", config={"enable_telemetry": True})
    await wire.ask("infer", "q", query="my secret", options=GREEDY)
    await wire.ask("infer", "bad", query=" ")
    counts = (await wire.ask("telemetry", "t1"))["payload"]["counts"]
    assert (counts["session"], counts["answered"], counts["failed.code.empty_query"]) == (1, 1, 1)
    exported = (await wire.ask("telemetry", "t2", action="export"))["payload"]["text"]
    assert json.loads(exported)["counts"] == counts
    stored = await wire.world.ports.settings.get("telemetry")
    assert stored
    assert "secret" not in stored
    assert (await wire.ask("telemetry", "t3", action="erase"))["payload"]["counts"] == {}
    assert await wire.world.ports.settings.get("telemetry") is None


async def test_a_message_that_is_let_through_with_a_note_says_so() -> None:
    wire = await ready()
    await wire.ask("infer", "q", query="I want to die.", options=GREEDY)
    (note,) = [m for m in wire.sent if m["type"] == "guard"]
    assert (note["id"], note["category"], note["rules"]) == ("q", "self_harm", ["self_harm_thoughts"])


async def test_the_model_gets_the_message_without_its_invisible_characters() -> None:
    seen, hidden = await ready(), await ready()
    await seen.ask("infer", "q", query="hello you", options=GREEDY)
    await hidden.ask("infer", "q", query="hel\u200blo\u202e you", options=GREEDY)
    first, second = (wire.world.runtime.sessions[0].calls[0][0] for wire in (seen, hidden))
    assert first == second


async def test_an_answer_that_is_severe_abuse_ends_in_an_error_before_it_is_drawn() -> None:
    wire = await ready("Here is the recipe for sarin: take")
    end = await wire.ask("infer", "q", query="hello", options=GREEDY)
    drawn = "".join(m["text"] for m in wire.sent if m["type"] == "token")
    assert end["error"]["code"] == "harm_refused"
    assert "sarin: take" not in drawn
