"""Holds predictive loading, through the engine: the likely next model is in memory before it is asked for."""

from __future__ import annotations

import asyncio

import pytest

from orion_py.protocol import PredictionEvent
from tests.patient_clock import settled
from tests.two_models import MB, TALK, WRITE, TwoModels, engine


async def teach(made, world: TwoModels, times: int = 3) -> None:
    """conversation, then scribe, again and again; ends with conversation, and "big" unloaded."""
    for _ in range(times):
        await made.infer("hello", TALK)
        await made.infer("hello", WRITE)
    await made.infer("hello", TALK)
    await made.models.unload("big")


def guesses(world: TwoModels) -> list[tuple[str, str]]:
    return [(e.model, e.state) for e in world.of(PredictionEvent)]


async def test_the_likely_next_model_is_brought_in_while_nothing_is_asked_and_the_question_finds_it() -> None:
    world = TwoModels()
    made = await engine(world)
    await teach(made, world)
    assert guesses(world) == []
    await world.time.passes(1)
    for _ in range(30):
        await settled()
    assert guesses(world) == [("big", "started"), ("big", "done")]
    opened = len(world.runtime.opened_models)
    await made.infer("hello", WRITE)
    assert guesses(world)[-1] == ("big", "hit")
    assert len(world.runtime.opened_models) == opened
    assert made.resilience.predictive()["hit_rate"] == 1.0


async def test_a_guess_that_is_wrong_is_counted_with_its_bytes() -> None:
    world = TwoModels()
    made = await engine(world)
    await teach(made, world)
    await world.time.passes(1)
    for _ in range(30):
        await settled()
    await made.infer("hello", TALK)
    assert guesses(world)[-1] == ("big", "wasted")
    status = made.resilience.predictive()
    assert (status["hit_rate"], status["wasted_bytes"]) == (0.0, 600 * MB)


async def test_a_guess_under_way_gives_way_at_once() -> None:
    world = TwoModels()
    made = await engine(world)
    await teach(made, world)
    gate = world.runtime.gates["big"] = asyncio.Event()
    await world.time.passes(1)
    assert guesses(world) == [("big", "started")]
    assert (await made.infer("hello", TALK)).model == "tiny"
    assert guesses(world) == [("big", "started"), ("big", "cancelled")]
    gate.set()
    for _ in range(10):
        await settled()
    assert "big" not in made.models.loaded


async def test_a_question_for_the_model_under_way_joins_its_load() -> None:
    world = TwoModels()
    made = await engine(world)
    await teach(made, world)
    opened = world.runtime.opened_models.count("big")
    gate = world.runtime.gates["big"] = asyncio.Event()
    await world.time.passes(1)
    question = asyncio.ensure_future(made.infer("hello", WRITE))
    await settled()
    gate.set()
    assert (await question).model == "big"
    assert guesses(world) == [("big", "started"), ("big", "hit")]
    assert world.runtime.opened_models.count("big") == opened + 1


@pytest.mark.parametrize("config", [{"enable_predictive_loading": False}, {"max_agents_in_memory": 1}])
async def test_nothing_is_guessed_when_it_is_turned_off_or_would_end_what_answered_last(config: dict) -> None:
    world = TwoModels()
    made = await engine(world, **config)
    await teach(made, world)
    await world.time.passes(1)
    for _ in range(10):
        await settled()
    assert guesses(world) == []


async def test_habits_are_remembered_on_the_next_visit() -> None:
    world = TwoModels()
    await teach(await engine(world), world)
    again = await engine(world)
    await again.infer("hello", TALK)
    await world.time.passes(1)
    assert guesses(world)[0] == ("big", "started")
