"""The database is lost in the middle of a visit: answers stand, and it is said once."""

from __future__ import annotations

import pytest

from orion_py.errors import Cancelled, OrionError, QuotaExceeded, StorageUnavailable
from orion_py.protocol import AgentDefinition, FallbackEvent, InferOptions
from tests.lite_and_full import LiteAndFull
from tests.storage.gated import GatedSettings
from tests.two_models import engine

GREEDY = InferOptions(temperature=0)
LOST = [StorageUnavailable("connection lost"), QuotaExceeded(), OrionError("UnknownError"), Cancelled("AbortError")]


class Lost(GatedSettings):
    error: OrionError | None = None

    def on_read(self) -> None:
        if self.error:
            raise self.error

    on_write = on_read


def world_with(settings: Lost) -> LiteAndFull:
    world = LiteAndFull()
    world.settings = settings
    object.__setattr__(world.ports, "settings", settings)
    return world


def said(world: LiteAndFull) -> list[FallbackEvent]:
    return [event for event in world.of(FallbackEvent) if event.kind == "settings"]


@pytest.mark.parametrize("error", LOST, ids=lambda error: error.code)
@pytest.mark.parametrize("from_the_start", [True, False])
async def test_a_lost_database_fails_no_question_and_no_answer(error: OrionError, from_the_start: bool) -> None:
    settings = Lost()
    world = world_with(settings)
    if from_the_start:
        settings.error = error
    made = await engine(world)
    if not from_the_start:
        await made.infer("hello", GREEDY)
        settings.error = error
    for _ in range(3):
        assert (await made.infer("hello", GREEDY)).content == "good day"
        await world.rests()
    await made.register_agent(AgentDefinition(id="barman", name="Barman", prompt="You shake drinks."))
    assert "barman" in made.agents.ids
    await made.teach("correct", "what is a mojito", "conversation")
    assert (await made.router.status()).corrections == 1
    await made.forget("big")
    assert len(said(world)) == 1


async def test_when_the_database_is_back_what_was_said_meanwhile_is_kept() -> None:
    settings = Lost()
    world = world_with(settings)
    made = await engine(world)
    settings.error = StorageUnavailable("connection lost")
    await made.register_agent(AgentDefinition(id="barman", name="Barman", prompt="You shake drinks."))
    settings.error = None
    await made.infer("hello", GREEDY)
    await made.teach("correct", "what is a mojito", "conversation")
    await made.shutdown()
    again = await engine(world)
    assert [d.id for d in again.custom_agents] == ["barman"]
    assert (await again.router.status()).corrections == 1


async def test_shards_that_cannot_be_stored_stay_in_memory_and_the_answer_comes() -> None:
    world = LiteAndFull()
    fetch = world.store.fetch

    async def refused(url: str, sha256: str, *rest: object) -> None:
        if world.store.memory_reason is None:
            raise StorageUnavailable("connection lost")
        await fetch(url, sha256, *rest)

    world.store.fetch = refused
    made = await engine(world, enable_full_models=False)
    assert (await made.infer("hello", GREEDY)).content == "good day"
    assert [event.kind for event in world.of(FallbackEvent)] == ["storage"]
