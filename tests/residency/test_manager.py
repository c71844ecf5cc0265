from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from orion_py.background.contest import TrialResult
from orion_py.background.gpu_trials import GpuTrials
from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.errors import Cancelled, DeviceLost, GoldenMismatch, OutOfMemory
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.protocol import FallbackEvent
from orion_py.registry.load import parse_registry
from orion_py.residency.manager import ModelManager
from orion_py.runtime.base import Device
from orion_py.telemetry.log import Logger
from tests.tiny import REGISTRY, World, manifest_json, says

GPU = Device(threads=2, webgpu=True, webgpu_name="a gpu")
ENTRY = parse_registry(json.dumps(REGISTRY)).model("tiny")
GOLDEN = {"name": "g", "tokens": [5, 6, 30], "top": [[1, 50.0], [2, 0.0], [3, 0.0]]}


def manager(world: World, **config) -> ModelManager:
    loader = ProgressiveLoader(
        world.store, world.runtime, clock=world.clock, sleep=world.clock.sleep, uniform=lambda: 0.5
    )
    return ModelManager(EngineConfig(**config), world.ports, loader, world.events.append)


def world(script=None, device: Device | None = None, golden: bool = False) -> World:
    made = World(script or says("a"), device=device)
    if golden:
        made.texts["models/tiny/manifest.json"] = manifest_json(golden=[GOLDEN])
    return made


def steps(w: World) -> list[tuple[str, str, str]]:
    return [(e.from_, e.to, e.reason_code) for e in w.events if isinstance(e, FallbackEvent)]


async def test_webgpu_is_not_used_before_it_has_proved_itself() -> None:
    w = world(device=GPU)
    await manager(w).acquire(ENTRY, CancelToken())
    assert w.runtime.opened == [("wasm", 2)]


async def test_webgpu_comes_first_when_the_user_asks_for_it() -> None:
    w = world(device=GPU)
    model = await manager(w, backend="webgpu").acquire(ENTRY, CancelToken())
    assert w.runtime.opened == [("webgpu", 1)]
    assert model.label == "WebGPU"


async def test_webgpu_that_computes_wrongly_steps_down_to_wasm() -> None:
    # Any first call is answered wrongly, the following ones rightly.
    answers = iter([2])
    w = world(lambda tokens: next(answers, 1), device=GPU, golden=True)
    model = await manager(w, backend="webgpu").acquire(ENTRY, CancelToken())
    assert model.label == "WASM, 2 threads"
    assert steps(w) == [("WebGPU", "WASM, 2 threads", "golden_mismatch")]
    assert w.runtime.sessions[0].closed


async def test_a_lost_device_steps_down_to_wasm() -> None:
    w = world(device=GPU)
    w.runtime.failures["build"] = [DeviceLost()]
    await manager(w, backend="webgpu").acquire(ENTRY, CancelToken())
    assert steps(w) == [("WebGPU", "WASM, 2 threads", "device_lost")]


async def test_the_last_rungs_failure_is_the_loads() -> None:
    w = world()
    w.runtime.failures["build"] = [OutOfMemory(), OutOfMemory("really")]
    with pytest.raises(OutOfMemory, match="really"):
        await manager(w).acquire(ENTRY, CancelToken())
    assert steps(w) == [("WASM, 2 threads", "WASM, 1 thread", "out_of_memory")]


async def test_golden_vectors_are_checked_once_and_the_verdict_is_kept() -> None:
    w = world(golden=True)
    await manager(w).acquire(ENTRY, CancelToken())
    assert len(w.runtime.sessions[0].calls) == 2
    await manager(w).acquire(ENTRY, CancelToken())
    assert w.runtime.sessions[1].calls == []


async def test_a_rebuilt_model_is_judged_anew() -> None:
    w = world(golden=True)
    await manager(w).acquire(ENTRY, CancelToken())
    await w.settings.set("manifest:tiny", manifest_json(golden=[GOLDEN], version="1.0.1"))
    await manager(w).acquire(ENTRY, CancelToken())
    assert len(w.runtime.sessions[1].calls) == 2


async def test_a_model_wrong_on_every_backend_is_refused() -> None:
    w = world(lambda tokens: 2, golden=True)
    with pytest.raises(GoldenMismatch):
        await manager(w).acquire(ENTRY, CancelToken())
    assert all(s.closed for s in w.runtime.sessions)


async def test_whoever_asks_during_a_load_joins_it() -> None:
    w = world()
    m = manager(w)
    first, second = await asyncio.gather(m.acquire(ENTRY, CancelToken()), m.acquire(ENTRY, CancelToken()))
    assert first is second
    assert len(w.runtime.sessions) == 1


async def test_cancelling_the_load_ends_it_for_all_who_wait() -> None:
    w = world()
    m = manager(w)
    waiting = [asyncio.ensure_future(m.acquire(ENTRY, CancelToken())) for _ in range(2)]
    for _ in range(6):
        await asyncio.sleep(0)
    m.cancel_loading()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(r) for r in results] == [Cancelled, Cancelled]
    assert m.loading == ()


async def test_a_model_in_use_is_not_evicted_for_another() -> None:
    w = world()
    w.texts["models/other/manifest.json"] = manifest_json(model="other")
    other = ENTRY.model_copy(update={"id": "other", "manifest": "models/other/manifest.json"})
    m = manager(w, max_agents_in_memory=1)
    first = await m.acquire(ENTRY, CancelToken())
    await m.acquire(other, CancelToken())
    assert list(m.loaded) == ["tiny", "other"]
    await m.release(first)
    assert list(m.loaded) == ["other"], "what is too much goes when it is idle"


async def test_the_least_recently_used_idle_model_makes_room() -> None:
    w = world()
    w.texts["models/other/manifest.json"] = manifest_json(model="other")
    other = ENTRY.model_copy(update={"id": "other", "manifest": "models/other/manifest.json"})
    m = manager(w, max_agents_in_memory=1)
    await m.release(await m.acquire(ENTRY, CancelToken()))
    await m.acquire(other, CancelToken())
    assert list(m.loaded) == ["other"]
    assert w.runtime.sessions[0].closed


class TimedWorld(World):
    """Each forward pass takes its backend's time."""

    def __init__(self, seconds: dict[str, float]) -> None:
        super().__init__(says("a"), device=GPU)
        self.texts["models/tiny/manifest.json"] = manifest_json(golden=[GOLDEN])
        self.clock.step = 0.0
        self.seconds = seconds

    def take_time(self) -> None:
        for session in self.runtime.sessions:
            real, cost = session.forward, self.seconds[session.report.backend]

            async def timed(tokens, position, real=real, cost=cost):
                self.clock.now += cost
                return await real(tokens, position)

            session.forward = timed  # type: ignore[method-assign]


async def trial(w: TimedWorld, m: ModelManager):
    await m.release(await m.acquire(ENTRY, CancelToken()))
    real_open = w.runtime.open

    async def open_and_time(*arguments):
        session = await real_open(*arguments)
        w.take_time()
        return session

    w.runtime.open = open_and_time  # type: ignore[method-assign]
    return await outcome(w, m)


async def outcome(w: TimedWorld, m: ModelManager) -> object:
    """What a trial of the model finds out about its variant for WebGPU; None: nothing."""

    @asynccontextmanager
    async def at_once(cancel: CancelToken):
        yield

    trials = GpuTrials(m, parse_registry(json.dumps(REGISTRY)), w.ports, Logger(), at_once, lambda: True)
    found = await trials.consider("tiny")
    return None if found is None else next(iter(found.values()))


async def test_a_faster_gpu_takes_over_and_is_first_on_the_next_visit() -> None:
    w = TimedWorld({"webgpu": 0.01, "wasm": 0.05})
    m = manager(w)
    result = await trial(w, m)
    assert isinstance(result, TrialResult)
    assert result.preferred
    assert m.loaded["tiny"].label == "WebGPU"
    assert w.runtime.sessions[0].closed
    w.runtime.opened.clear()
    await manager(w).acquire(ENTRY, CancelToken())
    assert w.runtime.opened == [("webgpu", 1)]


async def test_a_slower_gpu_is_closed_and_not_tried_again() -> None:
    w = TimedWorld({"webgpu": 0.05, "wasm": 0.05})
    m = manager(w)
    result = await trial(w, m)
    assert isinstance(result, TrialResult)
    assert not result.preferred
    assert m.loaded["tiny"].label == "WASM, 2 threads"
    assert w.runtime.sessions[1].closed
    assert await outcome(w, m) is None
    assert len(w.runtime.sessions) == 2


async def test_a_gpu_that_fails_its_trial_leaves_the_page_as_it_was() -> None:
    w = TimedWorld({"webgpu": 0.01, "wasm": 0.05})
    m = manager(w)
    await m.acquire(ENTRY, CancelToken())
    w.runtime.failures["build"] = [DeviceLost()]
    assert isinstance(await outcome(w, m), DeviceLost)
    assert m.loaded["tiny"].label == "WASM, 2 threads"
    assert not w.runtime.sessions[0].closed


async def test_a_verdict_of_another_gpu_does_not_count() -> None:
    w = TimedWorld({"webgpu": 0.01, "wasm": 0.05})
    await trial(w, manager(w))
    w.runtime._device = replace(GPU, webgpu_name="another gpu")
    w.runtime.opened.clear()
    await manager(w).acquire(ENTRY, CancelToken())
    assert w.runtime.opened == [("wasm", 2)]


async def test_a_model_that_is_loaded_again_keeps_its_tokenizer() -> None:
    w = world()
    m = manager(w)
    first = await m.acquire(ENTRY, CancelToken())
    await m.unload()
    second = await m.acquire(ENTRY, CancelToken())
    assert second is not first
    assert second.tokenizer is first.tokenizer
