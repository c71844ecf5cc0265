"""Which model a visit begins with: the one that answered last, if the device bore it well."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from orion_py.background.first_model import KEY, FirstModel
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import OutOfMemory, StorageUnavailable
from orion_py.protocol import InferOptions
from orion_py.registry.models import ModelEntry
from orion_py.runtime.ahead import Held, NothingAhead
from orion_py.storage.memory_settings import MemorySettings
from orion_py.telemetry.log import Logger
from tests.lite_and_full import LiteAndFull

GREEDY = InferOptions(temperature=0)


async def visit(world: LiteAndFull, config: EngineConfig | None = None) -> Engine:
    """A new engine over what earlier visits left on the device."""
    return await Engine.start(config or EngineConfig(), world.ports, Logger(clock=world.ports.clock))


async def big_answers_a_visit(world: LiteAndFull) -> None:
    made = await visit(world)
    await made.preload("big")
    assert (await made.infer("hello", GREEDY)).model == "big"
    await made.shutdown()


async def test_a_visit_begins_with_the_model_of_the_last_answer() -> None:
    world = LiteAndFull()
    await big_answers_a_visit(world)
    made = await visit(world)
    assert await made.preload() == "big"
    assert (await made.infer("hello", GREEDY)).model == "big"


async def test_the_first_visit_begins_with_the_small_one() -> None:
    made = await visit(LiteAndFull())
    assert await made.preload() == "tiny"


async def test_after_an_answer_of_the_small_one_the_next_visit_begins_with_it() -> None:
    world = LiteAndFull()
    await big_answers_a_visit(world)
    made = await visit(world, EngineConfig(enable_full_models=False))
    assert await made.preload() == "tiny", "who turned larger models off gets none"
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    await made.shutdown()
    assert await (await visit(world)).preload() == "tiny"


async def test_a_visit_that_ended_in_the_middle_of_that_load_is_not_repeated() -> None:
    world = LiteAndFull()
    await big_answers_a_visit(world)
    await world.settings.set(KEY, json.dumps({"model": "big", "trying": True}))
    assert await (await visit(world)).preload() == "tiny"
    assert await world.settings.get(KEY) is None


async def test_out_of_memory_at_the_start_leaves_the_visit_to_the_small_one_and_is_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = LiteAndFull()
    await big_answers_a_visit(world)
    made = await visit(world)
    acquire = made.models.acquire

    async def too_large(entry: ModelEntry, *rest: Any) -> Any:
        if entry.id == "big":
            raise OutOfMemory("too large")
        return await acquire(entry, *rest)

    monkeypatch.setattr(made.models, "acquire", too_large)
    assert await made.preload() == "tiny"
    assert await world.settings.get(KEY) is None


async def test_a_question_waits_for_the_model_that_the_visit_begins_with() -> None:
    world = LiteAndFull()
    await big_answers_a_visit(world)
    made = await visit(world)
    coming = asyncio.ensure_future(made.preload())
    await asyncio.sleep(0)
    answer = asyncio.ensure_future(made.infer("hello", GREEDY))
    assert await coming == "big"
    assert (await answer).model == "big"
    assert list(made.models.loaded) == ["big"], "the small one wasn't loaded beside it"


async def test_a_question_that_comes_before_that_model_is_chosen_waits_for_the_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = LiteAndFull()
    await big_answers_a_visit(world)
    made = await visit(world)
    get, slow = world.settings.get, asyncio.Event()

    async def slowly(key: str) -> str | None:
        if key == KEY:
            await slow.wait()
        return await get(key)

    monkeypatch.setattr(world.settings, "get", slowly)
    coming = asyncio.ensure_future(made.preload())
    await asyncio.sleep(0)
    answer = asyncio.ensure_future(made.infer("hello", GREEDY))
    for _ in range(100):
        await asyncio.sleep(0)
    slow.set()
    assert await coming == "big"
    assert (await answer).model == "big"
    assert list(made.models.loaded) == ["big"]


class OnItsWay(NothingAhead):
    """The large model, since before Python was up."""

    def held(self) -> Held | None:
        return Held("big", 1)


async def test_a_question_that_comes_before_anybody_chose_takes_what_is_on_its_way_already() -> None:
    """It was asked while Python booted, and the page asks for the first model only when that is done."""
    world = LiteAndFull()
    await big_answers_a_visit(world)
    ports = replace(world.ports, ahead=OnItsWay())
    made = await Engine.start(EngineConfig(), ports, Logger(clock=world.ports.clock))
    assert (await made.infer("hello", GREEDY)).model == "big"
    assert list(made.models.loaded) == ["big"], "the small one wasn't loaded in its place"


async def test_a_choice_that_was_given_up_holds_no_question() -> None:
    async def for_ever(entry: ModelEntry) -> bool:
        await asyncio.Event().wait()
        return True

    world = LiteAndFull()
    await big_answers_a_visit(world)
    made = await visit(world)
    first = FirstModel(world.settings, for_ever, NothingAhead())
    choosing = asyncio.ensure_future(first.choose([made.registry.model("big")]))
    for _ in range(10):
        await asyncio.sleep(0)
    choosing.cancel()
    assert await first.coming() is None


async def test_a_model_that_is_no_longer_on_the_device_whole_is_not_waited_for() -> None:
    async def gone(entry: ModelEntry) -> bool:
        return False

    world = LiteAndFull()
    await big_answers_a_visit(world)
    made = await visit(world)
    assert await FirstModel(world.settings, gone, NothingAhead()).choose([made.registry.model("big")]) is None


@pytest.mark.parametrize("text", ["", "null", "[]", '"big"', '{"model": 3}', "{broken"])
async def test_a_note_that_cannot_be_read_counts_as_none(text: str) -> None:
    async def stored(entry: ModelEntry) -> bool:
        return True

    settings = MemorySettings()
    await settings.set(KEY, text)
    made = await visit(LiteAndFull())
    assert await FirstModel(settings, stored, NothingAhead()).choose([made.registry.model("big")]) is None


async def test_a_device_that_keeps_no_note_answers_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise StorageUnavailable("no")

    settings = MemorySettings()
    for name in ("get", "set", "delete"):
        monkeypatch.setattr(settings, name, refuse)

    async def stored(entry: ModelEntry) -> bool:
        return True

    made = await visit(LiteAndFull())
    first = FirstModel(settings, stored, NothingAhead())
    assert await first.choose([made.registry.model("big")]) is None
    await first.on_answered("big")
    async with first.tried(made.registry.model("big")):
        pass
