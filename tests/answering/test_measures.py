"""Percentiles of what is measured, and slow calls: told as events, kept in the status, judged by the breaker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.engine.host import EngineHost
from orion_py.generation.answer import PACE_TOKENS, Answer
from orion_py.protocol import BreakerEvent, FallbackEvent, InferOptions, MetricEvent
from orion_py.resilience.breaker_states import BreakerPolicy
from orion_py.resilience.breakers import Breakers
from orion_py.storage.memory_settings import MemorySettings
from orion_py.telemetry.log import Logger
from tests.tiny import Clock, World, manifest_json, says
from tests.two_models import registry

GREEDY = InferOptions(temperature=0)
AT_ONCE = 0.000_001
"""A limit that every answer exceeds, in seconds."""


async def engine(world: World, **config: Any) -> Engine:
    return await Engine.start(
        EngineConfig(**config), world.ports, Logger(clock=world.clock), subscribers=[world.events.append]
    )


def metrics(world: World, name: str) -> list[MetricEvent]:
    return [e for e in world.events if isinstance(e, MetricEvent) and e.name == name]


def two_for_one_agent() -> World:
    """One agent that prefers "big" and falls back to "tiny"."""
    world = World(says("good day"))
    known = registry()
    known["agents"][0]["models"] = ["big", "tiny"]
    world.texts["models.json"] = json.dumps(known)
    world.texts["models/big/manifest.json"] = manifest_json(model="big")
    return world


async def test_every_answer_is_measured_and_its_percentiles_are_told() -> None:
    world = World(says("good day"))
    made = await engine(world)
    responses = [await made.infer("hello", GREEDY, request_id=f"q{n}") for n in range(3)]
    for name in ("first_token", "routing", "inference", "total", "pace", "tokens_per_second"):
        told = metrics(world, name)
        assert [event.id for event in told] == ["q0", "q1", "q2"], name
        assert [event.count for event in told] == [1, 2, 3]
        assert told[-1].p50 <= told[-1].p95
    assert metrics(world, "first_token")[-1].value == responses[-1].timings["first_token"]
    timings = responses[0].timings
    assert metrics(world, "inference")[0].value == pytest.approx(timings["prefill"] + timings["decode"], abs=0.01)
    kept = made.metrics.snapshot()["histograms"]
    assert kept["first_token"]["count"] == 3
    assert kept["first_token"]["p95"] == pytest.approx(metrics(world, "first_token")[-1].p95, abs=0.001)


async def test_a_load_is_timed_once_and_a_model_in_memory_is_no_load() -> None:
    world = World(says("ok"))
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await made.infer("hello", GREEDY)
    assert [event.id for event in metrics(world, "loading")] == ["engine"]
    assert metrics(world, "loading")[0].value > 0


async def test_slow_answers_open_the_models_breaker_and_a_smaller_model_answers() -> None:
    world = two_for_one_agent()
    made = await engine(world, slow_call_s=AT_ONCE)
    models = [(await made.infer("hello", GREEDY)).model for _ in range(8)]
    assert models == ["big"] * 6 + ["tiny"] * 2
    moved = [e for e in world.events if isinstance(e, BreakerEvent)]
    assert [(e.name, e.state, e.cause, e.failures) for e in moved] == [("model:big", "open", "slow", 0)]
    assert made.resilience.breakers()["model:big"]["cause"] == "slow"
    assert made.resilience.breakers()["model:big"]["slow"] == 6
    step = [e for e in world.events if isinstance(e, FallbackEvent)][-1]
    assert (step.kind, step.from_, step.to, step.reason_code) == ("model", "big", "tiny", "circuit_open")
    assert "too slowly" in step.reason
    assert made.metrics.snapshot()["counters"]["slow_calls"] == 8


async def test_a_slow_answer_is_better_than_none_where_no_other_model_is_left() -> None:
    world = World(says("ok"))
    made = await engine(world, slow_call_s=AT_ONCE)
    for _ in range(9):
        assert (await made.infer("hello", GREEDY)).content == "ok"
    assert made.resilience.breakers()["model:tiny"]["state"] == "open"
    await made.models.unload("tiny")
    assert await made.preload("tiny") == "tiny"


async def test_with_the_default_limit_ordinary_answers_are_not_slow() -> None:
    world = two_for_one_agent()
    made = await engine(world)
    for _ in range(8):
        await made.infer("hello", GREEDY)
    assert made.resilience.breakers()["model:big"]["slow"] == 0
    assert not any(event.slow for event in metrics(world, "pace"))


async def test_the_limits_can_be_changed_while_it_runs() -> None:
    world = two_for_one_agent()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    made.configure(EngineConfig(slow_call_s=AT_ONCE))
    for _ in range(6):
        await made.infer("hello", GREEDY)
    assert [e.cause for e in world.events if isinstance(e, BreakerEvent)] == ["slow"]


def test_calls_older_than_the_window_no_longer_count() -> None:
    clock = Clock()
    breakers = Breakers(clock, BreakerPolicy(window_s=60.0, slow_call_s=5.0))
    for _ in range(5):
        breakers.answered("a", "WASM, 2 threads", 9.0)
    clock.now += 61
    breakers.answered("a", "WASM, 2 threads", 9.0)
    assert breakers.model("a").state == "closed"
    assert breakers.model("a").metrics()["slow_rate"] == 1.0


def test_a_slow_gpu_speaks_against_the_gpu_and_slow_threads_only_against_the_model() -> None:
    breakers = Breakers(Clock(), BreakerPolicy(slow_call_s=5.0))
    for label in ("WebGPU", "WASM, 2 threads"):
        for _ in range(6):
            breakers.answered(label, label, 9.0)
    states = {name: row["state"] for name, row in breakers.metrics().items()}
    assert states["backend:WebGPU"] == states["model:WebGPU"] == "open"
    assert states["backend:WASM, 2 threads"] == "closed"


async def test_how_long_calls_took_and_why_a_breaker_opened_is_kept_across_visits() -> None:
    settings, policy = MemorySettings(), BreakerPolicy(slow_call_s=5.0)
    breakers = Breakers(Clock(), policy)
    for _ in range(6):
        breakers.answered("a", "WASM, 2 threads", 9.0)
    breakers.answered("b", "WASM, 2 threads", 2.0)
    await breakers.keep(settings)
    again = Breakers(Clock(), policy)
    await again.recall(settings)
    assert again.model("a").cause == "slow"
    assert again.metrics()["model:b"]["p95_s"] == 2.0


def test_the_pace_of_a_long_answer_is_that_of_a_short_one() -> None:
    def answer(tokens: int, decode: float) -> Answer:
        made = Answer([1], None, 0, None, 512)  # type: ignore[arg-type]
        made.tokens, made.prefill, made.decode = [1] * tokens, 2.0, decode
        return made

    assert answer(500, 50.0).pace_s == answer(50, 5.0).pace_s == 2.0 + 0.1 * PACE_TOKENS
    assert answer(2, 3.0).pace_s == 5.0


async def test_the_status_has_measurements_webgpus_verdict_and_the_steps_down() -> None:
    world = World(says("ok"))
    posted: list[dict[str, Any]] = []
    host = EngineHost(world.ports, lambda text: posted.append(json.loads(text)))

    async def end_of(kind: str, **fields: Any) -> dict[str, Any]:
        host.receive(json.dumps({"v": 1, "id": kind, "type": kind, **fields}))
        while True:
            for message in posted:
                if message["id"] == kind and message["type"] in ("result", "error"):
                    return message
            await world.clock.sleep(0)

    await end_of("initialize", config={"use_neural_router": False})
    await end_of("infer", query="hello", options={"temperature": 0})
    status = (await end_of("status"))["payload"]
    assert status["metrics"]["histograms"]["first_token"]["count"] == 1
    assert status["webgpu"] == [
        {
            "model": "tiny",
            "session": "",
            "state": "absent",
            "speedup": None,
            "kl": None,
            "reason": status["device"]["webgpu_reason"],
        }
    ]
    assert status["fallbacks"] == []
    assert [m["name"] for m in posted if m["type"] == "metric"].count("first_token") == 1
