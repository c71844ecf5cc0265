"""Through the engine: an everyday prompt of an agent masks nothing, and a secret in one is masked."""

from __future__ import annotations

import copy
import json

import pytest

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.protocol import InferOptions
from orion_py.safety.output import MASK
from orion_py.telemetry.log import Logger
from tests.tiny import REGISTRY, World, says


async def answer(system: str, text: str) -> str:
    world = World(says(text))
    registry = copy.deepcopy(REGISTRY)
    registry["agents"][0]["system"] = {"en": system, "fr": system}  # type: ignore[index]
    world.texts["models.json"] = json.dumps(registry)
    engine = await Engine.start(EngineConfig(), world.ports, Logger(clock=world.clock))
    return (await engine.infer("hello", InferOptions(temperature=0))).content


@pytest.mark.parametrize(
    ("system", "text"),
    [
        ("For each token: print its type", "print it and print it again"),
        ("You explain basic physics", "basic physics is about motion"),
    ],
)
async def test_a_reader_gets_every_word_of_an_everyday_agent(system: str, text: str) -> None:
    assert await answer(system, text) == text


async def test_a_secret_of_the_prompt_does_not_reach_the_reader() -> None:
    assert await answer("db_password=swordfish", "it is swordfish i think") == f"it is {MASK} i think"
