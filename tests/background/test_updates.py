"""A newer version on the server: the old one answers, only what changed is fetched, and one can go back."""

from __future__ import annotations

import pytest

from orion_py.errors import DownloadFailed, NoEarlierVersion, RuntimeFailure, WorkerDied
from orion_py.protocol import FallbackEvent, InferOptions
from tests.lite_and_full import BIG_WEIGHTS, NEW_WEIGHT, LiteAndFull, with_weights
from tests.tiny import WEIGHTS, sha
from tests.two_models import engine

GREEDY = InferOptions(temperature=0)
CHANGED = [*WEIGHTS[:2], NEW_WEIGHT]
# After the prompt "a" (token 1) the scripted model says "g" (7), the first letter of its text.
WRONG = {"name": "a", "tokens": [1], "top": [[8, 50.0], [7, 0.0]]}


async def with_the_old_version() -> LiteAndFull:
    """A device that has 1.0.0 of "tiny" in use, visited again."""
    world = LiteAndFull()
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", GREEDY)
    await made.shutdown()
    world.events.clear()
    world.store.requests.clear()
    return world


async def test_the_old_version_answers_while_only_what_changed_is_fetched_and_then_the_new_one_does() -> None:
    world = await with_the_old_version()
    world.publishes(CHANGED, "1.1.0", golden=[])
    made = await engine(world, enable_full_models=False)
    first = await made.infer("hello", GREEDY)
    assert first.model_version == "1.0.0"
    assert world.store.requests == [], "the answer waited for nothing"
    await world.rests()
    assert world.store.requests == [(f"models/shards/{sha(NEW_WEIGHT)}", 0)]
    assert [(s, c) for _, s, c in world.upgrades] == [("downloading", ""), ("loading", ""), ("ready", "")]
    assert (await made.infer("more", GREEDY)).model_version == "1.1.0"
    (row,) = await made.versions()
    assert row == {"model": "tiny", "current": "1.1.0", "next": None, "previous": "1.0.0", "probation": False}


async def test_one_can_go_back_and_the_newer_one_does_not_come_again_by_itself() -> None:
    world = await with_the_old_version()
    world.publishes(CHANGED, "1.1.0")
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", GREEDY)
    await world.rests()
    world.store.requests.clear()
    await made.rollback("tiny")
    assert (await made.infer("hello", GREEDY)).model_version == "1.0.0"
    await world.rests()
    await made.shutdown()
    again = await engine(world, enable_full_models=False)
    assert (await again.infer("hello", GREEDY)).model_version == "1.0.0"
    await world.rests()
    assert (await again.infer("hello", GREEDY)).model_version == "1.0.0"
    assert world.store.requests == [], "both versions were kept"
    await again.rollback("tiny")
    assert (await again.infer("hello", GREEDY)).model_version == "1.1.0", "back and forth"


async def test_without_an_earlier_version_going_back_says_so() -> None:
    world = await with_the_old_version()
    made = await engine(world, enable_full_models=False)
    with pytest.raises(NoEarlierVersion):
        await made.rollback("tiny")


async def test_a_new_version_that_computes_wrongly_never_serves_and_is_not_tried_again() -> None:
    world = await with_the_old_version()
    world.publishes(CHANGED, "1.1.0", golden=[WRONG])
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", GREEDY)
    await world.rests()
    assert world.upgrades[-1] == ("tiny", "failed", "golden_mismatch")
    assert [e.kind for e in world.of(FallbackEvent)][-1] == "version"
    assert (await made.infer("hello", GREEDY)).model_version == "1.0.0"
    assert sha(NEW_WEIGHT) not in world.store.shards, "what came of it is gone"
    await made.shutdown()
    world.store.requests.clear()
    again = await engine(world, enable_full_models=False)
    await again.infer("hello", GREEDY)
    await world.rests()
    assert world.store.requests == []


async def test_a_new_version_that_fails_its_first_answer_steps_back_and_the_answer_comes() -> None:
    world = await with_the_old_version()
    world.publishes(CHANGED, "1.1.0")
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", GREEDY)
    await world.rests()
    world.runtime.session("tiny").failures = {"forward": [RuntimeFailure("broken graph")]}
    opened = world.runtime.open

    async def open_old_only(manifest, *rest):
        if manifest.version == "1.1.0":
            raise RuntimeFailure("broken graph")
        return await opened(manifest, *rest)

    world.runtime.open = open_old_only
    response = await made.infer("more", GREEDY)
    assert (response.model_version, response.content) == ("1.0.0", "good day")
    steps = [(e.kind, e.from_, e.to) for e in world.of(FallbackEvent) if e.kind == "version"]
    assert steps == [("version", "Tiny 1.1.0", "Tiny 1.0.0")]


async def test_a_version_that_has_answered_is_not_gone_back_from_by_itself() -> None:
    world = await with_the_old_version()
    world.publishes(CHANGED, "1.1.0")
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", GREEDY)
    await world.rests()
    await made.infer("more", GREEDY)
    world.runtime.session("tiny").failures = {"forward": [WorkerDied("x")]}
    assert (await made.infer("more", GREEDY)).model_version == "1.1.0"


async def test_shards_that_no_kept_version_names_are_swept_after_a_switch_and_the_kept_ones_stay() -> None:
    world = await with_the_old_version()
    stale, begun = b"stale", sha(b"begun")
    world.store.shards[sha(stale)] = stale
    world.store.partial[begun] = b"be"
    versions = [CHANGED, [*WEIGHTS[:1], NEW_WEIGHT, BIG_WEIGHTS[0]]]
    for number, weights in enumerate(versions, 1):
        world.publishes(weights, f"1.{number}.0")
        made = await engine(world, enable_full_models=False)
        await made.infer("hello", GREEDY)
        await world.rests()
        await made.infer("hello", GREEDY)
        await made.shutdown()
    names = set(await world.store.names())
    assert not {sha(stale), begun, sha(WEIGHTS[2])} & names, "stale, or named by a version from before the one before"
    assert {sha(data) for data in (*WEIGHTS[:2], NEW_WEIGHT, BIG_WEIGHTS[0])} <= names


async def test_nothing_is_swept_while_a_kept_version_cannot_be_read() -> None:
    world = await with_the_old_version()
    await world.settings.set("manifest:big", '{"format": 2}')
    world.store.shards[sha(b"x")] = b"x"
    world.publishes(CHANGED, "1.1.0")
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", GREEDY)
    await world.rests()
    assert (await made.infer("hello", GREEDY)).model_version == "1.1.0"
    assert sha(b"x") in world.store.shards


@pytest.mark.parametrize("sent", ["<!doctype html>", "{}", with_weights(CHANGED, model="other")])
async def test_a_damaged_manifest_on_the_server_changes_nothing(sent: str) -> None:
    world = await with_the_old_version()
    world.texts["models/tiny/manifest.json"] = sent
    made = await engine(world, enable_full_models=False)
    for _ in range(2):
        assert (await made.infer("hello", GREEDY)).model_version == "1.0.0"
        await world.rests()
    assert world.upgrades == []


async def test_an_update_that_broke_off_goes_on_at_the_next_visit() -> None:
    world = await with_the_old_version()
    world.publishes([*WEIGHTS[:1], NEW_WEIGHT, BIG_WEIGHTS[0]], "1.1.0")
    world.store.faults[f"models/shards/{sha(BIG_WEIGHTS[0])}"] = [DownloadFailed("x", status=404)] * 9
    made = await engine(world, enable_full_models=False)
    await made.infer("hello", GREEDY)
    await world.rests(10)
    assert (await made.infer("hello", GREEDY)).model_version == "1.0.0"
    await made.shutdown()
    world.store.faults.clear()
    again = await engine(world, enable_full_models=False)
    await again.preload()
    await world.rests()
    assert (await again.infer("hello", GREEDY)).model_version == "1.1.0"
    assert world.asked_for([NEW_WEIGHT]) == [1]


async def test_a_lost_part_of_a_version_that_the_server_no_longer_has_brings_the_new_version() -> None:
    world = await with_the_old_version()
    world.publishes(CHANGED, "1.1.0")
    del world.store.shards[sha(WEIGHTS[2])]
    world.store.remote = {url: data for url, data in world.store.remote.items() if data != WEIGHTS[2]}
    made = await engine(world, enable_full_models=False)
    assert (await made.infer("hello", GREEDY)).model_version == "1.1.0"


async def test_without_room_for_both_the_new_version_takes_the_old_ones_place() -> None:
    world = await with_the_old_version()
    world.publishes(CHANGED, "1.1.0")
    made = await engine(world, enable_full_models=False, max_memory_mb=500)
    await made.infer("hello", GREEDY)
    await world.rests()
    assert (await made.infer("hello", GREEDY)).model_version == "1.1.0"


async def test_forgetting_a_model_keeps_what_another_one_shares() -> None:
    world = LiteAndFull()
    world.texts["models/big/manifest.json"] = with_weights([WEIGHTS[0], BIG_WEIGHTS[0]], model="big")
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests()
    await made.forget("big")
    names = set(await world.store.names())
    assert sha(BIG_WEIGHTS[0]) not in names
    assert {sha(data) for data in WEIGHTS} <= names
    assert list(made.models.loaded) == ["tiny"]
