"""A question with an image or a sound, as its model takes it in, through the whole engine."""

from __future__ import annotations

import numpy as np
import pytest

from orion_py.errors import EmbeddingsUnsupported
from orion_py.protocol import FallbackEvent, InferOptions
from orion_py.runtime.segments import NO_TOKEN, Embeddings
from orion_py.runtime.tokenizer import ChatMessage
from tests.reading_world import SHARED, ReadingWorld, calm, visit
from tests.tiny import World, says
from tests.tiny_engine import engine

GREEDY = InferOptions(temperature=0)


def picture(value: float = 1.0) -> Embeddings:
    return Embeddings.of(np.full((5, 8), value, np.float32))


async def test_the_model_gets_the_rows_between_the_tokens_of_the_question() -> None:
    world = World(says("a cat"))
    response = await (await engine(world)).infer("what is this", GREEDY, embedded=[picture()])
    session = world.runtime.sessions[0]
    (shown, at), *rest = session.embedded
    assert (shown.hash, len(shown), rest) == (picture().hash, 5, [])
    read = session.calls[:2]
    assert at == len(read[0][0])
    assert read[1][1] == at + 5
    assert session.tokens[at : at + 5] == [NO_TOKEN] * 5
    assert response.content == "a cat"
    assert response.usage.prompt == len(read[0][0]) + 5 + len(read[1][0])


async def test_the_next_turn_of_the_conversation_reads_no_picture_again_and_another_one_is_read() -> None:
    world = World(says("a cat"))
    made = await engine(world)
    await made.infer("what is this", GREEDY, embedded=[picture()])
    session = world.runtime.sessions[0]
    history: list[ChatMessage] = [
        {"role": "user", "content": "what is this", "embedded": [picture()]},
        {"role": "assistant", "content": "a cat"},
    ]
    session.embedded.clear()
    response = await made.infer("sure", GREEDY, history)
    assert session.embedded == []
    assert response.usage.cached > 5
    other: list[ChatMessage] = [{**history[0], "embedded": [picture(2.0)]}, history[1]]
    await made.infer("sure", GREEDY, other)
    assert [shown.hash for shown, _ in session.embedded] == [picture(2.0).hash]


async def test_what_takes_tokens_alone_ends_in_an_error_that_says_so_and_answers_the_next_question() -> None:
    world = World(says("ok"))
    made = await engine(world)
    world.runtime.failures["forward"] = []
    await made.infer("hello", GREEDY)
    world.runtime.failures["forward"] += [EmbeddingsUnsupported("tokens alone")]
    with pytest.raises(EmbeddingsUnsupported) as refused:
        await made.infer("what is this", GREEDY, embedded=[picture()])
    assert "kernel" in refused.value.hint
    assert not [event for event in world.events if isinstance(event, FallbackEvent)], "no other model would do better"
    assert (await made.infer("hello", GREEDY)).content == "ok"
    assert len(world.runtime.sessions) == 1


async def test_of_a_prompt_that_is_kept_its_tokens_before_the_picture_are_restored() -> None:
    before = ReadingWorld()
    first = await before.engine()
    await first.infer("hello", GREEDY, embedded=[picture()])
    await before.rests()
    assert [prefix.rows for prefix in await before.prefixes.all()] == [SHARED], "the agent's prompt, and no picture"
    world = visit(before)
    made = await world.engine()
    await calm()
    response = await made.infer("more", GREEDY, embedded=[picture()])
    assert response.usage.cached == SHARED
