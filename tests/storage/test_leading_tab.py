"""Of several tabs one downloads, updates and sweeps for all; when it goes, another one does."""

from __future__ import annotations

from typing import Any

from orion_py.protocol import UpgradeEvent
from orion_py.storage.tabs import LEADER, Hall
from tests.lite_and_full import BIG_WEIGHTS, NEW_WEIGHT
from tests.patient_clock import settled
from tests.storage.two_tabs import GREEDY, Tab, held, two
from tests.tiny import WEIGHTS, sha
from tests.two_models import engine

CHANGED = [*WEIGHTS[:2], NEW_WEIGHT]


async def test_one_tab_downloads_for_all_and_each_of_them_tells_how_far_it_is() -> None:
    a, made_a, b, made_b = await two()
    await made_b.infer("hello", GREEDY)
    await made_a.infer("hello", GREEDY)
    for _ in range(3):
        await a.rests()
    assert a.asked_for(BIG_WEIGHTS) == [1, 1, 1, 1]
    assert {(e.model, e.state) for e in b.of(UpgradeEvent)} >= {("big", "downloading"), ("big", "ready")}
    assert (await made_a.infer("hello", GREEDY)).model == "big"
    assert (await made_b.infer("hello", GREEDY)).model == "big"
    assert a.asked_for(BIG_WEIGHTS) == [1, 1, 1, 1], "nothing is downloaded twice"


async def test_what_only_another_tab_wants_the_leader_brings_too() -> None:
    a, _made_a, _b, made_b = await two()
    await made_b.infer("hello", GREEDY)
    for _ in range(3):
        await a.rests()
    assert a.asked_for(BIG_WEIGHTS) == [1, 1, 1, 1]
    assert (await made_b.infer("hello", GREEDY)).model == "big"


async def test_when_the_leading_tab_goes_another_goes_on_where_it_stopped() -> None:
    a, made_a, b, made_b = await two()
    await made_a.infer("hello", GREEDY)
    await made_b.infer("hello", GREEDY)
    gate = held(a, BIG_WEIGHTS[2])
    await a.rests()
    assert sha(BIG_WEIGHTS[0]) in a.store.shards
    a.dies()
    await made_a.shutdown()
    gate.set()
    for _ in range(3):
        await b.rests()
    assert (await made_b.infer("hello", GREEDY)).model == "big"
    assert a.asked_for(BIG_WEIGHTS[:2]) == [1, 1], "what was here was not downloaded again"


async def test_a_pause_in_one_tab_holds_the_download_of_another_and_resuming_there_lets_it_go_on() -> None:
    a, made_a, _b, made_b = await two()
    await made_a.infer("hello", GREEDY)
    gate = held(a, BIG_WEIGHTS[3])
    await a.rests()
    await made_b.control_upgrade("pause")
    gate.set()
    await a.rests()
    assert sha(BIG_WEIGHTS[3]) not in a.store.shards
    assert a.upgrades[-1] == ("big", "paused", "")
    await made_b.control_upgrade("resume")
    for _ in range(2):
        await a.rests()
    assert (await made_a.infer("hello", GREEDY)).model == "big"


async def test_an_update_is_looked_for_and_brought_by_one_tab() -> None:
    a, made_a, b, made_b = await two(enable_full_models=False)
    await made_a.infer("hello", GREEDY)
    await made_b.infer("hello", GREEDY)
    a.publishes(CHANGED, "1.1.0")
    asked: list[str] = []
    for tab in (a, b):
        read = tab.ports.fetch_text

        async def counted(path: str, read: Any = read, tab: Tab = tab) -> str:
            asked.append(f"{'ab'[tab is b]} {path}")
            return await read(path)

        object.__setattr__(
            made_a._parts.ground.ports if tab is a else made_b._parts.ground.ports, "fetch_text", counted
        )
    await a.rests()
    assert asked == ["a models/tiny/manifest.json"]
    assert a.asked_for([NEW_WEIGHT]) == [1]
    assert (await made_a.infer("hello", GREEDY)).model_version == "1.1.0"
    assert (await made_b.infer("hello", GREEDY)).model_version == "1.0.0", "it serves on with what it has in memory"


async def test_a_shutdown_tab_gives_the_lead_away() -> None:
    a, made_a, b, made_b = await two()
    assert (made_a._parts.ground.among.leads, made_b._parts.ground.among.leads) == (True, False)
    await made_a.shutdown()
    await settled()
    assert made_b._parts.ground.among.leads
    assert a.tab._hall._holders[LEADER] is b.tab


async def test_a_tab_in_which_nothing_was_asked_brings_nothing_for_its_own_sake() -> None:
    a = Tab(Hall())
    await a.settings.set("hydration", '{"model": "big", "paused": false}')
    quiet = Tab(Hall(), a)
    made = await engine(quiet)
    for _ in range(3):
        await quiet.rests()
    assert a.asked_for(BIG_WEIGHTS) == [0, 0, 0, 0]
    await made.preload()
    for _ in range(2):
        await quiet.rests()
    assert a.asked_for(BIG_WEIGHTS) == [1, 1, 1, 1], "as soon as something is"


async def test_a_leader_in_which_nothing_was_asked_serves_a_tab_that_waits_since_before_it_led() -> None:
    hall = Hall()
    a = Tab(hall)
    made_a = await engine(a)
    await settled()
    quiet, c = Tab(hall, a), Tab(hall, a)
    made_quiet = await engine(quiet)
    await settled()
    made_c = await engine(c)
    await settled()
    gate = held(a, BIG_WEIGHTS[1])
    await made_c.infer("hello", GREEDY)
    await a.rests()
    a.dies()
    await made_a.shutdown()
    gate.set()
    for _ in range(4):
        await c.rests()
    assert made_quiet._parts.ground.among.leads
    assert list(made_quiet.models.loaded) == [], "nobody asked anything there"
    assert (await made_c.infer("hello", GREEDY)).model == "big"
