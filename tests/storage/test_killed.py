"""A tab is killed at every step of a write: what is there afterwards is the state before or the state after."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from orion_py.engine.engine import Engine
from orion_py.external.added_models import SETTING
from orion_py.protocol import AgentDefinition, InferOptions
from orion_py.storage.memory import MemoryShardStore
from orion_py.storage.memory_settings import MemorySettings
from orion_py.storage.tabs import Hall
from tests.lite_and_full import BIG_WEIGHTS, NEW_WEIGHT
from tests.patient_clock import settled
from tests.storage.gated import GatedSettings
from tests.storage.two_tabs import MINE, WITH_MINE, Tab
from tests.tiny import WEIGHTS, sha
from tests.two_models import engine

GREEDY = InferOptions(temperature=0)
CHANGED = [*WEIGHTS[:2], NEW_WEIGHT]


class Killed(BaseException):
    """No error of the engine's: nothing catches it, as nothing runs in a tab that is gone."""


class Mortal:
    """Counts the writes of one tab, to settings and shards, and ends it before the one numbered ``last``."""

    def __init__(self, last: int) -> None:
        self.left, self.dead = last, False

    def write(self) -> None:
        if self.dead or self.left <= 0:
            self.dead = True
            raise Killed
        self.left -= 1


class MortalSettings(GatedSettings):
    def __init__(self, settings: MemorySettings, life: Mortal) -> None:
        super().__init__(settings)
        self.on_write = life.write  # type: ignore[method-assign]


class MortalStore(MemoryShardStore):
    def __init__(self, store: MemoryShardStore, life: Mortal) -> None:
        super().__init__(store.remote)
        self.shards, self.partial, self.requests, self._life = store.shards, store.partial, store.requests, life

    async def fetch(self, *given: Any) -> None:
        self._life.write()
        await super().fetch(*given)

    async def delete(self, sha256: str) -> None:
        self._life.write()
        await super().delete(sha256)


async def prepared() -> Tab:
    """A device with one version of "tiny" in use, an added model and an agent."""
    tab = Tab(Hall())
    made = await engine(tab, enable_full_models=False)
    await made.infer("hello", GREEDY)
    await made.add_model(MINE)
    await made.infer("hello", WITH_MINE)
    await made.register_agent(AgentDefinition(id="first", name="First", prompt="You shake drinks."))
    await made.teach("correct", "one", "conversation")
    await made.shutdown()
    return tab


async def update(made: Engine, tab: Tab) -> None:
    tab.publishes(CHANGED, "1.1.0")
    await made.infer("hello", GREEDY)
    await tab.rests()


async def forget_all(made: Engine, tab: Tab) -> None:
    await made.forget()


async def remove(made: Engine, tab: Tab) -> None:
    await made.remove_model("mine")


async def add(made: Engine, tab: Tab) -> None:
    await made.add_model("elsewhere/other/")
    await made.infer("hello", InferOptions(temperature=0, model="other"))


async def agents(made: Engine, tab: Tab) -> None:
    await made.register_agent(AgentDefinition(id="second", name="Second", prompt="You shake drinks."))
    await made.unregister_agent("first")
    await made.teach("correct", "two", "code")


async def back(made: Engine, tab: Tab) -> None:
    await update(made, tab)
    await made.rollback("tiny")


Work = Callable[[Engine, Tab], Awaitable[None]]


async def killed_at(last: int, work: Work) -> tuple[Tab, bool]:
    """The device after ``work`` was cut off before its write number ``last``; and whether it was."""
    first = await prepared()
    life = Mortal(last)
    tab = Tab(Hall(), first)
    tab.texts["elsewhere/other/manifest.json"] = tab.texts[f"{MINE}manifest.json"].replace('"mine"', '"other"')
    settings, store = MortalSettings(first.settings, life), MortalStore(first.store, life)
    tab.ports = replace(tab.ports, settings=settings, store=store)
    tab.store, tab.settings = store, settings
    try:
        made = await engine(tab, enable_full_models=False)
        await work(made, tab)
        await tab.rests()
    except BaseException:
        if not life.dead:
            raise
    tab.dies()
    for _ in range(3):
        await settled()
    return first, life.dead


@pytest.mark.parametrize("work", [update, forget_all, remove, add, agents, back])
async def test_whatever_the_step_at_which_a_tab_is_killed_the_next_one_finds_a_device_that_works(work: Work) -> None:
    for last in range(60):
        first, was_killed = await killed_at(last, work)
        settings, store = first.settings, first.store
        rows = json.loads(await settings.get(SETTING) or "[]")
        assert all(isinstance(row, dict) for row in rows)
        tab = Tab(Hall(), first)
        tab.store, tab.settings = store, settings
        made = await engine(tab, enable_full_models=False)
        assert (await made.infer("hello", GREEDY)).content == "good day", f"killed before write {last}"
        for added in made.registry.added:
            asked = InferOptions(temperature=0, model=added.id)
            assert (await made.infer("hello", asked)).model == added.id
        ids = [definition.id for definition in made.custom_agents]
        assert set(ids) in ({"first"}, {"first", "second"}, {"second"})
        await tab.rests()
        # Nothing is left behind that nobody names.
        await made._parts.work.updates.sweep()
        named = {sha(data) for data in (*WEIGHTS, NEW_WEIGHT)} if work in (update, back) else {*map(sha, WEIGHTS)}
        if made.registry.added:
            named |= {sha(data) for data in BIG_WEIGHTS}
        weights = {sha(data) for data in (*WEIGHTS, NEW_WEIGHT, *BIG_WEIGHTS)}
        assert set(await store.names()) & weights <= named, f"killed before write {last}"
        await made.shutdown()
        if not was_killed:
            assert last > 1, "it was killed at each of several steps"
            return
    raise AssertionError("it never came to its end")
