"""An engine is whole from its start, or there is none."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import Any

import pytest

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.engine.scheduler import Background
from orion_py.engine.start import Ground, Parts
from orion_py.errors import DownloadFailed, EngineClosed
from orion_py.protocol import Event, FallbackEvent, LogEvent, QueueEvent
from orion_py.telemetry.log import Logger
from tests.tiny import World, says


def parts_of(thing: Parts | Ground | Background) -> list[tuple[str, Any]]:
    named = [(field.name, getattr(thing, field.name)) for field in fields(thing)]
    inner = [part for _, part in named if isinstance(part, Ground | Background)]
    return named + [pair for part in inner for pair in parts_of(part)]


async def test_no_part_of_an_engine_is_missing_until_later() -> None:
    engine = await Engine.start(EngineConfig(), World(says("ok")).ports)
    assert not [name for name, part in parts_of(engine._parts) if part is None]
    status = engine.resilience
    assert None not in (status.predictive(), status.upgrade(), status.memory())


async def test_who_subscribes_with_the_start_hears_what_happens_meanwhile() -> None:
    world, heard = World(says("ok")), list[Event]()
    world.ports.store.memory_reason = "a private window"  # type: ignore[misc]
    await Engine.start(EngineConfig(verbose_logging=True), world.ports, subscribers=[heard.append])
    assert [event.kind for event in heard if isinstance(event, FallbackEvent)] == ["storage"]
    assert "initialized" in [event.record["event"] for event in heard if isinstance(event, LogEvent)]


async def test_nothing_goes_on_of_a_start_that_failed() -> None:
    world = World(says("ok"))
    del world.texts["models.json"]
    before, log, heard = asyncio.all_tasks(), Logger(), list[Event]()
    with pytest.raises(DownloadFailed):
        await Engine.start(EngineConfig(verbose_logging=True), world.ports, log, subscribers=[heard.append])
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    heard.clear()
    log.info("later")
    assert not heard


async def test_leaving_the_block_shuts_it_down() -> None:
    async with await Engine.start(EngineConfig(), World(says("ok")).ports) as engine:
        assert (await engine.infer("hello")).content == "ok"
    with pytest.raises(EngineClosed):
        await engine.infer("hello")


async def test_a_subscriber_that_left_hears_no_more() -> None:
    heard: list[Event] = []
    engine = await Engine.start(EngineConfig(), World(says("ok")).ports)
    leave = engine.subscribe(heard.append)
    await engine.infer("hello")
    assert any(isinstance(event, QueueEvent) for event in heard)
    leave()
    heard.clear()
    await engine.infer("hello")
    assert not heard
