"""The memory that is shown and budgeted is what the models take now, as their conversation grows."""

from __future__ import annotations

from dataclasses import replace

from orion_py.errors import WorkerDied
from orion_py.protocol import MemoryEvent
from tests.two_models import MB, TALK, TwoModels, engine


async def test_after_an_answer_the_memory_is_what_the_model_takes_now() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.bytes["tiny"] = 400 * MB
    await made.infer("hello", TALK)
    assert world.of(MemoryEvent)[-1].used_bytes == 400 * MB
    session = world.runtime.session("tiny")
    session.report = replace(session.report, memory_bytes=460 * MB)
    await made.infer("hello", TALK)
    assert world.of(MemoryEvent)[-1].used_bytes == 460 * MB


async def test_a_worker_that_cannot_tell_disturbs_no_answer() -> None:
    world = TwoModels()
    made = await engine(world)
    world.runtime.failures["memory"] = [WorkerDied()]
    assert (await made.infer("hello", TALK)).content == "good day"
