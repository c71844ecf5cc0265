"""What keeps the engine standing, through the engine: breakers, memory, health."""

from __future__ import annotations

import json

import pytest

from orion_py.errors import (
    CircuitOpen,
    DeviceLost,
    OutOfMemory,
    RuntimeFailure,
    TooLarge,
    WorkerDied,
)
from orion_py.protocol import (
    BreakerEvent,
    FallbackEvent,
    InferOptions,
    MemoryEvent,
    StateEvent,
    TokenEvent,
)
from orion_py.resilience.breakers import KEY
from orion_py.runtime.base import Device
from tests.patient_clock import settled
from tests.two_models import MB, TALK, WRITE, TwoModels, engine


def model_steps(world: TwoModels) -> list[tuple[str, str, str]]:
    return [(e.from_, e.to, e.reason_code) for e in world.of(FallbackEvent) if e.kind == "model"]


def moves(world: TwoModels, name: str) -> list[str]:
    return [e.state for e in world.of(BreakerEvent) if e.name == name]


# Breakers


async def test_three_failures_open_the_breaker_then_it_half_opens_and_a_success_closes_it() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.broken["big"] = RuntimeFailure("broken")
    for _ in range(3):
        assert (await made.infer("hello", WRITE)).model == "tiny", "another model answers meanwhile"
    assert moves(world, "model:big") == ["open"]
    tries = world.runtime.opened_models.count("big")

    assert (await made.infer("hello", WRITE)).model == "tiny"
    assert world.runtime.opened_models.count("big") == tries, "nothing is tried while it is open"
    assert model_steps(world)[-1] == ("big", "tiny", "circuit_open")

    del world.runtime.broken["big"]
    await world.time.passes(30)
    assert (await made.infer("hello", WRITE)).model == "big"
    assert moves(world, "model:big") == ["open", "half_open", "closed"]


async def test_a_failing_probe_opens_the_breaker_again() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.broken["big"] = RuntimeFailure("broken")
    for _ in range(3):
        await made.infer("hello", WRITE)
    await world.time.passes(30)
    await made.infer("hello", WRITE)
    assert moves(world, "model:big") == ["open", "half_open", "open"]


async def test_the_way_down_is_a_state_of_the_request_that_the_page_can_show() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.broken["big"] = RuntimeFailure("broken")
    await made.infer("hello", WRITE, request_id="q")
    states = [(e.state, e.model) for e in world.of(StateEvent) if e.id == "q"]
    assert states[2:] == [
        ("loading_agent", "big"),
        ("fallback", "big"),
        ("loading_agent", "tiny"),
        ("inferencing", "tiny"),
        ("success", "tiny"),
    ]


async def test_when_nothing_is_left_the_error_says_for_how_long() -> None:
    world = TwoModels()
    made = await engine(world)
    for model in ("big", "tiny"):
        world.runtime.broken[model] = RuntimeFailure("broken")
    for _ in range(3):
        with pytest.raises(RuntimeFailure, match="broken"):
            await made.infer("hello", WRITE)
    await world.time.passes(10)
    with pytest.raises(CircuitOpen) as caught:
        await made.infer("hello", WRITE)
    assert caught.value.detail["retry_in_s"] == 20.0


async def test_a_model_asked_for_by_name_is_not_replaced_by_another() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.broken["big"] = RuntimeFailure("broken")
    with pytest.raises(RuntimeFailure):
        await made.infer("hello", InferOptions(model="big"))


async def test_a_worker_that_keeps_dying_before_a_word_is_said_leaves_the_answer_to_another_model() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.failures["forward"] = [WorkerDied()] * 3
    assert (await made.infer("hello", WRITE)).model == "tiny"
    assert moves(world, "model:big") == ["open"]


async def test_an_answer_that_has_begun_is_never_finished_by_another_model() -> None:
    world = TwoModels()
    made = await engine(world)

    def die(event: object) -> None:
        if isinstance(event, TokenEvent) and event.index == 2:
            world.runtime.failures["forward"] = [WorkerDied()] * 3

    made.subscribe(die)
    with pytest.raises(WorkerDied):
        await made.infer("hello", WRITE)
    assert world.runtime.opened_models.count("tiny") == 0


async def test_a_gpu_that_fails_is_passed_over_until_it_is_tried_again() -> None:
    world = TwoModels(device=Device(threads=2, webgpu=True, webgpu_name="a gpu"))
    made = await engine(world, backend="webgpu")
    world.runtime.failures["build"] = [DeviceLost()]
    for _ in range(3):
        assert (await made.infer("hello", TALK)).backend == "WASM, 2 threads"
        await made.models.unload()
        world.runtime.failures["build"] = [DeviceLost()]
    assert moves(world, "backend:WebGPU") == ["open"]
    world.runtime.failures.clear()
    world.runtime.opened.clear()
    assert (await made.infer("hello", TALK)).backend == "WASM, 2 threads"
    assert world.runtime.opened == [("wasm", 2)]
    steps = [(e.kind, e.from_, e.to, e.reason_code) for e in world.of(FallbackEvent)]
    assert steps[-1] == ("backend", "WebGPU", "WASM, 2 threads", "circuit_open")

    await made.models.unload()
    await world.time.passes(30)
    assert (await made.infer("hello", TALK)).backend == "WebGPU"
    assert moves(world, "backend:WebGPU") == ["open", "half_open", "closed"]


async def test_without_the_network_no_model_is_blamed() -> None:
    world = TwoModels()
    made = await engine(world)
    for path in list(world.texts):
        del world.texts[path]
    for _ in range(5):
        with pytest.raises(Exception, match="404"):
            await made.infer("hello", TALK)
    assert moves(world, "model:tiny") == []


async def test_a_server_that_fails_opens_the_models_breaker() -> None:
    world = TwoModels()
    made = await engine(world)
    world.unreachable.add("models/big/manifest.json")
    for _ in range(3):
        assert (await made.infer("hello", WRITE)).model == "tiny"
    assert moves(world, "model:big") == ["open"]


async def test_an_open_breaker_is_remembered_on_the_next_visit() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.broken["big"] = RuntimeFailure("broken")
    for _ in range(3):
        await made.infer("hello", WRITE)
    await settled()
    kept = json.loads(await world.settings.get(KEY) or "")
    assert kept["breakers"]["model:big"]["state"] == "open"
    tries = world.runtime.opened_models.count("big")
    again = await engine(world)
    assert (await again.infer("hello", WRITE)).model == "tiny"
    assert world.runtime.opened_models.count("big") == tries


async def test_turned_off_every_request_tries_anew() -> None:
    world = TwoModels()
    made = await engine(world, enable_circuit_breaker=False)
    world.runtime.broken["big"] = RuntimeFailure("broken")
    for _ in range(4):
        await made.infer("hello", WRITE)
    # Two rungs each time: threads, and one thread.
    assert world.runtime.opened_models.count("big") == 8
    assert made.resilience.breakers() == {}


# Memory


async def test_the_least_recently_used_model_goes_when_the_bytes_say_so() -> None:
    world = TwoModels()
    world.runtime.bytes = {"tiny": 400 * MB, "big": 600 * MB}
    made = await engine(world, max_memory_mb=900, max_agents_in_memory=4)
    await made.infer("hello", TALK)
    await made.infer("hello", WRITE)
    assert list(made.models.loaded) == ["big"]
    assert [e.evicted for e in world.of(MemoryEvent) if e.evicted] == [["tiny"]]
    assert made.resilience.memory() == {
        "used_bytes": 600 * MB,
        "budget_bytes": 900 * MB,
        "models": [{"model": "big", "bytes": 600 * MB, "busy": False}],
    }


async def test_what_can_never_fit_is_refused_with_figures_or_left_to_a_smaller_model() -> None:
    world = TwoModels()
    made = await engine(world, max_memory_mb=500)
    assert (await made.infer("hello", WRITE)).model == "tiny"
    assert model_steps(world) == [("big", "tiny", "too_large")]
    with pytest.raises(TooLarge, match="600 MB; all models together may use 500 MB"):
        await made.infer("hello", InferOptions(model="big"))
    assert "big" not in world.runtime.opened_models
    assert moves(world, "model:big") == []


async def test_when_memory_runs_out_idle_models_go_then_the_context_shrinks_then_a_smaller_model_answers() -> None:
    world = TwoModels()
    for model in ("big", "tiny"):
        text = json.loads(world.texts[f"models/{model}/manifest.json"])
        text["architecture"]["context_length"] = 2048
        world.texts[f"models/{model}/manifest.json"] = json.dumps(text)
    made = await engine(world, threads=1)
    await made.infer("hello", TALK)
    world.runtime.contexts.clear()
    world.runtime.broken["big"] = OutOfMemory("the browser refused")
    assert (await made.infer("hello", WRITE)).model == "tiny"
    steps = [(e.kind, e.from_, e.to) for e in world.of(FallbackEvent)]
    assert steps == [
        ("memory", "other models kept at hand", "this model alone"),
        ("context", "2,048 tokens", "1,024 tokens"),
        ("context", "1,024 tokens", "512 tokens"),
        ("model", "big", "tiny"),
    ]
    assert world.runtime.contexts == [2048, 2048, 1024, 512, 2048]


async def test_a_model_that_is_heavier_than_said_counts_as_it_is() -> None:
    world = TwoModels()
    world.runtime.bytes = {"big": 950 * MB}
    made = await engine(world, max_memory_mb=900, threads=1)
    assert (await made.infer("hello", WRITE)).model == "tiny"
    assert world.runtime.session("big").closed
    assert model_steps(world) == [("big", "tiny", "out_of_memory")]


# Health


async def test_an_idle_worker_that_died_is_replaced_before_anybody_notices() -> None:
    world = TwoModels()
    made = await engine(world)
    await made.infer("hello", TALK)
    world.runtime.failures["ping"] = [WorkerDied()]
    await world.time.passes(1)
    await world.time.passes(60)
    for _ in range(30):
        await settled()
    assert [closed.closed for _, closed in world.runtime.models] == [True, False]
    assert list(made.models.loaded) == ["tiny"]
    assert world.of(FallbackEvent) == []


async def test_a_worker_that_died_long_ago_is_replaced_when_it_is_needed() -> None:
    world = TwoModels()
    made = await engine(world)
    await made.infer("hello", TALK)
    world.time.now += 3600  # a computer that slept: no timer ran
    world.runtime.failures["ping"] = [WorkerDied()]
    assert (await made.infer("hello", TALK)).content == "good day"
    assert len(world.runtime.models) == 2
    assert world.of(FallbackEvent) == []
