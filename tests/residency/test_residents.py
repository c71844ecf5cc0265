"""The manager's memory: what is counted, who is spared, and who waits for whom."""

from __future__ import annotations

import asyncio

import pytest

from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.errors import Cancelled, OutOfMemory, RuntimeFailure, TooLarge
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.protocol import MemoryEvent
from orion_py.registry.models import Registry
from orion_py.residency.manager import ModelManager
from tests.patient_clock import settled
from tests.two_models import MB, TwoModels, registry

REGISTRY = Registry.model_validate(registry())
TINY, BIG = REGISTRY.model("tiny"), REGISTRY.model("big")


def manager(world: TwoModels, **config) -> ModelManager:
    ports = world.ports
    loader = ProgressiveLoader(ports.store, ports.runtime, clock=ports.clock, sleep=ports.sleep, uniform=ports.uniform)
    return ModelManager(EngineConfig(**config), ports, loader, world.events.append)


async def test_a_model_that_is_to_be_kept_stays_and_what_does_not_fit_beside_it_is_refused() -> None:
    m = manager(TwoModels(), max_memory_mb=900)
    await m.release(await m.acquire(TINY, CancelToken()))
    with pytest.raises(OutOfMemory, match="leaves 500 of 900 MB"):
        await m.acquire(BIG, CancelToken(), keep={"tiny"})
    await m.acquire(BIG, CancelToken())
    assert list(m.loaded) == ["big"]


async def test_a_busy_model_stays() -> None:
    m = manager(TwoModels(), max_memory_mb=900)
    await m.acquire(TINY, CancelToken())
    with pytest.raises(OutOfMemory):
        await m.acquire(BIG, CancelToken())
    assert list(m.loaded) == ["tiny"]


async def test_a_model_on_its_way_counts_with_its_estimate() -> None:
    world = TwoModels()
    gate = world.runtime.gates["big"] = asyncio.Event()
    m = manager(world, max_memory_mb=900)
    loading = asyncio.ensure_future(m.acquire(BIG, CancelToken()))
    await settled()
    assert m.memory().used_bytes == 600 * MB
    with pytest.raises(OutOfMemory):
        await m.acquire(TINY, CancelToken())
    gate.set()
    await loading


async def test_a_load_that_was_called_off_no_longer_counts() -> None:
    world = TwoModels()
    world.runtime.gates["big"] = asyncio.Event()
    m = manager(world, max_memory_mb=900)
    loading = asyncio.ensure_future(m.acquire(BIG, CancelToken()))
    await settled()
    m.cancel_loading("big")
    await m.acquire(TINY, CancelToken())
    world.runtime.gates["big"].set()
    with pytest.raises(Cancelled):
        await loading


async def test_a_load_is_called_off_only_where_nobody_else_waits_for_it() -> None:
    world = TwoModels()
    world.runtime.gates["big"] = asyncio.Event()
    m = manager(world)
    waiting = [asyncio.ensure_future(m.acquire(BIG, CancelToken())) for _ in range(2)]
    await settled()
    m.cancel_loading("big", unless_awaited_by=2)
    world.runtime.gates["big"].set()
    first, second = await asyncio.gather(*waiting)
    assert first is second


async def test_what_is_too_large_is_refused_before_anything_is_ended() -> None:
    m = manager(TwoModels(), max_memory_mb=500)
    await m.release(await m.acquire(TINY, CancelToken()))
    with pytest.raises(TooLarge):
        await m.acquire(BIG, CancelToken())
    assert list(m.loaded) == ["tiny"]


async def test_a_model_that_is_heavier_than_said_ends_idle_ones_once_it_is_here() -> None:
    world = TwoModels()
    world.runtime.bytes = {"big": 700 * MB}
    m = manager(world, max_memory_mb=1000)
    await m.release(await m.acquire(TINY, CancelToken()))
    await m.acquire(BIG, CancelToken())
    assert list(m.loaded) == ["big"]


async def test_the_page_learns_of_every_change() -> None:
    world = TwoModels()
    m = manager(world)
    model = await m.acquire(TINY, CancelToken())
    await m.release(model)
    await m.unload()
    seen = [[(row.model, row.busy) for row in event.models] for event in world.of(MemoryEvent)]
    assert [("tiny", True)] in seen
    assert [("tiny", False)] in seen
    assert seen[-1] == []


async def test_room_is_judged_without_touching_anything() -> None:
    m = manager(TwoModels(), max_memory_mb=900, max_agents_in_memory=2)
    await m.release(await m.acquire(TINY, CancelToken()))
    assert m.has_room(BIG, keep=())
    assert not m.has_room(BIG, keep={"tiny"})
    assert list(m.loaded) == ["tiny"]


async def test_a_failed_load_leaves_nothing_counted() -> None:
    world = TwoModels()
    world.runtime.broken["big"] = RuntimeFailure("broken")
    m = manager(world)
    with pytest.raises(RuntimeFailure):
        await m.acquire(BIG, CancelToken())
    await settled()
    assert m.memory().used_bytes == 0
