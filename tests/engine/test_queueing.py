"""Holds the queue, through the engine: who waits, who goes first, who is refused."""

from __future__ import annotations

import asyncio

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, QueueFull, QueueTimeout
from orion_py.protocol import InferOptions, QueueEvent, StateEvent
from tests.two_models import TALK, TwoModels, engine


async def test_requests_wait_for_each_other_the_urgent_first_and_the_page_sees_it() -> None:
    world = TwoModels()
    made = await engine(world)
    asked = [("a", 0), ("b", 0), ("urgent", 5)]
    await asyncio.gather(*(made.infer("hello", TALK, request_id=i, priority=p) for i, p in asked))
    ends = [e.id for e in world.of(StateEvent) if e.state == "success"]
    assert ends == ["a", "urgent", "b"]
    assert ["urgent", "b"] in [e.waiting for e in world.of(QueueEvent)]
    assert world.of(QueueEvent)[-1].running == 0


async def test_a_request_that_waits_is_cancelled_at_once() -> None:
    world = TwoModels()
    made = await engine(world)
    cancel = CancelToken()
    first = asyncio.ensure_future(made.infer("one", TALK, request_id="1"))
    second = asyncio.ensure_future(made.infer("two", TALK, request_id="2", cancel=cancel))
    await asyncio.sleep(0)
    cancel.cancel()
    with pytest.raises(Cancelled):
        await second
    assert not first.done()
    assert (await first).content == "good day"


async def test_a_request_whose_time_is_up_while_it_waits_ends_with_its_own_error() -> None:
    world = TwoModels()
    made = await engine(world)
    gate = world.runtime.gates["tiny"] = asyncio.Event()
    first = asyncio.ensure_future(made.infer("one", TALK))
    second = asyncio.ensure_future(made.infer("two", InferOptions(timeout=5.0)))
    await world.time.passes(5)
    with pytest.raises(QueueTimeout):
        await second
    gate.set()
    assert (await first).content == "good day"


async def test_too_many_requests_are_refused_and_without_the_queue_all_wait_in_order() -> None:
    world = TwoModels()
    made = await engine(world)
    results = await asyncio.gather(*(made.infer("x", TALK) for _ in range(34)), return_exceptions=True)
    assert [type(r) for r in results if isinstance(r, Exception)] == [QueueFull]

    world = TwoModels()
    made = await engine(world, enable_request_queue=False)
    await asyncio.gather(*(made.infer("x", TALK, request_id=f"{n}", priority=n % 3) for n in range(40)))
    assert [e.id for e in world.of(StateEvent) if e.state == "success"] == [str(n) for n in range(40)]
