"""``timeout`` is one limit for the whole request, whatever it waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, DeadlineExceeded, OrionError, QueueTimeout
from orion_py.protocol import InferOptions, StateEvent
from orion_py.resilience.breakers import is_failure
from tests.patient_clock import settled
from tests.two_models import TALK, TwoModels, engine

IN_FIVE = InferOptions(temperature=0, force_agent="conversation", timeout=5.0)


async def fails(task: asyncio.Future[Any]) -> OrionError:
    with pytest.raises(OrionError) as caught:
        await asyncio.wait_for(task, 5)
    return caught.value


async def reaches(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came so far")


async def test_the_limit_counts_while_the_model_loads() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.gates["tiny"] = asyncio.Event()
    asked = asyncio.ensure_future(made.infer("hello", IN_FIVE))
    await world.time.passes(4.9)
    assert not asked.done()
    await world.time.passes(0.2)
    error = await fails(asked)
    assert isinstance(error, DeadlineExceeded)
    assert error.detail["phase"] == "loading_agent"
    assert [e.state for e in world.of(StateEvent)][-1] == "error"


async def test_the_load_goes_on_so_that_the_next_question_finds_the_model() -> None:
    world = TwoModels()
    made = await engine(world)
    gate = world.runtime.gates["tiny"] = asyncio.Event()
    asked = asyncio.ensure_future(made.infer("hello", IN_FIVE))
    await world.time.passes(6)
    await fails(asked)
    gate.set()
    assert (await made.infer("hello", TALK)).content == "good day"
    assert len(world.runtime.sessions) == 1


async def test_what_the_queue_took_is_no_longer_there_for_loading() -> None:
    world = TwoModels()
    made = await engine(world)
    gate = world.runtime.gates["big"] = asyncio.Event()
    first = asyncio.ensure_future(made.infer("one", InferOptions(temperature=0, force_agent="scribe")))
    world.runtime.gates["tiny"] = asyncio.Event()
    second = asyncio.ensure_future(made.infer("two", IN_FIVE))
    await world.time.passes(3)
    gate.set()
    await first
    await world.time.passes(3)
    assert isinstance(await fails(second), DeadlineExceeded)


async def test_in_the_queue_it_has_the_queues_error() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.gates["tiny"] = asyncio.Event()
    first = asyncio.ensure_future(made.infer("one", TALK))
    second = asyncio.ensure_future(made.infer("two", IN_FIVE))
    await world.time.passes(6)
    assert isinstance(await fails(second), QueueTimeout)
    first.cancel()


async def test_the_limit_counts_while_the_prompt_is_read_and_the_worker_is_told_to_stop() -> None:
    world = TwoModels()
    made = await engine(world)
    await made.preload("tiny")
    session = world.runtime.session("tiny")
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    real = session.forward

    async def slow(tokens: Any, position: int) -> Any:
        await gate
        return await real(tokens, position)

    session.forward = slow  # type: ignore[method-assign]
    asked = asyncio.ensure_future(made.infer("hello", IN_FIVE))
    await reaches(lambda: any(e.state == "inferencing" for e in world.of(StateEvent)))
    await world.time.passes(6)
    error = await fails(asked)
    assert isinstance(error, DeadlineExceeded)
    assert error.detail["phase"] == "inferencing"
    assert session.interrupts == 1
    gate.set_result(None)
    assert (await made.infer("hello", TALK)).content == "good day"


async def test_what_was_said_when_the_time_is_up_is_the_answer() -> None:
    world = TwoModels()
    made = await engine(world)
    await made.preload("tiny")
    session = world.runtime.session("tiny")
    real, calls = session.forward, 0

    async def stalls(tokens: Any, position: int) -> Any:
        nonlocal calls
        calls += 1
        if calls == 4:
            await asyncio.get_running_loop().create_future()
        return await real(tokens, position)

    async def told_late() -> int:
        await asyncio.sleep(0)
        return 1

    session.forward = stalls  # type: ignore[method-assign]
    session.memory_bytes = told_late  # type: ignore[method-assign]
    asked = asyncio.ensure_future(made.infer("hello", IN_FIVE))
    await reaches(lambda: calls == 4)
    await world.time.passes(6)
    response = await asyncio.wait_for(asked, 5)
    assert response.finish_reason == "timeout"
    assert response.content == "goo"


async def test_routing_counts_too() -> None:
    world = TwoModels()
    made = await engine(world)

    async def never(*_: Any) -> Any:
        await asyncio.get_running_loop().create_future()

    made.router.route = never  # type: ignore[method-assign]
    asked = asyncio.ensure_future(made.infer("hello", InferOptions(timeout=5.0)))
    await world.time.passes(6)
    assert isinstance(await fails(asked), DeadlineExceeded)


async def test_an_answer_in_time_is_whole_and_nothing_is_watched_any_more() -> None:
    world = TwoModels()
    made = await engine(world)
    assert (await made.infer("hello", IN_FIVE)).content == "good day"
    await world.time.passes(100)
    assert [e.state for e in world.of(StateEvent)][-1] == "success"


async def test_a_stop_before_the_time_is_up_is_a_stop() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.gates["tiny"] = asyncio.Event()
    cancel = CancelToken()
    asked = asyncio.ensure_future(made.infer("hello", IN_FIVE, cancel=cancel))
    await settled()
    cancel.cancel()
    assert isinstance(await fails(asked), Cancelled)
    await world.time.passes(6)


def test_a_persons_own_limit_speaks_against_no_model() -> None:
    assert not is_failure(DeadlineExceeded())
