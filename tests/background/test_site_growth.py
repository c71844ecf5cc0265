"""A page that stays open learns of the models that its site gets meanwhile, and asks only where more are coming."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orion_py.background.site_growth import FIRST_LOOK_S, LONGEST_WAIT_S, LOOKS, SLOWER
from orion_py.errors import InvalidRegistry
from orion_py.protocol import InferOptions, SiteEvent
from orion_py.registry.load import parse_registry
from orion_py.storage.tabs import Hall
from tests.lite_and_full import BIG_WEIGHTS, LiteAndFull, lite_and_full
from tests.patient_clock import settled
from tests.storage.two_tabs import Tab
from tests.tiny_graphs import entry
from tests.two_models import engine

GREEDY = InferOptions(temperature=0)
LIST = "models.json"


def being_made(coming: bool = True) -> dict[str, Any]:
    """The list while "big" is being made."""
    made = lite_and_full()
    big = made["models"].pop(1)
    reason = {"en": "Big is being prepared.", "fr": "Big est en préparation."}
    made["absent"] = [{"id": "big", "title": big["title"], "reason": reason, "coming": coming}]
    return made


class Growing(LiteAndFull):
    def __init__(self, coming: bool = True) -> None:
        super().__init__()
        self.whole = self.texts[LIST]
        self.texts[LIST] = json.dumps(being_made(coming))
        self.looks = 0

    async def _fetch_text(self, path: str) -> str:
        self.looks += path == LIST
        return await super()._fetch_text(path)

    def grows(self) -> None:
        self.texts[LIST] = self.whole

    @property
    def told(self) -> list[tuple[list[str], list[str]]]:
        return [(event.models, event.coming) for event in self.of(SiteEvent)]


async def test_what_was_made_meanwhile_comes_by_itself_and_answers_the_next_question() -> None:
    world = Growing()
    made = await engine(world)
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    await world.rests()
    assert world.asked_for(BIG_WEIGHTS) == [0, 0, 0, 0]
    world.grows()
    await world.time.passes(FIRST_LOOK_S)
    assert world.told == [(["big"], [])]
    await world.rests()
    assert world.asked_for(BIG_WEIGHTS) == [1, 1, 1, 1]
    assert (await made.infer("more", GREEDY)).model == "big"
    assert made.registry.model("big").title == "Big"
    assert made.agents.describe()[0]["missing"] == []


async def test_an_agent_sees_as_soon_as_the_site_has_what_sees() -> None:
    reason = {"en": "Eyes is being prepared.", "fr": "Eyes est en préparation."}
    eyes = {"id": "eyes", "title": "Eyes", "reason": reason, "coming": True, "senses": ["tiny-graphs"]}
    before = lite_and_full()
    before["agents"].append(before["agents"][0] | {"id": "vision", "models": ["eyes"], "capabilities": ["vision"]})
    before["absent"] = [eyes]
    world = Growing()
    world.texts[LIST] = json.dumps(before)
    world.whole = json.dumps(before | {"absent": [eyes | {"coming": False}], "senses": [entry()]})
    made = await engine(world)
    assert made.agents.why_not("vision", "en") == "Eyes is being prepared."
    world.grows()
    await world.time.passes(FIRST_LOOK_S)
    assert world.told == [([], [])]
    assert made.agents.available("vision")


async def test_where_nothing_was_asked_it_waits_for_a_question_as_it_always_does() -> None:
    world = Growing()
    made = await engine(world)
    world.grows()
    await world.time.passes(FIRST_LOOK_S)
    await world.rests()
    assert world.told == [(["big"], [])]
    assert world.asked_for(BIG_WEIGHTS) == [0, 0, 0, 0]
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    await world.rests()
    assert (await made.infer("more", GREEDY)).model == "big"


async def test_a_site_that_makes_nothing_is_asked_once() -> None:
    world = Growing(coming=False)
    made = await engine(world)
    assert made.registry.coming == ()
    world.grows()
    for _ in range(20):
        await world.time.passes(LONGEST_WAIT_S)
    assert world.looks == 1
    assert world.told == []


async def test_a_making_that_failed_is_said_and_nothing_more_is_asked() -> None:
    world = Growing()
    made = await engine(world)
    assert [entry.id for entry in made.registry.coming] == ["big"]
    world.texts[LIST] = json.dumps(being_made(coming=False))
    await world.time.passes(FIRST_LOOK_S)
    assert world.told == [([], [])]
    looks = world.looks
    for _ in range(20):
        await world.time.passes(LONGEST_WAIT_S)
    assert world.looks == looks


async def test_it_is_asked_less_and_less_often_and_not_for_ever() -> None:
    world = Growing()
    await engine(world)
    waits, since, before = [], 0.0, world.looks
    while len(waits) < 12:
        await world.time.passes(1)
        since += 1
        if world.looks > before:
            waits.append(since)
            since, before = 0.0, world.looks
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(FIRST_LOOK_S, abs=1)
    assert waits[-1] <= LONGEST_WAIT_S + 1
    assert waits[1] == pytest.approx(FIRST_LOOK_S * SLOWER, abs=2)
    for _ in range(LOOKS):
        await world.time.passes(LONGEST_WAIT_S)
    looks = world.looks
    await world.time.passes(LONGEST_WAIT_S)
    assert world.looks == looks == LOOKS + 1
    assert world.told == [], "nothing changed, nothing is told"


@pytest.mark.parametrize("text", ["", "<html>", "{}", '{"version": 9}'])
async def test_a_list_that_cant_be_had_or_read_changes_nothing_and_is_asked_for_again(text: str) -> None:
    world = Growing()
    made = await engine(world)
    if text:
        world.texts[LIST] = text
    else:
        world.unreachable.add(LIST)
    await world.time.passes(FIRST_LOOK_S)
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    world.unreachable.clear()
    world.grows()
    await world.time.passes(FIRST_LOOK_S * SLOWER)
    assert [models for models, _ in world.told][-1:] == [["big"]]


async def test_a_wish_of_an_earlier_visit_holds_for_what_is_there_again() -> None:
    world = Growing()
    await world.settings.set("hydration", json.dumps({"model": "big", "paused": True}))
    made = await engine(world)
    await made.infer("hello", GREEDY)
    world.grows()
    await world.time.passes(FIRST_LOOK_S)
    await world.rests()
    assert world.upgrades[-1] == ("big", "paused", "")
    assert world.asked_for(BIG_WEIGHTS) == [0, 0, 0, 0]


async def test_nothing_is_asked_after_the_shutdown() -> None:
    world = Growing()
    made = await engine(world)
    await made.shutdown()
    looks = world.looks
    for _ in range(5):
        await world.time.passes(LONGEST_WAIT_S)
    assert world.looks == looks


async def test_one_tab_tells_the_others_and_it_is_brought_once() -> None:
    hall = Hall()
    a = Tab(hall)
    whole, a.texts[LIST] = a.texts[LIST], json.dumps(being_made())
    made_a = await engine(a)
    await settled()
    await a.time.passes(FIRST_LOOK_S / 2)
    b = Tab(hall, a)
    a.texts[LIST] = json.dumps(being_made())
    made_b = await engine(b)
    await made_b.infer("hello", GREEDY)
    a.texts[LIST] = whole
    await a.time.passes(FIRST_LOOK_S / 2)
    assert [event.models for event in a.of(SiteEvent)] == [["big"]], "its own look came first"
    assert [event.models for event in b.of(SiteEvent)] == [["big"]], "it was told"
    for _ in range(6):
        await a.rests()
    assert b.asked_for(BIG_WEIGHTS) == [1, 1, 1, 1]
    assert (await made_b.infer("more", GREEDY)).model == "big"
    assert made_a.registry.model("big")


def test_a_registry_grows_in_place_and_keeps_what_it_had() -> None:
    registry = parse_registry(json.dumps(being_made()))
    later = lite_and_full()
    later["models"][0]["title"] = "Renamed"
    later["recommendations"] = {"production": "big"}
    assert registry.grow(parse_registry(json.dumps(later))) == ("big",)
    assert [entry.id for entry in registry.models] == ["tiny", "big"]
    assert registry.model("tiny").title == "Tiny", "what is in use stays as it is"
    assert (registry.absent, registry.coming) == ((), ())
    assert registry.recommended("production") == registry.model("big")
    assert registry.usable(registry.agents[0].models) == ("big", "tiny")
    assert parse_registry(registry.model_dump_json()).models == registry.models


def test_a_shorter_list_takes_nothing_away() -> None:
    registry = parse_registry(json.dumps(lite_and_full()))
    assert registry.grow(parse_registry(json.dumps(being_made(coming=True)))) == ()
    assert [entry.id for entry in registry.models] == ["tiny", "big"]
    assert registry.coming == ()


def test_an_added_model_of_the_same_id_stays_the_persons() -> None:
    registry = parse_registry(json.dumps(being_made()))
    mine = parse_registry(json.dumps(lite_and_full())).models[1].model_copy(update={"title": "Mine"})
    registry.add(mine)
    assert registry.grow(parse_registry(json.dumps(lite_and_full()))) == ()
    assert registry.model("big").title == "Mine"


async def test_a_list_that_the_device_had_kept_is_asked_for_once_more() -> None:
    """The service worker gives it at once; what the site has got since comes in the same visit."""
    world = Growing(coming=False)
    object.__setattr__(world.ports, "list_is_kept", lambda: True)
    await engine(world)
    looks = world.looks
    world.grows()
    await world.time.passes(FIRST_LOOK_S)
    assert world.told == [(["big"], [])]
    for _ in range(4):
        await world.time.passes(LONGEST_WAIT_S)
    assert world.looks == looks + 1


@pytest.mark.parametrize("kept", [True, False])
async def test_a_kept_list_that_cannot_be_read_is_asked_for_again_and_the_networks_is_not(kept: bool) -> None:
    world = Growing(coming=False)
    object.__setattr__(world.ports, "list_is_kept", lambda: kept)
    texts = [json.dumps({"version": 1, "models": "none"}), world.texts[LIST]]

    async def fetch_text(path: str) -> str:
        return texts.pop(0) if path == LIST and texts else await world._fetch_text(path)

    object.__setattr__(world.ports, "fetch_text", fetch_text)
    if kept:
        assert (await (await engine(world)).infer("hello", GREEDY)).model == "tiny"
    else:
        with pytest.raises(InvalidRegistry):
            await engine(world)
