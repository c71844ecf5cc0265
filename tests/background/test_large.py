"""A large model comes when the person asks for it and the device bears it, and is never waited for."""

from __future__ import annotations

import pytest

from orion_py.errors import DownloadFailed, OutOfMemory, TooLarge
from orion_py.protocol import FallbackEvent, InferOptions
from orion_py.runtime.base import Device
from tests.lite_full_and_large import HUGE_WEIGHTS, LiteFullAndLarge
from tests.tiny import sha
from tests.two_models import MB, engine

GREEDY = InferOptions(temperature=0)


async def test_it_never_begins_by_itself_and_full_comes_in_its_place() -> None:
    world = LiteFullAndLarge()
    made = await engine(world)
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    await world.rests()
    assert (await made.infer("more", GREEDY)).model == "big"
    await world.rests()
    assert world.asked_for(HUGE_WEIGHTS) == [0, 0, 0, 0]
    assert {model for model, _, _ in world.upgrades} == {"big"}


async def test_asked_for_it_comes_while_the_smaller_ones_answer_and_then_takes_over() -> None:
    world = LiteFullAndLarge()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests()
    await made.control_upgrade("start", "huge")
    assert (await made.infer("one", GREEDY)).model == "big", "nobody waits for it"
    await world.rests()
    assert [state for model, state, _ in world.upgrades if model == "huge"] == ["downloading", "loading", "ready"]
    assert (await made.infer("two", GREEDY)).model == "huge"


async def test_what_agents_prefer_does_not_replace_what_the_person_asked_for() -> None:
    world = LiteFullAndLarge()
    made = await engine(world)
    await made.control_upgrade("start", "huge")
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    await world.rests()
    assert (await made.infer("more", GREEDY)).model == "huge"
    assert {model for model, _, _ in world.upgrades} == {"huge"}


async def test_it_is_paused_resumed_across_visits_and_declined_like_any_larger_model() -> None:
    world = LiteFullAndLarge()
    gone = f"models/shards/{sha(HUGE_WEIGHTS[2])}"
    world.store.faults[gone] = [DownloadFailed("gone", status=404)] * 9
    made = await engine(world)
    await made.control_upgrade("start", "huge")
    await world.rests(10)
    assert world.upgrades[-1] == ("huge", "failed", "download_failed")
    await made.control_upgrade("pause", "huge")
    await made.shutdown()
    came = world.asked_for(HUGE_WEIGHTS)
    world.store.faults.clear()
    again = await engine(world)
    await again.preload()
    await world.rests()
    assert world.asked_for(HUGE_WEIGHTS) == came, "paused, also at the next visit"
    await again.control_upgrade("resume", "huge")
    await world.rests()
    assert (await again.infer("hello", GREEDY)).model == "huge"
    assert world.asked_for(HUGE_WEIGHTS[:2]) == [1, 1], "what had come was kept"
    await again.control_upgrade("cancel", "huge")
    await again.models.unload("huge")
    assert (await again.infer("hello", GREEDY)).model in ("tiny", "big")


async def test_the_next_visit_goes_on_with_what_the_person_asked_for() -> None:
    world = LiteFullAndLarge()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await made.control_upgrade("start", "huge")
    await world.rests()
    await made.shutdown()
    asked = len(world.store.requests)
    again = await engine(world)
    assert (await again.infer("hello", GREEDY)).model == "tiny", "the visit begins with the quick model"
    await world.rests()
    assert (await again.infer("hello", GREEDY)).model == "huge"
    assert len(world.store.requests) == asked


@pytest.mark.parametrize("memory", [None, 8.0])
async def test_a_device_with_less_memory_or_that_does_not_say_is_not_offered_it(memory: float | None) -> None:
    world = LiteFullAndLarge(Device(threads=4, webgpu=False, memory_gb=memory))
    made = await engine(world)
    with pytest.raises(TooLarge, match=r"Huge needs a device with 16 GB of memory; this one (has 8 GB|doesn't say)"):
        await made.control_upgrade("start", "huge")
    with pytest.raises(TooLarge, match="16 GB"):
        await made.preload("huge")
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    await world.rests()
    assert (await made.infer("more", GREEDY)).model == "big"
    assert world.asked_for(HUGE_WEIGHTS) == [0, 0, 0, 0]


async def test_where_both_do_not_fit_it_takes_the_smaller_ones_place_and_gives_it_back_when_it_fails() -> None:
    world = LiteFullAndLarge(memory=900 * MB)
    made = await engine(world, max_memory_mb=1000)
    await made.infer("hello", GREEDY)
    world.runtime.broken["huge"] = OutOfMemory("no")
    await made.control_upgrade("start", "huge")
    await world.rests()
    assert world.upgrades[-1][:2] == ("huge", "failed")
    assert [event.to for event in world.of(FallbackEvent)][-1] == "the smaller model"
    assert (await made.infer("more", GREEDY)).model == "tiny"
    del world.runtime.broken["huge"]
    await made.control_upgrade("start", "huge")
    await world.rests()
    assert list(made.models.loaded) == ["huge"]
    assert (await made.infer("again", GREEDY)).model == "huge"


async def test_more_than_the_budget_is_refused_before_a_byte_moves() -> None:
    world = LiteFullAndLarge(Device(threads=4, webgpu=False, memory_gb=64), memory=3900 * MB)
    made = await engine(world, max_memory_mb=2000)
    await made.control_upgrade("start", "huge")
    await world.rests()
    assert world.upgrades[-1] == ("huge", "failed", "too_large")
    assert world.asked_for(HUGE_WEIGHTS) == [0, 0, 0, 0]


async def test_a_large_model_that_is_switched_off_makes_way() -> None:
    world = LiteFullAndLarge()
    made = await engine(world)
    await made.control_upgrade("start", "huge")
    await world.rests()
    made.configure(made.config.model_copy(update={"enable_full_models": False}))
    await world.rests()
    assert (await made.infer("hello", GREEDY)).model == "tiny"


@pytest.mark.parametrize(("memory", "answers"), [(16.0, "huge"), (8.0, "big")])
async def test_where_larger_models_are_waited_for_it_answers_if_the_device_bears_it(
    memory: float, answers: str
) -> None:
    world = LiteFullAndLarge()
    made = await engine(world)
    for model in ("big", "huge"):  # both lie on the device
        await made.preload(model)
    await made.shutdown()
    world.runtime._device = Device(threads=4, webgpu=False, memory_gb=memory)
    again = await engine(world, wait_for_larger_models=True)
    assert (await again.infer("hello", GREEDY)).model == answers
    assert world.of(FallbackEvent) == [], "nothing is tried that the device isn't offered"
