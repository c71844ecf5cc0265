"""The model that is begun before anybody asks counts in the memory budget, and is ended where it may not be there."""

from __future__ import annotations

from dataclasses import replace

from orion_py.config import EngineConfig
from orion_py.runtime.ahead import Held
from tests.two_models import MB, TALK, WRITE, TwoModels, engine


class ScriptedAhead:
    def __init__(self, held: Held | None) -> None:
        self._held, self.limits = held, list[int]()
        self.following: list[str] = []

    def held(self) -> Held | None:
        return self._held

    def drop(self) -> None:
        self._held = None

    def limit(self, budget_bytes: int) -> None:
        self.limits.append(budget_bytes)

    async def begin_with(self, model: str) -> None:
        self.following.append(model)


def world_with(held: Held | None) -> tuple[TwoModels, ScriptedAhead]:
    world, ahead = TwoModels(), ScriptedAhead(held)
    world.ports = replace(world.ports, ahead=ahead)
    return world, ahead


async def test_it_counts_in_the_memory_and_is_taken_over_without_counting_twice() -> None:
    world, ahead = world_with(Held("tiny", 400 * MB))
    made = await engine(world)
    assert made.models.memory().used_bytes == 400 * MB
    await made.infer("hello", TALK)
    assert ahead.held() is not None, "the scripted runtime takes nothing over"
    assert made.models.memory().used_bytes == 400 * MB


async def test_another_model_that_needs_its_room_ends_it() -> None:
    world, ahead = world_with(Held("tiny", 400 * MB))
    made = await engine(world, max_memory_mb=900)
    await made.infer("hello", WRITE)
    assert ahead.held() is None
    assert list(made.models.loaded) == ["big"]


async def test_a_preset_with_less_memory_ends_it_and_is_kept_for_the_next_visit() -> None:
    world, ahead = world_with(Held("big", 600 * MB))
    made = await engine(world, max_memory_mb=4000)
    assert ahead.held() is not None
    made.configure(EngineConfig(max_memory_mb=500))
    assert ahead.held() is None
    assert ahead.limits == [4000 * MB, 500 * MB]


async def test_to_unload_ends_it_too() -> None:
    world, ahead = world_with(Held("tiny", 400 * MB))
    made = await engine(world)
    await made.models.unload("big")
    assert ahead.held() is not None
    await made.models.unload()
    assert ahead.held() is None


async def test_to_stop_all_loading_ends_it_too() -> None:
    world, ahead = world_with(Held("tiny", 400 * MB))
    made = await engine(world)
    made.cancel("a question")
    assert ahead.held() is not None
    made.cancel()
    assert ahead.held() is None


async def test_the_next_visit_is_to_begin_with_the_model_that_answers() -> None:
    world, ahead = world_with(None)
    made = await engine(world)
    for options in (TALK, TALK, WRITE, WRITE, TALK):
        await made.infer("hello", options)
    assert ahead.following == ["tiny", "big", "tiny"]
