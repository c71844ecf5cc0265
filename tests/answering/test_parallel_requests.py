"""Several requests at once: each on another model's worker, one after the other on the same one."""

from __future__ import annotations

import asyncio

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled
from orion_py.protocol import Event, InferOptions, StateEvent, TokenEvent
from tests.patient_clock import settled
from tests.two_models import TALK, WRITE, TwoModels, engine


def started(world: TwoModels) -> list[str]:
    return [e.id for e in world.of(StateEvent) if e.state == "inferencing"]


class Held(TwoModels):
    """Answers stand still after their first piece until ``go`` is set."""

    def __init__(self) -> None:
        super().__init__("good day")
        self.time_passes = asyncio.Event()

    async def settle(self) -> None:
        for _ in range(40):
            await settled()


async def test_by_default_one_request_is_answered_at_a_time() -> None:
    world = Held()
    made = await engine(world)
    options = {"delay_ms": 100, "granularity": "word"}
    talk, write = (each.model_copy(update=options) for each in (TALK, WRITE))
    one = asyncio.ensure_future(made.infer("hello", talk, request_id="one"))
    two = asyncio.ensure_future(made.infer("hello", write, request_id="two"))
    await world.settle()
    assert started(world) == ["one"]
    await world.time.passes(0.1)
    await world.settle()
    assert started(world) == ["one", "two"]
    await world.time.passes(0.1)
    assert [(await each).model for each in (one, two)] == ["tiny", "big"]


async def test_two_requests_for_different_models_are_answered_side_by_side() -> None:
    world = Held()
    made = await engine(world, parallel_requests=2)
    options = {"delay_ms": 100, "granularity": "word"}
    talk, write = (each.model_copy(update=options) for each in (TALK, WRITE))
    one = asyncio.ensure_future(made.infer("hello", talk, request_id="one"))
    two = asyncio.ensure_future(made.infer("hello", write, request_id="two"))
    await world.settle()
    assert sorted(started(world)) == ["one", "two"]
    first = [e.id for e in world.of(TokenEvent)]
    assert sorted(first) == ["one", "two"]
    await world.time.passes(0.1)
    assert [(await each).content for each in (one, two)] == ["good day", "good day"]


async def test_workers_of_different_models_take_turns_and_never_share_a_conversation() -> None:
    world = Held()
    made = await engine(world, parallel_requests=3)
    busy: dict[str, int] = {}
    most: dict[str, int] = {}

    def watch(event: Event) -> None:
        if isinstance(event, StateEvent) and event.model:
            if event.state == "inferencing":
                busy[event.model] = busy.get(event.model, 0) + 1
            elif event.state == "success":
                busy[event.model] -= 1
            most[event.model] = max(most.get(event.model, 0), busy.get(event.model, 0))

    made.subscribe(watch)
    asked = [made.infer(f"hello {n}", TALK if n % 2 else WRITE) for n in range(6)]
    answers = await asyncio.gather(*asked)
    assert [answer.model for answer in answers] == ["big", "tiny"] * 3
    assert {answer.content for answer in answers} == {"good day"}
    assert most == {"big": 1, "tiny": 1}


async def test_who_waits_for_a_busy_model_can_be_stopped_and_harms_nobody() -> None:
    world = Held()
    made = await engine(world, parallel_requests=2)
    slow = TALK.model_copy(update={"delay_ms": 100, "granularity": "word"})
    one = asyncio.ensure_future(made.infer("hello", slow, request_id="one"))
    await world.settle()
    cancel = CancelToken()
    two = asyncio.ensure_future(made.infer("hello", slow, request_id="two", cancel=cancel))
    await world.settle()
    assert started(world) == ["one"]
    cancel.cancel()
    with pytest.raises(Cancelled):
        await two
    await world.time.passes(0.1)
    assert (await one).content == "good day"
    assert (await made.infer("hello", InferOptions(temperature=0))).content == "good day"
