"""A larger model comes in while the smaller one answers, and steps aside when it can't."""

from __future__ import annotations

import asyncio

import pytest

from orion_py.errors import DownloadFailed, OutOfMemory, WorkerDied
from orion_py.protocol import FallbackEvent, InferOptions, ProgressEvent
from tests.lite_and_full import BIG_WEIGHTS, LiteAndFull
from tests.patient_clock import settled
from tests.tiny import sha
from tests.two_models import MB, engine

GREEDY = InferOptions(temperature=0)


async def settle(times: int = 40) -> None:
    for _ in range(times):
        await settled()


async def test_the_smaller_model_answers_while_the_larger_one_arrives_and_then_it_takes_over() -> None:
    world = LiteAndFull()
    made = await engine(world)
    first = await made.infer("hello", GREEDY)
    assert first.model == "tiny"
    assert world.asked_for(BIG_WEIGHTS) == [0, 0, 0, 0], "nothing moves before the answer is there"
    await world.rests()
    assert world.asked_for(BIG_WEIGHTS) == [1, 1, 1, 1]
    assert [state for _, state, _ in world.upgrades] == ["downloading", "loading", "ready"]
    history = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": first.content}]
    second = await made.infer("more", GREEDY, history)
    assert second.model == "big"
    prompt = world.runtime.session("big").calls[-1 - second.usage.completion]
    assert len(prompt[0]) == second.usage.prompt > first.usage.prompt, "the whole conversation is in its prompt"
    assert sorted(made.models.loaded) == ["big", "tiny"]


async def test_the_background_tells_of_itself_and_not_as_a_load_that_somebody_waits_for() -> None:
    world = LiteAndFull()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests()
    assert {e.model for e in world.of(ProgressEvent)} == {"tiny"}


async def test_a_visit_begins_with_the_quick_model_even_where_the_larger_one_is_here() -> None:
    world = LiteAndFull()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests()
    await made.shutdown()
    asked = len(world.store.requests)
    again = await engine(world)
    assert await again.preload() == "tiny"
    await world.rests()
    assert (await again.infer("hello", GREEDY)).model == "big"
    assert len(world.store.requests) == asked, "nothing is downloaded twice"


async def test_what_arrived_is_kept_and_the_next_visit_goes_on_by_itself() -> None:
    world = LiteAndFull()
    gone = f"models/shards/{sha(BIG_WEIGHTS[2])}"
    world.store.faults[gone] = [DownloadFailed("gone", status=404)] * 9
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests(10)
    assert world.upgrades[-1] == ("big", "failed", "download_failed")
    assert world.of(FallbackEvent) == [], "a line that broke is no step down"
    here = world.asked_for(BIG_WEIGHTS[:2])
    await made.shutdown()
    world.store.faults.clear()
    again = await engine(world)
    await again.preload()
    await world.rests()
    assert (await again.infer("hello", GREEDY)).model == "big"
    assert world.asked_for(BIG_WEIGHTS[:2]) == here == [1, 1]


async def test_a_pause_holds_across_visits_until_it_is_taken_back() -> None:
    world = LiteAndFull()
    made = await engine(world)
    await made.control_upgrade("pause")
    await made.infer("hello", GREEDY)
    await world.rests()
    assert world.upgrades == [("big", "paused", "")]
    await made.shutdown()
    again = await engine(world)
    await again.preload()
    await world.rests()
    assert world.asked_for(BIG_WEIGHTS) == [0, 0, 0, 0]
    await again.control_upgrade("resume")
    await world.rests()
    assert (await again.infer("hello", GREEDY)).model == "big"


async def test_what_stands_still_can_be_paused_and_declined_too() -> None:
    world = LiteAndFull()
    world.costly = True
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests()
    await made.control_upgrade("pause")
    await made.control_upgrade("cancel")
    assert [state for _, state, _ in world.upgrades] == ["waiting", "paused", "cancelled"]
    await made.infer("hello", GREEDY)
    await world.rests()
    assert world.upgrades[-1][1] == "cancelled"


async def test_on_a_metered_line_only_the_persons_word_begins_it() -> None:
    world = LiteAndFull()
    world.costly = True
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests()
    assert world.upgrades == [("big", "waiting", "metered")]
    await made.control_upgrade("resume")
    assert world.asked_for(BIG_WEIGHTS) == [0, 0, 0, 0]
    await made.control_upgrade("start")
    await world.rests()
    assert world.asked_for(BIG_WEIGHTS) == [1, 1, 1, 1]


async def test_giving_it_up_deletes_what_came_and_shared_parts_stay() -> None:
    world = LiteAndFull()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    held = asyncio.Event()
    fetch = world.store.fetch

    async def slow(url, sha256, size, on_bytes, cancel):
        if sha256 == sha(BIG_WEIGHTS[3]):
            await held.wait()
            cancel.raise_if_cancelled()
        await fetch(url, sha256, size, on_bytes, cancel)

    world.store.fetch = slow
    await world.rests(1.5, 2)
    assert sha(BIG_WEIGHTS[0]) in world.store.shards
    cancelling = asyncio.ensure_future(made.control_upgrade("cancel"))
    await settle(1)
    held.set()
    await cancelling
    await world.rests()
    assert not {sha(data) for data in BIG_WEIGHTS} & set(await world.store.names())
    assert (await made.infer("again", GREEDY)).model == "tiny"
    await world.rests()
    assert world.upgrades[-1] == ("big", "cancelled", ""), "for the rest of the visit nothing is begun again"


async def test_a_small_device_never_tries() -> None:
    world = LiteAndFull()
    made = await engine(world, enable_full_models=False)
    for _ in range(2):
        assert (await made.infer("hello", GREEDY)).model == "tiny"
        await world.rests()
    assert world.upgrades == []
    assert world.asked_for(BIG_WEIGHTS) == [0, 0, 0, 0]


async def test_forbidding_it_gives_its_memory_back_and_the_smaller_one_answers() -> None:
    world = LiteAndFull()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests()
    made.configure(made.config.model_copy(update={"enable_full_models": False}))
    await settle()
    assert list(made.models.loaded) == ["tiny"]
    assert (await made.infer("hello", GREEDY)).model == "tiny"


async def test_what_the_memory_can_never_hold_is_refused_before_a_byte_moves_and_said_in_words() -> None:
    world = LiteAndFull()
    made = await engine(world, max_memory_mb=500)
    await made.infer("hello", GREEDY)
    await world.rests()
    assert world.asked_for(BIG_WEIGHTS) == [0, 0, 0, 0]
    assert world.upgrades == [("big", "failed", "too_large")]
    (step,) = world.of(FallbackEvent)
    assert (step.kind, step.from_, step.to) == ("model", "Big", "the smaller model")
    assert "600 MB" in step.reason


async def test_where_both_do_not_fit_the_larger_one_takes_the_place() -> None:
    world = LiteAndFull()
    made = await engine(world, max_memory_mb=700)
    await made.infer("hello", GREEDY)
    await world.rests()
    assert list(made.models.loaded) == ["big"]
    assert (await made.infer("hello", GREEDY)).model == "big"


async def test_memory_that_runs_short_while_it_loads_leaves_the_smaller_one_serving() -> None:
    world = LiteAndFull()
    world.runtime.broken["big"] = OutOfMemory("no room")
    made = await engine(world, max_memory_mb=700)
    await made.infer("hello", GREEDY)
    await world.rests()
    assert world.upgrades[-1] == ("big", "failed", "out_of_memory")
    assert list(made.models.loaded) == ["tiny"], "what made room is back before anybody asks"
    assert [e.kind for e in world.of(FallbackEvent)][-1] == "model"
    assert (await made.infer("hello", GREEDY)).model == "tiny"


async def test_a_larger_model_that_fails_while_answering_steps_back_and_the_answer_comes() -> None:
    world = LiteAndFull()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests()
    world.runtime.session("big").failures = {"forward": [WorkerDied("x")] * 3}
    world.runtime.broken["big"] = WorkerDied("y")
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    steps = [e for e in world.of(FallbackEvent) if e.kind == "model"]
    assert [(e.from_, e.to) for e in steps] == [("big", "tiny")]


async def test_a_question_during_its_load_calls_the_load_off_and_is_answered_at_once() -> None:
    world = LiteAndFull()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    gate = world.runtime.gates["big"] = asyncio.Event()
    await world.rests()
    assert "big" in made.models.loading
    assert (await made.infer("hello", GREEDY)).model == "tiny"
    gate.set()
    await settle()
    assert world.upgrades[-1] == ("big", "waiting", "busy")
    await world.rests()
    assert (await made.infer("hello", GREEDY)).model == "big", "the next quiet moment took it in"


async def test_a_site_without_the_larger_model_is_told_nothing_about_it() -> None:
    world = LiteAndFull()

    async def fetch_text(path: str) -> str:
        if "big" in path:
            raise DownloadFailed("404", status=404)
        return await type(world)._fetch_text(world, path)

    object.__setattr__(world.ports, "fetch_text", fetch_text)
    made = await engine(world)
    for _ in range(2):
        assert (await made.infer("hello", GREEDY)).model == "tiny"
        await world.rests()
    assert world.upgrades == []
    assert world.of(FallbackEvent) == []


async def test_a_disk_that_is_full_keeps_the_smaller_model_and_says_why() -> None:
    world = LiteAndFull()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    world.store.quota = sum(len(d) for d in world.store.shards.values()) + 100
    await world.rests()
    assert world.upgrades[-1] == ("big", "failed", "quota_exceeded")
    assert world.store.memory_reason is None, "the background never fills the memory instead"
    assert (await made.infer("hello", GREEDY)).model == "tiny"


async def test_the_larger_model_is_loaded_at_once_when_it_is_asked_for_by_name() -> None:
    world = LiteAndFull()
    made = await engine(world)
    response = await made.infer("hello", InferOptions(temperature=0, model="big"))
    assert response.model == "big"


@pytest.mark.parametrize("kept", ["", "nonsense", '{"model": "unknown"}', "[]", '{"model": 3, "paused": "yes"}'])
async def test_a_damaged_memory_of_earlier_visits_counts_as_none(kept: str) -> None:
    world = LiteAndFull()
    await world.settings.set("hydration", kept)
    made = await engine(world)
    assert made.resilience.upgrade() == {"model": None, "paused": False, "enabled": True, "event": None}


async def test_memory_is_counted_with_what_comes() -> None:
    world = LiteAndFull()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    world.runtime.gates["big"] = asyncio.Event()
    await world.rests()
    assert made.models.memory().used_bytes == 1000 * MB
    world.runtime.gates["big"].set()
    await settle()


async def test_the_log_has_each_step_of_a_background_download_once() -> None:
    world = LiteAndFull()
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests()
    told = len([event for event in world.events if event.type == "upgrade"])
    steps = [record["state"] for record in made.log.records(event="upgrade")]
    assert steps == ["downloading", "loading", "ready"]
    assert told > len(steps), "its progress is for the page, and not for the log"
