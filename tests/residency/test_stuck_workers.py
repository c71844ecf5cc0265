"""A worker that no longer answers is ended after a while, whatever waits for it, and another goes on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, InferenceTimeout, LoadTimeout
from orion_py.protocol import FallbackEvent
from orion_py.runtime import loaded_model
from orion_py.runtime.scripted import ScriptedSession
from orion_py.runtime.worker_timeout import while_it_lives
from tests.two_models import TALK, TwoModels, engine

SOON = 0.01


HELD: list[asyncio.Future[None]] = []
"""Referenced, or what waits for them would be collected and so come to an end."""


async def never(*_: Any) -> Any:
    HELD.append(asyncio.get_running_loop().create_future())
    await HELD[-1]


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded_model, "STOP_PATIENCE_S", SOON)


async def loaded(world: TwoModels, **config: Any) -> Any:
    made = await engine(world, **config)
    await made.preload("tiny")
    return made


async def stopped(world: TwoModels, made: Any, session: ScriptedSession) -> None:
    """A question that the session never answers, stopped by the person."""
    asked, cancel = asyncio.Event(), CancelToken()

    async def hangs(*_: Any) -> Any:
        asked.set()
        await never()

    session.forward = hangs  # type: ignore[method-assign]
    task = asyncio.ensure_future(made.infer("hello", TALK, cancel=cancel))
    await asked.wait()
    cancel.cancel()
    with pytest.raises(Cancelled):
        await asyncio.wait_for(task, 5)


async def test_a_stop_that_the_worker_doesnt_hear_ends_it_and_the_queue_goes_on() -> None:
    world = TwoModels()
    made = await loaded(world)
    session = world.runtime.session("tiny")
    session.interrupt = never  # type: ignore[method-assign]
    await stopped(world, made, session)
    assert session.closed
    assert "tiny" not in made.models.loaded
    assert (await asyncio.wait_for(made.infer("next", TALK), 5)).content == "good day"
    assert len(world.runtime.sessions) == 2


async def test_a_question_that_waits_behind_the_stopped_one_is_answered_by_another_worker() -> None:
    world = TwoModels()
    made = await loaded(world)
    session = world.runtime.session("tiny")
    session.interrupt = never  # type: ignore[method-assign]
    asked, cancel = asyncio.Event(), CancelToken()

    async def hangs(*_: Any) -> Any:
        asked.set()
        await never()

    session.forward = hangs  # type: ignore[method-assign]
    first = asyncio.ensure_future(made.infer("hello", TALK, cancel=cancel))
    await asked.wait()
    second = asyncio.ensure_future(made.infer("next", TALK))
    cancel.cancel()
    assert (await asyncio.wait_for(second, 5)).content == "good day"
    with pytest.raises(Cancelled):
        await first


async def test_a_worker_that_hears_the_stop_and_doesnt_stop_is_replaced_by_the_next_question() -> None:
    world = TwoModels()
    made = await loaded(world)
    session = world.runtime.session("tiny")
    await stopped(world, made, session)
    assert not session.closed, "a long part of a prompt may yet come to its end"
    assert (await asyncio.wait_for(made.infer("next", TALK), 5)).content == "good day"
    assert session.closed
    assert [e.kind for e in world.of(FallbackEvent)] == ["worker"]


async def test_a_whole_answer_doesnt_wait_for_a_worker_that_falls_silent_after_it() -> None:
    world = TwoModels()
    made = await loaded(world)
    world.runtime.session("tiny").memory_bytes = never  # type: ignore[method-assign]
    assert (await asyncio.wait_for(made.infer("hello", TALK), 5)).content == "good day"


async def test_one_that_stops_in_time_is_kept() -> None:
    world = TwoModels()
    made = await loaded(world)
    session = world.runtime.session("tiny")
    real, asked, go, cancel = session.forward, asyncio.Event(), asyncio.Event(), CancelToken()

    async def slow(tokens: Any, position: int) -> Any:
        asked.set()
        await go.wait()
        return await real(tokens, position)

    session.forward = slow  # type: ignore[method-assign]
    task = asyncio.ensure_future(made.infer("hello", TALK, cancel=cancel))
    await asked.wait()
    cancel.cancel()
    with pytest.raises(Cancelled):
        await task
    go.set()
    assert (await made.infer("next", TALK)).content == "good day"
    assert len(world.runtime.sessions) == 1


async def test_a_silent_worker_that_nobody_asks_for_is_found_out_as_well() -> None:
    world = TwoModels()
    made = await loaded(world)
    session = world.runtime.session("tiny")
    await stopped(world, made, session)
    await asyncio.wait_for(made.models.check_health(), 5)
    assert session.closed
    assert made.models.loaded["tiny"] is not None
    assert len(world.runtime.sessions) == 2


async def test_a_step_that_never_ends_is_given_up_each_time_and_leaves_no_dead_worker_behind() -> None:
    world = TwoModels()
    made = await loaded(world, inference_timeout_s=SOON, enable_circuit_breaker=False)
    real = world.runtime.open

    async def open_dead(*arguments: Any) -> Any:
        session = await real(*arguments)
        session.forward = never  # type: ignore[method-assign]
        return session

    world.runtime.open = open_dead  # type: ignore[method-assign]
    world.runtime.session("tiny").forward = never  # type: ignore[method-assign]
    with pytest.raises(InferenceTimeout):
        await asyncio.wait_for(made.infer("hello", TALK), 5)
    assert all(session.closed for session in world.runtime.sessions)
    assert not made.models.loaded


@pytest.mark.parametrize("call", ["feed", "build"])
async def test_a_worker_that_dies_silently_while_the_model_loads_ends_the_load(call: str) -> None:
    world = TwoModels()
    made = await engine(world, load_timeout_s=SOON)
    real = world.runtime.open

    async def open_dying(*arguments: Any) -> Any:
        session = await real(*arguments)
        setattr(session, call, never)
        session.ping = never  # type: ignore[method-assign]
        return session

    world.runtime.open = open_dying  # type: ignore[method-assign]
    with pytest.raises(LoadTimeout, match="no longer answers"):
        await asyncio.wait_for(made.preload("tiny"), 5)
    assert all(session.closed for session in world.runtime.sessions)


async def test_a_worker_that_never_starts_ends_the_load() -> None:
    world = TwoModels()
    made = await engine(world, load_timeout_s=SOON)
    world.runtime.open = never  # type: ignore[method-assign]
    with pytest.raises(LoadTimeout, match="didn't start"):
        await asyncio.wait_for(made.preload("tiny"), 5)


async def test_slow_work_goes_on_as_long_as_the_worker_answers_and_not_for_ever() -> None:
    pings = 0

    async def ping() -> None:
        nonlocal pings
        pings += 1

    async def slow() -> str:
        while pings < 3:
            await asyncio.sleep(0)
        return "done"

    assert await while_it_lives(slow(), ping, SOON, "it") == "done"
    with pytest.raises(LoadTimeout, match="Not done within"):
        await while_it_lives(never(), ping, SOON, "it")
    assert pings > 3


async def test_a_router_whose_encoder_hangs_leaves_routing_to_the_keywords() -> None:
    from orion_py.routing.encoder import SentenceEncoder

    class Hanging:
        async def encode(self, tokens: Any) -> Any:
            return await never()

        async def close(self) -> None: ...

    class Letters:
        def encode(self, text: str) -> list[int]:
            return [ord(letter) for letter in text]

    encoder = SentenceEncoder(Letters(), Hanging(), 64)
    encoder.patience_s = SOON
    with pytest.raises(InferenceTimeout, match="encoder"):
        await asyncio.wait_for(encoder.embed("hello"), 5)
