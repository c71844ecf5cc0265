"""Agents' prompts that were read are there again at the next visit, and only those."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from orion_py.errors import Cancelled, OrionError, RuntimeFailure, StorageUnavailable
from orion_py.protocol import AgentDefinition, InferOptions, MetricEvent, TokenEvent
from orion_py.residency.saved_prefixes import LEAST_FREE_BYTES
from orion_py.runtime.memory_prefixes import MemoryPrefixes
from orion_py.runtime.prefixes import Prefix
from orion_py.storage.base import StorageEstimate
from tests.reading_world import HERE, SCRIBE, SHARED, ReadingWorld, calm, visit

GREEDY = InferOptions(temperature=0)
WRITE = InferOptions(temperature=0, force_agent="scribe")
MINE = AgentDefinition(
    id="mine", name="Mine", prompt="you know my secret garden and speak of it to nobody", max_tokens=64
)


async def kept(world: ReadingWorld) -> list[tuple[str, int]]:
    return [(prefix.agent, prefix.rows) for prefix in await world.prefixes.all()]


async def after_one_question(options: InferOptions = GREEDY) -> ReadingWorld:
    world = ReadingWorld()
    engine = await world.engine()
    await engine.infer("hello", options)
    await world.rests()
    return world


async def test_the_first_question_of_the_next_visit_reads_only_what_is_new() -> None:
    before = await after_one_question()
    assert await kept(before) == [("conversation", SHARED)]
    world = visit(before)
    engine = await world.engine()
    await calm()
    response = await engine.infer("more", GREEDY)
    assert response.content == "good day"
    assert (response.usage.prompt, response.usage.cached) == (SHARED + 6, SHARED)
    assert world.read[0] == (6, SHARED)
    cached = [e.value for e in world.events if isinstance(e, MetricEvent) and e.name == "cached_tokens"]
    assert cached == [SHARED]


async def test_it_is_kept_once_and_only_when_nothing_is_asked() -> None:
    world = ReadingWorld()
    engine = await world.engine()
    await engine.infer("hello", GREEDY)
    assert await kept(world) == []
    await world.rests()
    await engine.infer("again", GREEDY)
    await world.rests()
    assert await kept(world) == [("conversation", SHARED)]
    assert engine.prefixes.bytes == 4 * SHARED


async def test_another_agent_and_back_in_one_visit_reads_neither_prompt_twice() -> None:
    world = ReadingWorld()
    engine = await world.engine()
    for options in (GREEDY, WRITE):
        await engine.infer("hello", options)
        await world.rests()
    assert await kept(world) == [("conversation", SHARED), ("scribe", len(SCRIBE) + 3)]
    assert (await engine.infer("hello", GREEDY)).usage.cached == SHARED
    assert (await engine.infer("hello", WRITE)).usage.cached == len(SCRIBE) + 3


async def test_a_conversation_that_is_in_the_cache_is_not_given_up_for_its_prompt() -> None:
    world = await after_one_question()
    engine = await visit(world).engine()
    await calm()
    await engine.infer("hello", GREEDY)
    said = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}]
    assert (await engine.infer("more", GREEDY, said)).usage.cached > SHARED + len("hello") + len("good day")  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", ["flipped", "short", "gone", "unreadable"])
async def test_what_is_damaged_or_gone_is_read_as_ever_and_kept_again(damage: str) -> None:
    world = visit(await after_one_question())
    prefixes = world.prefixes
    engine = await world.engine()
    await calm()
    (key, (facts, sha256, data)), *_ = prefixes._kept.items()
    if damage == "gone":
        await prefixes.drop([key])
    elif damage == "unreadable":
        world.runtime.failures["restore"] = [OrionError("lost")]
    else:
        prefixes._kept[key] = (facts, sha256, data[:-4] if damage == "short" else data[:-4] + b"\1\2\3\4")
    response = await engine.infer("more", GREEDY)
    assert (response.content, response.usage.cached) == ("good day", 0)
    await world.rests()
    assert await kept(world) == [("conversation", SHARED)]
    assert (await engine.infer("other", WRITE)).usage.cached < SHARED
    assert (await engine.infer("more", GREEDY)).usage.cached == SHARED


@pytest.mark.parametrize("change", ["kernel", "weights", "shape"])
async def test_another_build_of_the_kernel_or_other_weights_read_anew_and_take_the_place(change: str) -> None:
    before = await after_one_question()
    world = visit(before, device=replace(HERE, kernel="plain-2") if change == "kernel" else HERE)
    if change != "kernel":
        old, new = (
            ('"1.0.0"', '"2.0.0"') if change == "weights" else ('"rope_theta": 10000.0', '"rope_theta": 500000.0')
        )
        manifest = world.texts["models/tiny/manifest.json"].replace(old, new)
        assert manifest != world.texts["models/tiny/manifest.json"]
        world.texts["models/tiny/manifest.json"] = manifest
        for name in await world.settings.names(""):
            await world.settings.delete(name)
    engine = await world.engine()
    await calm()
    assert (await engine.infer("more", GREEDY)).usage.cached == 0
    await world.rests()
    assert await kept(world) == [("conversation", SHARED)]
    assert {prefix.key for prefix in await world.prefixes.all()} == set(engine.prefixes._known)


async def test_onnxruntime_keeps_nothing() -> None:
    world = ReadingWorld()
    engine = await world.engine(runner="onnxruntime")
    await engine.infer("hello", GREEDY)
    await world.rests()
    assert await kept(world) == []


async def test_a_callers_own_prompt_is_not_kept() -> None:
    said = "this is what a caller of the interface says"
    world = await after_one_question(InferOptions(temperature=0, system=said))
    assert await kept(world) == []


@pytest.mark.parametrize("short_of", ["quota", "database"])
async def test_scarce_storage_is_left_to_the_models(short_of: str) -> None:
    world = ReadingWorld()
    engine = await world.engine()
    if short_of == "database":
        world.store.memory_reason = "private"
    else:

        async def estimate() -> StorageEstimate:
            return StorageEstimate(2 * LEAST_FREE_BYTES, LEAST_FREE_BYTES + 1, persisted=False)

        world.store.estimate = estimate  # type: ignore[method-assign]
    await engine.infer("hello", GREEDY)
    await world.rests()
    assert await kept(world) == []


async def test_a_model_that_is_forgotten_takes_its_prompts_along() -> None:
    world = await after_one_question()
    world.prefixes.keep(Prefix("k", "other", "conversation", "1", 20), b"0" * 80, 10**6)
    engine = await visit(world).engine()
    await engine.forget("tiny")
    assert [prefix.model for prefix in await world.prefixes.all()] == ["other"]
    await engine.forget()
    assert await kept(world) == []


async def test_a_custom_agents_prompt_goes_with_it_and_with_its_earlier_wording() -> None:
    world = ReadingWorld()
    engine = await world.engine()
    await engine.register_agent(MINE)
    mine = InferOptions(temperature=0, force_agent="mine")
    for definition in (MINE, MINE.model_copy(update={"prompt": MINE.prompt + " at all"})):
        await engine.register_agent(definition)
        await engine.infer("hello", mine)
        await world.rests()
        assert await kept(world) == [("mine", len(definition.prompt) + 3)]
    await engine.unregister_agent("mine")
    await world.rests()
    assert await kept(world) == []


@pytest.mark.parametrize("change", ["deleted", "reworded"])
async def test_an_agent_that_goes_or_changes_while_it_answers_leaves_no_prompt(change: str) -> None:
    world = ReadingWorld()
    engine = await world.engine()
    await engine.register_agent(MINE)
    changing: list[asyncio.Future[None]] = []

    def change_it(event: object) -> None:
        if isinstance(event, TokenEvent) and not changing:
            other = MINE.model_copy(update={"prompt": "you know of no garden and never heard of one"})
            work = engine.unregister_agent("mine") if change == "deleted" else engine.register_agent(other)
            changing.append(asyncio.ensure_future(work))

    engine.subscribe(change_it)
    await engine.infer("hello", InferOptions(temperature=0, force_agent="mine"))
    await changing[0]
    await world.rests()
    assert await kept(world) == []


async def test_what_an_agent_that_is_no_more_left_goes_at_the_next_visit() -> None:
    before = await after_one_question()
    before.prefixes.keep(replace((await before.prefixes.all())[0], key="k", agent="gone"), b"0" * 80, 10**6)
    world = visit(before)
    engine = await world.engine()
    await calm()
    assert await kept(world) == [("conversation", SHARED)]
    assert engine.prefixes.bytes == 4 * SHARED


async def test_a_prompt_with_words_of_the_question_is_not_kept() -> None:
    world = ReadingWorld()
    registry = json.loads(world.texts["models.json"])
    registry["agents"][1]["id"] = "code"
    world.texts["models.json"] = json.dumps(registry)
    engine = await world.engine()
    coding = InferOptions(temperature=0, force_agent="code")
    for question, count in (("write this ```my-secret-name", 0), ("write this ```python", 1)):
        await engine.infer(question, coding)
        await world.rests()
        assert [agent for agent, _ in await kept(world)] == ["code"] * count


async def test_what_is_forgotten_while_it_is_written_goes_too() -> None:
    class Slow(MemoryPrefixes):
        async def all(self) -> list[Prefix]:  # type: ignore[override]
            await asyncio.sleep(0)
            return list(await super().all())

    world = ReadingWorld()
    world.prefixes = world.runtime.prefixes = Slow()
    world.ports = replace(world.ports, prefixes=world.prefixes)
    engine = await world.engine()
    await engine.infer("hello", GREEDY)
    keeping = asyncio.ensure_future(engine.prefixes.poll())
    await asyncio.sleep(0)
    await engine.prefixes.forget(["tiny"])
    await keeping
    assert await kept(world) == []


async def test_a_store_that_deletes_nothing_fails_no_forgetting() -> None:
    world = await after_one_question()
    engine = await visit(world).engine()

    async def refuse(keys: object) -> None:
        raise StorageUnavailable("closed")

    world.prefixes.drop = refuse  # type: ignore[method-assign]
    await engine.forget()


async def test_stop_while_a_prompt_is_restored_ends_the_question() -> None:
    world = visit(await after_one_question())
    engine = await world.engine()
    await calm()
    await engine.preload()
    gate = asyncio.Event()
    session = world.runtime.sessions[-1]
    restore = session.restore_rows

    async def slow(key: str, rows: int) -> bool:
        await gate.wait()
        return await restore(key, rows)

    session.restore_rows = slow  # type: ignore[method-assign]
    asked = asyncio.ensure_future(engine.infer("more", GREEDY))
    await calm()
    engine.cancel()
    with pytest.raises(Cancelled):
        await asked
    gate.set()
    await calm()
    assert (await engine.infer("more", GREEDY)).usage.cached == SHARED


async def test_a_worker_that_does_not_stop_for_a_restore_is_replaced_and_the_question_answered() -> None:
    before = ReadingWorld()
    engine = await before.engine()
    for options in (GREEDY, WRITE):
        await engine.infer("hello", options)
        await before.rests()
    world = visit(before)
    engine = await world.engine()
    await calm()
    await engine.preload()
    engine.models.loaded["tiny"].patience_s = 0.01

    session = world.runtime.sessions[-1]

    async def hangs(tokens: object, position: int) -> Any:
        while not session.closed:
            await asyncio.sleep(0)
        raise Cancelled  # what a client says whose worker was ended

    session.forward = hangs  # type: ignore[method-assign]
    asked = asyncio.ensure_future(engine.infer("more", GREEDY))
    await calm()
    engine.cancel()
    with pytest.raises(Cancelled):
        await asked
    assert (await engine.infer("more", WRITE)).content == "good day"
    assert len(world.runtime.sessions) == 2


async def test_rows_with_which_a_model_fails_are_not_restored_again() -> None:
    before = await after_one_question()
    for visits, (sessions, cached) in enumerate([(2, 0), (1, SHARED)]):
        before = world = visit(before)
        engine = await world.engine()
        await calm()
        await engine.preload()
        if visits == 0:
            session = world.runtime.sessions[-1]
            forward = session.forward

            async def fails(tokens: list[int], position: int, forward: Any = forward) -> Any:
                if position:
                    raise RuntimeFailure("the model's output holds no number")
                return await forward(tokens, position)

            session.forward = fails  # type: ignore[method-assign]
        response = await engine.infer("more", GREEDY)
        assert (response.content, response.usage.cached, len(world.runtime.sessions)) == ("good day", cached, sessions)
        if visits == 0:
            assert await kept(world) == []
            await world.rests()
            assert await kept(world) == [("conversation", SHARED)], "as it was read anew"
