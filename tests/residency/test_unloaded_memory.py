"""What a model took is free once it is unloaded: at once, by the count of references, since a browser collects late."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from dataclasses import replace
from weakref import ref

import pytest

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import Cancelled, RuntimeFailure
from orion_py.generation.chat_template import SpokenFor
from orion_py.protocol import InferOptions
from orion_py.telemetry.log import Logger
from tests.tiny import LetterTokenizer, World, says

GREEDY = InferOptions(temperature=0)


class Memory(World):
    """Remembers, without holding them, what a model in memory consists of."""

    def __init__(self, text: str) -> None:
        super().__init__(says(text))
        self.made: list[ref[object]] = []
        self.ports = replace(self.ports, tokenizer_factory=self._tokenizer)
        opening = self.runtime.open

        async def opened(*arguments):
            session = await opening(*arguments)
            self.runtime.sessions.clear()  # the script's own list holds it
            self.made.append(ref(session))
            return session

        self.runtime.open = opened  # type: ignore[method-assign]

    def _tokenizer(self, definition: bytes) -> LetterTokenizer:
        made = LetterTokenizer()
        self.made.append(ref(made))
        return made

    @property
    def left(self) -> list[object]:
        return [each for reference in self.made if (each := reference()) is not None]


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def engine(world: World) -> Engine:
    return await Engine.start(EngineConfig(), world.ports, Logger(clock=world.clock))


async def rest() -> None:
    """What was begun beside an answer, such as the step after its last token, comes to its end."""
    for _ in range(3):
        await asyncio.sleep(0)


async def test_an_unloaded_model_leaves_neither_session_nor_tokenizer() -> None:
    world = Memory("good day")
    made = await engine(world)
    for _ in range(3):
        await made.infer("hello", GREEDY)
        assert len(world.left) == 2
        await made.models.unload()
        assert world.left == []
    assert len(world.made) == 6


async def test_a_model_that_makes_room_needs_no_collection_to_be_gone() -> None:
    world = Memory("ok")
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await made.models.discard("tiny", made.models.loaded["tiny"])
    await rest()
    assert world.left == []


async def test_two_that_load_one_version_share_its_tokenizer() -> None:
    world = Memory("ok")
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await made.infer("again", GREEDY)
    assert len(world.made) == 2


async def test_an_answer_that_was_stopped_leaves_nothing_of_its_model() -> None:
    world = Memory("a long answer")
    made = await engine(world)
    made.subscribe(lambda event: made.cancel("q") if event.type == "token" else None)
    with pytest.raises(Cancelled):
        await made.infer("hello", GREEDY, request_id="q")
    await made.models.unload()
    assert world.left == []


async def test_an_answer_that_failed_leaves_nothing_of_its_model() -> None:
    world = Memory("ok")
    made = await engine(world)
    world.runtime.failures["forward"] = [RuntimeFailure("broken") for _ in range(9)]
    with pytest.raises(RuntimeFailure):
        await made.infer("hello", GREEDY)
    await rest()
    await made.models.unload()
    assert world.left == []


async def test_a_template_that_refuses_a_message_does_not_keep_its_tokenizer() -> None:
    class Refusing(LetterTokenizer):
        def render(self, messages):
            if messages[0]["role"] == "system":
                raise ValueError("no system message")
            return super().render(messages)

    inner = Refusing()
    gone, spoken = ref(inner), SpokenFor(inner)
    del inner
    assert "be brief" in spoken.render([{"role": "system", "content": "be brief"}, {"role": "user", "content": "a"}])
    del spoken
    assert gone() is None
