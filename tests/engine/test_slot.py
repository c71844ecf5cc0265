"""Requests around the start of the engine, and a Stop that comes before anything was done."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from orion_py.storage.base import StorageEstimate
from tests.engine.test_host import GREEDY, Wire, ready
from tests.lite_and_full import LiteAndFull
from tests.tiny import World, says
from tests.two_models import TwoModels


class SlowStart(World):
    """models.json arrives when ``gate`` is opened; before it, ``asked`` tells that it is wanted."""

    def __init__(self) -> None:
        super().__init__(says("good day"))
        self.gate = asyncio.Event()
        self.reads = 0

    async def _fetch_text(self, path: str) -> str:
        if path == "models.json":
            self.reads += 1
            await self.gate.wait()
        return await super()._fetch_text(path)


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_question_sent_right_after_initialize_waits_for_it() -> None:
    wire = Wire(SlowStart())
    wire.send("initialize")
    wire.send("infer", "q", query="hello", options=GREEDY)
    await turns()
    assert not [m for m in wire.sent if m["type"] in ("result", "error")]
    wire.world.gate.set()
    assert (await wire.end("q"))["payload"]["content"] == "good day"
    assert (await wire.end("initialize"))["type"] == "result"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("status", {}),
        ("route", {"query": "hello"}),
        ("preload", {}),
        ("configure", {"config": {"threads": 1}}),
        ("logs", {}),
        ("telemetry", {}),
        ("unload", {}),
    ],
)
async def test_whatever_needs_the_engine_waits_for_its_start(kind: str, fields: dict[str, Any]) -> None:
    wire = Wire(SlowStart())
    wire.send("initialize")
    wire.send(kind, "early", **fields)
    await turns()
    wire.world.gate.set()
    assert (await wire.end("early"))["type"] == "result"


async def test_a_question_without_any_initialize_is_refused_at_once() -> None:
    wire = Wire(World(says("ok")))
    error = (await wire.ask("infer", "q", query="hello"))["error"]
    assert (error["code"], error["message"]) == ("engine_closed", "Send initialize first.")


async def test_a_question_that_waited_for_a_start_that_failed_is_told_why() -> None:
    wire = Wire(SlowStart())
    wire.world.texts.pop("models.json")
    wire.send("initialize")
    wire.send("infer", "q", query="hello")
    wire.world.gate.set()
    assert (await wire.end("initialize"))["error"]["code"] == "download_failed"
    error = (await wire.end("q"))["error"]
    assert error["code"] == "engine_closed"
    assert "404: models.json" in error["message"]


async def test_after_a_failed_start_another_may_succeed() -> None:
    wire = Wire(World(says("good day")))
    kept = wire.world.texts.pop("models.json")
    assert (await wire.ask("initialize", "first"))["type"] == "error"
    wire.world.texts["models.json"] = kept
    assert (await wire.ask("initialize", "second"))["type"] == "result"
    assert (await wire.ask("infer", "q", query="hello", options=GREEDY))["type"] == "result"


async def test_two_starts_at_once_make_one_engine() -> None:
    wire = Wire(SlowStart())
    wire.send("initialize", "first")
    wire.send("initialize", "second")
    await turns()
    wire.world.gate.set()
    assert (await wire.end("first"))["type"] == "result"
    assert (await wire.end("second"))["type"] == "result"
    assert wire.world.reads == 1


async def test_a_start_is_stopped_and_whoever_waited_for_it_is_told() -> None:
    wire = Wire(SlowStart())
    wire.send("initialize")
    wire.send("infer", "q", query="hello")
    await turns()
    await wire.ask("cancel", request="initialize")
    assert (await wire.end("initialize"))["type"] == "cancelled"
    assert (await wire.end("q"))["error"]["code"] == "engine_closed"
    wire.world.gate.set()
    assert (await wire.ask("initialize", "again"))["type"] == "result"


async def test_a_start_that_somebody_else_wants_too_goes_on_when_one_stops_it() -> None:
    wire = Wire(SlowStart())
    wire.send("initialize", "first")
    wire.send("initialize", "second")
    await turns()
    await wire.ask("cancel", request="first")
    wire.world.gate.set()
    assert (await wire.end("first"))["type"] == "cancelled"
    assert (await wire.end("second"))["type"] == "result"


async def test_a_question_waiting_for_the_start_is_stopped_and_the_start_goes_on() -> None:
    wire = Wire(SlowStart())
    wire.send("initialize")
    wire.send("infer", "q", query="hello")
    await turns()
    await wire.ask("cancel", request="q")
    assert (await wire.end("q"))["type"] == "cancelled"
    wire.world.gate.set()
    assert (await wire.end("initialize"))["type"] == "result"


async def test_after_a_shutdown_questions_are_refused_and_a_new_start_is_a_new_engine() -> None:
    wire = await ready()
    wire.send("shutdown")
    wire.send("initialize", "again")
    wire.send("infer", "q", query="hello", options=GREEDY)
    assert (await wire.end("shutdown"))["type"] == "result"
    assert (await wire.end("again"))["type"] == "result"
    assert (await wire.end("q"))["payload"]["content"] == "good day"
    await wire.ask("shutdown", "last")
    assert (await wire.ask("infer", "r", query="hello"))["error"]["code"] == "engine_closed"


async def test_a_start_whose_result_no_message_can_carry_ends_all_the_same() -> None:
    """Pyodide's JsNull in the storage's estimate left WebKitGTK waiting for ever."""
    world = World(says("good day"))

    async def estimate() -> StorageEstimate:
        return StorageEstimate(object(), None, False)  # type: ignore[arg-type]

    world.store.estimate = estimate  # type: ignore[method-assign]
    wire = Wire(world)
    error = (await wire.ask("initialize"))["error"]
    assert error["code"] == "orion"
    assert "serialize" in error["message"]
    assert (await wire.ask("storage"))["type"] == "error", "nor does any other request wait for ever"
    assert (await wire.ask("preload"))["type"] == "result"


# A Stop right behind


async def test_a_stop_right_behind_its_question_cancels_it() -> None:
    wire = await ready()
    wire.send("infer", "q", query="hello", options=GREEDY)
    wire.send("cancel", request="q")
    assert (await wire.end("q"))["type"] == "cancelled"
    assert not wire.world.runtime.sessions, "nothing was loaded for it"


async def test_a_stop_of_everything_right_behind_a_question_cancels_it_too() -> None:
    wire = await ready()
    wire.send("infer", "q", query="hello", options=GREEDY)
    wire.send("cancel")
    assert (await wire.end("q"))["type"] == "cancelled"


@pytest.mark.parametrize("waits", range(12))
async def test_whenever_a_stop_comes_the_question_ends_as_cancelled(waits: int) -> None:
    wire = await ready()
    wire.send("infer", "q", query="hello", options=GREEDY)
    await turns(waits)
    assert not any(m["id"] == "q" and m["type"] == "result" for m in wire.sent)
    wire.send("cancel", request="q")
    assert (await wire.end("q"))["type"] == "cancelled"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("initialize", {}),
        ("route", {"query": "hello"}),
        ("preload", {}),
        ("model.inspect", {"address": "models/tiny/"}),
        ("model.add", {"address": "models/tiny/"}),
    ],
)
async def test_a_stop_right_behind_any_other_request_cancels_it(kind: str, fields: dict[str, Any]) -> None:
    wire = await ready()
    wire.send(kind, "it", **fields)
    wire.send("cancel", request="it")
    assert (await wire.end("it"))["type"] == "cancelled"


async def test_a_model_isnt_added_when_that_is_stopped_while_it_is_looked_at() -> None:
    world = TwoModels()
    wire = Wire(world)
    await wire.ask("initialize")
    gate = asyncio.Event()
    real = world.ports.fetch_text

    async def slow(path: str) -> str:
        if "elsewhere" in path:
            await gate.wait()
            return json.dumps({**json.loads(world.texts["models/tiny/manifest.json"]), "model": "other"})
        return await real(path)

    object.__setattr__(world.ports, "fetch_text", slow)
    wire.send("model.add", "it", address="elsewhere/")
    await turns()
    await wire.ask("cancel", request="it")
    assert (await wire.end("it"))["type"] == "cancelled"
    gate.set()
    await turns()
    assert (await wire.ask("status"))["payload"]["added"] == []


async def test_a_stop_is_heard_while_the_question_is_routed_and_the_queue_goes_on() -> None:
    wire = await ready()
    engine = wire.host._engine
    assert engine is not None
    real, stuck = engine.router.route, asyncio.Event()

    async def never(query: str, locale: str, attachments: Any = ()) -> Any:
        if query == "stuck":
            stuck.set()
            await asyncio.get_running_loop().create_future()
        return await real(query, locale, attachments)

    engine.router.route = never  # type: ignore[method-assign]
    wire.send("infer", "q", query="stuck", options=GREEDY)
    wire.send("infer", "r", query="hello", options=GREEDY)
    await stuck.wait()
    await wire.ask("cancel", request="q")
    assert (await wire.end("q"))["type"] == "cancelled"
    assert (await wire.end("r"))["payload"]["content"] == "good day"


async def test_going_back_to_a_version_is_stopped_too() -> None:
    world = LiteAndFull()
    wire = Wire(world)
    await wire.ask("initialize")
    wire.send("version", "it", action="back", model="tiny")
    wire.send("cancel", request="it")
    assert (await wire.end("it"))["type"] == "cancelled"
