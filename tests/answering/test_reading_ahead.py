"""What is read while somebody types: the likely prompt, in pieces, and never before anything that was asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from orion_py.answering.reading_ahead import PIECE
from orion_py.cancellation import CancelToken
from orion_py.engine.engine import Engine
from orion_py.engine.host import EngineHost
from orion_py.engine.scheduler import between_turns
from orion_py.errors import Cancelled, RuntimeFailure, UnknownAgent
from orion_py.protocol import InferOptions, ReadAhead
from orion_py.runtime.base import Logits
from orion_py.runtime.tokenizer import ChatMessage
from tests.reading_world import SCRIBE, SHARED, ReadingWorld, calm, draft, visit

GREEDY = InferOptions(temperature=0)
WRITE = InferOptions(temperature=0, force_agent="scribe")
LONG: list[ChatMessage] = [
    {"role": "user", "content": "tell me of the sea and of all that lives in it please"},
    {"role": "assistant", "content": "good day"},
]


async def ready(world: ReadingWorld) -> Engine:
    """The model is in memory, and nothing was asked."""
    engine = await world.engine()
    await engine.preload()
    await calm()
    return engine


class Gate:
    """Each forward of the latest session waits until ``opens``."""

    def __init__(self, world: ReadingWorld) -> None:
        self._go = asyncio.Semaphore(0)
        session = world.runtime.sessions[-1]
        forward = session.forward

        async def gated(tokens: Sequence[int], position: int) -> Logits:
            await self._go.acquire()
            return await forward(tokens, position)

        session.forward = gated  # type: ignore[method-assign]

    async def opens(self, times: int = 1) -> None:
        for _ in range(times):
            self._go.release()
            await calm()


async def test_the_prompts_beginning_is_read_in_pieces_and_the_question_reads_what_is_new() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    found = await engine.read_ahead(draft("what is the sea"))
    assert found == ReadAhead("conversation", "tiny", SHARED, SHARED, 0)
    assert world.read == [(PIECE, 0), (SHARED - PIECE, PIECE)]
    response = await engine.infer("what is the sea like", GREEDY)
    assert (response.content, response.usage.cached) == ("good day", SHARED)


async def test_what_is_kept_is_restored_and_nothing_is_read() -> None:
    before = ReadingWorld()
    await (await ready(before)).infer("hello", GREEDY)
    await before.rests()
    world = visit(before)
    engine = await ready(world)
    assert await engine.read_ahead(draft("hm")) == ReadAhead("conversation", "tiny", SHARED, SHARED, SHARED)
    assert world.read == []
    assert (await engine.infer("more", GREEDY)).usage.cached == SHARED


async def test_a_conversation_is_read_up_to_the_question() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    found = await engine.read_ahead(draft("and", history=LONG))
    assert found.cached == found.tokens > SHARED + 50
    assert max(count for count, _ in world.read) <= PIECE
    response = await engine.infer("and the shore", GREEDY, LONG)
    assert response.usage.cached == found.tokens


async def test_nothing_is_read_for_a_model_that_is_not_in_memory() -> None:
    world = ReadingWorld()
    engine = await world.engine()
    assert await engine.read_ahead(draft("hello")) == ReadAhead("conversation")
    assert world.runtime.sessions == []


@pytest.mark.parametrize(
    ("text", "options", "last", "agent"),
    [
        ("", InferOptions(), None, "conversation"),
        ("ok", InferOptions(), "scribe", "scribe"),
        ("what is the sea", InferOptions(), "scribe", "conversation"),
        ("what is the sea", WRITE, None, "scribe"),
        ("ok", InferOptions(), "gone", "conversation"),
    ],
)
async def test_who_will_answer_is_who_was_chosen_or_whom_the_draft_suggests_or_who_answered_last(
    text: str, options: InferOptions, last: str | None, agent: str
) -> None:
    engine = await ready(ReadingWorld())
    assert (await engine.read_ahead(draft(text, options=options, agent=last))).agent == agent


async def test_a_wrong_guess_costs_nothing_where_the_right_prompt_is_kept() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    await engine.infer("hello", GREEDY)
    await world.rests()
    found = await engine.read_ahead(draft(options=WRITE))
    assert found.cached == found.tokens == len(SCRIBE) + 3
    assert (await engine.infer("more", GREEDY)).usage.cached == SHARED


async def test_a_guess_does_not_throw_away_the_conversation_that_is_in_memory() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    await engine.infer(LONG[0]["content"], GREEDY)
    await world.rests()
    before = len(world.read)
    found = await engine.read_ahead(draft(options=WRITE, history=LONG))
    assert (len(world.read), found.cached < SHARED) == (before, True)
    assert (await engine.infer("and", GREEDY, LONG)).usage.cached > SHARED + len(LONG[0]["content"])


async def test_a_question_waits_for_one_piece_and_uses_it() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    gate = Gate(world)
    reading = asyncio.ensure_future(engine.read_ahead(draft("and", history=LONG)))
    await calm()
    asked = asyncio.ensure_future(engine.infer("and the shore", GREEDY, LONG))
    await calm()
    assert world.read == [], "the first piece is under way"
    await gate.opens()
    assert (await reading).cached == PIECE
    await gate.opens(20)
    assert (await asked).usage.cached == PIECE
    assert world.read[0] == (PIECE, 0)
    assert world.read[1][1] == PIECE


async def test_a_question_that_is_under_way_is_left_alone() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    gate = Gate(world)
    asked = asyncio.ensure_future(engine.infer("hello", GREEDY))
    await calm()
    assert await engine.read_ahead(draft(options=WRITE)) == ReadAhead("scribe", "tiny")
    await gate.opens(20)
    assert (await asked).content == "good day"


async def test_what_was_to_be_read_before_a_question_is_not_read_after_its_answer() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    scribe, go = engine.agents.get("scribe"), asyncio.Event()
    prepare = scribe.prepare

    async def slow(query: str, locale: str, options: InferOptions) -> Any:
        await go.wait()
        return await prepare(query, locale, options)

    scribe.prepare = slow  # type: ignore[method-assign]
    reading = asyncio.ensure_future(engine.read_ahead(draft(options=WRITE)))
    await calm()
    assert (await engine.infer("hello", GREEDY)).content == "good day"
    read = len(world.read)
    go.set()
    assert (await reading).cached == 0
    assert len(world.read) == read
    assert (await engine.read_ahead(draft("hm"))).cached == SHARED, "the next draft is another matter"


@pytest.mark.parametrize("how", ["stop", "its own"])
async def test_stop_ends_it_after_the_piece(how: str) -> None:
    world = ReadingWorld()
    engine = await ready(world)
    gate, cancel = Gate(world), CancelToken()
    reading = asyncio.ensure_future(engine.read_ahead(draft("and", history=LONG), cancel))
    await calm()
    if how == "stop":
        engine.cancel()
        assert await reading == ReadAhead()
    else:
        cancel.cancel()
        with pytest.raises(Cancelled):
            await reading
    await gate.opens(5)
    assert world.read == [(PIECE, 0)]


async def test_a_later_draft_takes_the_place_of_an_earlier_one() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    gate = Gate(world)
    first = asyncio.ensure_future(engine.read_ahead(draft()))
    await calm()
    second = asyncio.ensure_future(engine.read_ahead(draft(options=WRITE)))
    await gate.opens(9)
    assert await first == ReadAhead()
    assert (await second).cached == len(SCRIBE) + 3


@pytest.mark.parametrize("what", ["unload", "forget", "shutdown"])
async def test_unloading_waits_for_nothing(what: str) -> None:
    world = ReadingWorld()
    engine = await ready(world)
    gate = Gate(world)
    reading = asyncio.ensure_future(engine.read_ahead(draft("and", history=LONG)))
    await calm()
    work: Any = {"unload": engine.models.unload, "forget": engine.forget, "shutdown": engine.shutdown}[what]
    await asyncio.wait_for(work(), 1)
    assert world.runtime.sessions[-1].closed
    await gate.opens(9)
    await reading
    assert len(world.read) <= 1


async def test_work_between_two_turns_goes_first() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    gate = Gate(world)
    reading = asyncio.ensure_future(engine.read_ahead(draft("and", history=LONG)))
    await calm()
    async with between_turns(engine._parts.queue)(CancelToken()):
        await gate.opens(9)
        assert (await reading).cached == PIECE


async def test_pieces_shrink_where_they_take_long() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    session = world.runtime.sessions[-1]
    forward = session.forward

    async def slow(tokens: Sequence[int], position: int) -> Logits:
        world.time.now += 0.02 * len(tokens)
        return await forward(tokens, position)

    session.forward = slow  # type: ignore[method-assign]
    await engine.read_ahead(draft("and", history=LONG))
    assert [count for count, _ in world.read[:4]] == [32, 16, 8, 8]


async def test_a_model_that_fails_while_nobody_asked_fails_nobody() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    world.runtime.failures["forward"] = [RuntimeFailure("once")]
    assert (await engine.read_ahead(draft("hm"))).cached == 0
    assert (await engine.infer("hello", GREEDY)).content == "good day"


async def test_an_agent_that_is_not_there_is_a_typed_error() -> None:
    engine = await ready(ReadingWorld())
    with pytest.raises(UnknownAgent):
        await engine.read_ahead(draft(options=InferOptions(force_agent="nobody")))


async def test_onnxruntime_reads_ahead_too() -> None:
    world = ReadingWorld()
    engine = await world.engine(runner="onnxruntime")
    await engine.preload()
    assert (await engine.read_ahead(draft("hm"))).cached == SHARED
    assert (await engine.infer("hello", GREEDY)).usage.cached == SHARED


async def test_a_page_asks_for_it_by_a_message() -> None:
    world, said = ReadingWorld(), list[dict[str, Any]]()
    host = EngineHost(world.ports, lambda text: said.append(json.loads(text)))

    async def ends(message: dict[str, Any]) -> dict[str, Any]:
        host.receive(json.dumps({"v": 1, **message}))
        for _ in range(50):
            await calm()
            found = [row for row in said if row["id"] == message["id"] and row["type"] in ("result", "error")]
            if found:
                return found[0]
        raise AssertionError(said)

    await ends({"id": "1", "type": "initialize"})
    await ends({"id": "2", "type": "preload"})
    turns = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}]
    end = await ends({"id": "3", "type": "anticipate", "draft": "an", "agent": "conversation", "history": turns})
    assert end["type"] == "result"
    assert end["payload"]["cached"] == end["payload"]["tokens"] > SHARED
    wrong = await ends({"id": "4", "type": "anticipate", "draft": "x" * 4001})
    assert (wrong["type"], wrong["error"]["code"]) == ("error", "protocol")


async def test_a_piece_that_was_called_off_while_it_waited_is_not_read_behind_the_next_question() -> None:
    world = ReadingWorld()
    engine = await ready(world)
    await engine.infer("hello", GREEDY)
    await world.rests()
    model, session = engine.models.loaded["tiny"], world.runtime.sessions[-1]
    said: list[ChatMessage] = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}]
    held = len(session.tokens)
    gate = Gate(world)
    step = model.begin([1], held)  # nobody waits for it any more, and it still computes
    await calm()
    step.cancel()
    before = len(world.read)
    reading = asyncio.ensure_future(engine.read_ahead(draft("a letter to my aunt", options=WRITE)))
    await calm()
    engine.cancel()
    await calm()
    assert reading.done()
    asked = asyncio.ensure_future(engine.infer("more", GREEDY, said))
    await gate.opens(40)
    response = await asked
    assert response.content == "good day"
    assert response.usage.cached > SHARED
    assert [at for _, at in world.read[before:]] == sorted(at for _, at in world.read[before:])
    assert world.read[before + 1][1] == response.usage.cached
