"""Log records say which request they belong to, how long things took and what memory holds, to whoever reads them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.engine.host import EngineHost
from orion_py.errors import Cancelled, WorkerDied
from orion_py.protocol import InferOptions, TokenEvent
from orion_py.telemetry.log import Logger
from tests.tiny import World, says

GREEDY = InferOptions(temperature=0)


async def engine(world: World) -> Engine:
    return await Engine.start(EngineConfig(verbose_logging=True), world.ports, Logger(clock=world.clock, verbose=True))


async def test_all_records_of_a_request_can_be_found_by_its_id() -> None:
    made = await engine(World(says("good day")))
    await made.infer("hello", GREEDY, request_id="one")
    await made.infer("hello", GREEDY, request_id="two")
    for request in ("one", "two"):
        events = [record["event"] for record in made.log.records(request=request)]
        assert events.count("state") == 5
        assert {"load", "inference", "answered"} <= set(events)


async def test_loads_and_answers_are_timed() -> None:
    made = await engine(World(says("good day")))
    await made.infer("hello", GREEDY, request_id="q")
    load, inference = made.log.records(kind="performance")
    assert (load["event"], load["model"], load["backend"]) == ("load", "tiny", "WASM, 2 threads")
    assert (inference["event"], inference["tokens"]) == ("inference", 8)
    assert load["ms"] > 0
    assert inference["ms"] > 0


async def test_what_memory_holds_is_recorded_when_it_changes_and_only_then() -> None:
    world = World(says("ok"))
    made = await engine(world)
    await made.infer("hello", GREEDY)
    after_one = made.log.records(kind="memory")
    await made.infer("hello", GREEDY)
    assert made.log.records(kind="memory") == after_one
    assert (after_one[-1]["bytes"], after_one[-1]["models"]) == (made.models.memory().used_bytes, ["tiny"])
    await made.models.unload()
    assert made.log.records(kind="memory")[-1]["bytes"] == 0


async def test_a_failure_is_a_warning_with_its_name() -> None:
    world = World(says("good day to everybody"))
    made = await engine(world)
    world.runtime.failures["forward"] = [WorkerDied()] * 9
    with pytest.raises(WorkerDied):
        await made.infer("hello", GREEDY, request_id="broken")
    assert made.log.records("WARN", request="broken", event="inference")[0]["failed"] == "WorkerDied"


async def test_a_stop_is_no_warning() -> None:
    made = await engine(World(says("good day to everybody")))

    def stop(event: object) -> None:
        if isinstance(event, TokenEvent) and event.index == 2:
            made.cancel("stopped")

    made.subscribe(stop)
    with pytest.raises(Cancelled):
        await made.infer("hello", GREEDY, request_id="stopped")
    assert made.log.records("WARN", request="stopped") == []
    assert made.log.records(request="stopped", event="inference")[0]["failed"] == "Cancelled"


async def test_the_protocol_filters_the_log_by_level_kind_and_request() -> None:
    world = World(says("ok"))
    posted: list[dict[str, Any]] = []
    host = EngineHost(world.ports, lambda text: posted.append(json.loads(text)))

    async def ask(type_: str, id: str, **fields: Any) -> dict[str, Any]:
        host.receive(json.dumps({"v": 1, "id": id, "type": type_, **fields}))
        for _ in range(10_000):
            for message in posted:
                if message["id"] == id and message["type"] in ("result", "error"):
                    payload: dict[str, Any] = message["payload"]
                    return payload
            await asyncio.sleep(0)
        raise AssertionError("no end")

    await ask("initialize", "a", config={"use_neural_router": False})
    await ask("infer", "q", query="hello", options={"temperature": 0})
    timed = (await ask("logs", "b", kind="performance", request="q"))["records"]
    assert [record["event"] for record in timed] == ["load", "inference"]
    assert (await ask("logs", "c", level="ERROR"))["records"] == []
    assert len((await ask("logs", "d", most=2))["records"]) == 2
