"""Two engines on one store, as two tabs are: nothing lost, nothing resurrected, nothing brought or swept twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from orion_py.errors import UnknownAgent
from orion_py.protocol import AgentEvent, RouterEvent, SiteEvent
from orion_py.storage.tabs import Hall
from tests.lite_and_full import BIG_WEIGHTS, NEW_WEIGHT, with_weights
from tests.patient_clock import settled
from tests.storage.gated import GatedSettings
from tests.storage.two_tabs import GREEDY, MINE, WITH_MINE, Tab, agent, held, two
from tests.tiny import WEIGHTS, sha
from tests.two_models import engine


async def test_agents_of_two_tabs_are_all_kept_and_each_tab_has_them_at_once() -> None:
    a, made_a, b, made_b = await two()
    await made_a.register_agent(agent("first"))
    await made_b.register_agent(agent("second"))
    await settled()
    for made in (made_a, made_b):
        assert sorted(d.id for d in made.custom_agents) == ["first", "second"]
    assert [(e.agent, e.change) for e in b.of(AgentEvent)] == [("first", "registered"), ("second", "registered")]
    await made_b.unregister_agent("first")
    await settled()
    assert [d.id for d in made_a.custom_agents] == ["second"]
    await made_a.register_agent(agent("third"))
    third = await engine(Tab(Hall(), a))
    assert [d.id for d in third.custom_agents] == ["second", "third"], "what one tab removed isn't written back"


async def test_an_agent_can_be_removed_where_the_note_of_it_was_lost() -> None:
    _a, made_a, b, made_b = await two()
    b.tab._listeners.clear()
    await made_a.register_agent(agent("first"))
    await settled()
    assert made_b.custom_agents == ()
    await made_b.unregister_agent("first")
    with pytest.raises(UnknownAgent):
        await made_b.unregister_agent("first")


async def test_corrections_of_two_tabs_are_all_kept_and_counted_in_both() -> None:
    a, made_a, _b, made_b = await two()
    await made_a.teach("correct", "one", "conversation")
    await made_b.teach("correct", "two", "code")
    await settled()
    assert (await made_a.router.status()).corrections == (await made_b.router.status()).corrections == 2
    assert a.of(RouterEvent)[-1].corrections == 2
    await made_a.teach("undo", "", "")
    await settled()
    assert (await made_b.router.status()).corrections == 1


async def test_models_that_two_tabs_add_are_all_kept_and_one_that_is_removed_goes_from_both() -> None:
    a, made_a, b, made_b = await two()
    a.texts["elsewhere/other/manifest.json"] = with_weights([NEW_WEIGHT], model="other")
    await made_a.add_model(MINE)
    await made_b.add_model("elsewhere/other/")
    await settled()
    for made in (made_a, made_b):
        assert sorted(m.id for m in made.registry.added) == ["mine", "other"]
    assert (await made_b.infer("hello", WITH_MINE)).model == "mine"
    await made_a.remove_model("mine")
    await b.rests()
    assert [m.id for m in made_b.registry.added] == ["other"]
    assert list(made_b.models.loaded) == []
    assert not {sha(data) for data in BIG_WEIGHTS} & set(await a.store.names())


async def test_a_page_is_told_what_another_tab_added_and_removed() -> None:
    a, made_a, b, _ = await two()
    await made_a.add_model(MINE)
    await settled()
    assert [event.models for event in b.of(SiteEvent)] == [["mine"]]
    await made_a.remove_model("mine")
    await settled()
    assert [event.models for event in b.of(SiteEvent)] == [["mine"], []], "one that went is no new one"
    assert a.of(SiteEvent) == [], "who did it has its own answer"


async def test_a_sweep_in_one_tab_leaves_what_another_tab_added() -> None:
    a, made_a, b, made_b = await two(enable_full_models=False)
    for tab in (a, b):
        tab.tab._listeners.clear()  # no note arrives: the store alone has to be enough
    await made_a.infer("hello", GREEDY)
    await made_b.add_model(MINE)
    await made_b.infer("hello", WITH_MINE)
    assert [m.id for m in made_a.registry.added] == []
    await made_a.forget("tiny")
    assert {sha(data) for data in BIG_WEIGHTS} <= set(await a.store.names())
    assert not {sha(data) for data in WEIGHTS} & set(await a.store.names())


async def test_the_models_of_a_tab_of_another_version_stay_until_it_is_gone() -> None:
    a, made_a, _b, made_b = await two(enable_full_models=False)
    old = b"of an older list"
    a.store.shards[sha(old)] = old
    await a.settings.set("manifest:gone", with_weights([old], model="gone"))
    await made_a.forget("big")
    assert sha(old) in a.store.shards, "another tab is open: it may be its model"
    await made_b.shutdown()
    await made_a.forget("big")
    assert sha(old) not in a.store.shards
    assert await a.settings.names("manifest:gone") == []


# forgotten


@pytest.mark.parametrize("which", ["big", None])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["in the same tab", "in another tab"])
async def test_forgetting_a_model_stops_its_download_and_it_does_not_come_back(
    which: str | None, elsewhere: bool
) -> None:
    a, made_a, _b, made_b = await two()
    await made_a.infer("hello", GREEDY)
    gate = held(a, BIG_WEIGHTS[2])
    await a.rests()
    assert sha(BIG_WEIGHTS[0]) in a.store.shards
    forgetting = asyncio.ensure_future((made_b if elsewhere else made_a).forget(which))
    for _ in range(5):
        await settled()
    gate.set()
    await forgetting
    for _ in range(3):
        await a.rests()
    assert not {sha(data) for data in BIG_WEIGHTS} & set(await a.store.names())
    assert a.upgrades[-1] == ("big", "cancelled", "")
    for made in (made_a, made_b):
        await made.infer("hello", GREEDY)
        assert made.resilience.upgrade()["model"] is None
    await a.rests()
    await made_a.shutdown()
    await made_b.shutdown()
    again = await engine(Tab(Hall(), a))
    assert again.resilience.upgrade()["model"] is None
    await again.infer("hello", GREEDY)
    for _ in range(3):
        await a.rests()
    assert not {sha(data) for data in BIG_WEIGHTS} & set(await a.store.names())
    await again.control_upgrade("start", "big")
    for _ in range(3):
        await a.rests()
    assert (await again.infer("hello", GREEDY)).model == "big", "asked for, it comes"


async def test_removing_an_added_model_while_it_is_loaded_deletes_what_arrives_last_too() -> None:
    a, made_a, _b, _made_b = await two()
    await made_a.add_model(MINE)
    await settled()
    gate = held(a, BIG_WEIGHTS[2])
    asking = asyncio.ensure_future(made_a.infer("hello", WITH_MINE))
    for _ in range(20):
        await settled()
    assert sha(BIG_WEIGHTS[0]) in a.store.shards
    removing = asyncio.ensure_future(made_a.remove_model("mine"))
    for _ in range(5):
        await settled()
    gate.set()
    await removing
    await asyncio.gather(asking, return_exceptions=True)
    await a.rests()
    assert not {sha(data) for data in BIG_WEIGHTS} & set(await a.store.names())
    assert await a.settings.names("manifest:mine") == []
    assert a.upgrades == []


class Slow(GatedSettings):
    """Every reading and writing takes a turn of the loop before and after, as a database does."""

    async def get(self, key: str) -> str | None:
        await asyncio.sleep(0)
        found = await super().get(key)
        await asyncio.sleep(0)
        return found

    async def update(self, key: str, change: Any) -> None:
        await asyncio.sleep(0)
        await super().update(key, change)
        await asyncio.sleep(0)

    async def change(self, keys: Any, change: Any) -> None:
        await asyncio.sleep(0)
        await super().change(keys, change)
        await asyncio.sleep(0)


async def test_what_two_tabs_write_at_the_same_moment_is_in_both_afterwards() -> None:
    hall = Hall()
    a = Tab(hall)
    b = Tab(hall, a)
    for tab in (a, b):
        tab.ports = replace(tab.ports, settings=Slow(a.settings))
        for name in ("one", "two", "three"):
            tab.texts[f"elsewhere/{name}/manifest.json"] = with_weights(BIG_WEIGHTS, model=name)
    made_a, made_b = await engine(a), await engine(b)
    work = []
    for number in range(4):
        work += [made.register_agent(agent(f"{name}-{number}")) for made, name in ((made_a, "a"), (made_b, "b"))]
    work += [
        made_a.add_model("elsewhere/one/"),
        made_b.add_model("elsewhere/two/"),
        made_a.add_model("elsewhere/three/"),
    ]
    await asyncio.gather(*work)
    for _ in range(20):
        await settled()
    wanted = sorted(f"{name}-{number}" for name in "ab" for number in range(4))
    for made in (made_a, made_b):
        assert sorted(d.id for d in made.custom_agents) == wanted
        assert sorted(set(made.agents.ids) - {"conversation"}) == wanted
        assert sorted(m.id for m in made.registry.added) == ["one", "three", "two"]
