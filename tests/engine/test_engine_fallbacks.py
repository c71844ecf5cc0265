"""Holds what the engine does when a part fails it: a worker, threads, storage, the network, a shard."""

from __future__ import annotations

import pytest

from orion_py.errors import BackendUnavailable, DownloadFailed, WorkerDied
from orion_py.protocol import Event, FallbackEvent, TokenEvent
from orion_py.runtime.base import Device
from tests.tiny import WEIGHTS, World, says, sha, url
from tests.tiny_engine import GREEDY, engine, states, text


async def test_a_worker_that_dies_is_replaced_and_the_answer_goes_on_where_it_was() -> None:
    world = World(says("good day"))
    made = await engine(world)

    def die_once(event: Event) -> None:
        if isinstance(event, TokenEvent) and event.index == 3 and len(world.runtime.sessions) == 1:
            world.runtime.failures["forward"] = [WorkerDied()]

    made.subscribe(die_once)
    response = await made.infer("hello", GREEDY, request_id="q")
    assert response.content == "good day" == text(world.events, "q")
    assert states(world.events, "q")[3:] == ["inferencing", "fallback", "loading_agent", "inferencing", "success"]
    assert world.runtime.sessions[0].closed
    assert len(world.runtime.sessions) == 2
    assert [e.kind for e in world.events if isinstance(e, FallbackEvent)] == ["worker"]


async def test_a_worker_that_keeps_dying_is_an_error_with_a_hint() -> None:
    world = World(says("ok"))
    made = await engine(world)
    world.runtime.failures["forward"] = [WorkerDied()] * 9
    with pytest.raises(WorkerDied):
        await made.infer("hello", GREEDY, request_id="q")
    assert states(world.events, "q")[-1] == "error"


async def test_threads_that_will_not_start_step_down_to_one() -> None:
    world = World(says("ok"))
    world.runtime.failures["build"] = [BackendUnavailable("no shared memory")]
    response = await (await engine(world)).infer("hello", GREEDY)
    assert response.backend == "WASM, 1 thread"
    step = next(e for e in world.events if isinstance(e, FallbackEvent))
    assert (step.kind, step.from_, step.to) == ("threads", "WASM, 2 threads", "WASM, 1 thread")


async def test_without_isolation_one_thread_is_all_that_is_tried() -> None:
    world = World(says("ok"), device=Device(threads=1, webgpu=False))
    await (await engine(world)).infer("hello", GREEDY)
    assert world.runtime.opened == [("wasm", 1)]


async def test_a_quota_that_is_refused_keeps_the_model_in_memory_and_says_so() -> None:
    world = World(says("ok"))
    world.store.quota = 10
    assert (await (await engine(world)).infer("hello", GREEDY)).content == "ok"
    assert [e.kind for e in world.events if isinstance(e, FallbackEvent)] == ["storage"]


async def test_a_browser_that_stores_nothing_is_said_at_the_start() -> None:
    world = World(says("ok"))
    world.store.memory_reason = "private mode"
    await engine(world)
    assert [(e.kind, e.reason) for e in world.events if isinstance(e, FallbackEvent)] == [("storage", "private mode")]


async def test_offline_the_manifest_kept_from_the_last_load_serves() -> None:
    world = World(says("ok"))
    await (await engine(world)).infer("hello", GREEDY)
    del world.texts["models/tiny/manifest.json"]
    world.runtime.sessions.clear()
    assert (await (await engine(world)).infer("hello", GREEDY)).content == "ok"


async def test_offline_on_a_first_visit_the_download_fails_and_says_so() -> None:
    world = World(says("ok"))
    del world.texts["models/tiny/manifest.json"]
    with pytest.raises(DownloadFailed):
        await (await engine(world)).infer("hello", GREEDY)


async def test_a_shard_damaged_on_the_device_heals_and_the_answer_comes() -> None:
    world = World(says("ok"))
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await made.models.unload()
    world.store.shards[sha(WEIGHTS[1])] = b"short"
    before = len(world.store.requests)
    assert (await made.infer("hello", GREEDY)).content == "ok"
    assert [u for u, _ in world.store.requests[before:]] == [url(WEIGHTS[1])]
