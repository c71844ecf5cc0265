"""A whole engine lists the graph models of its site, brings one when it is asked to, and forgets it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.engine.status import status_of
from orion_py.errors import EngineClosed
from tests.tiny import World, says
from tests.tiny_graphs import ONE, offer


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(says("hi"))
    offer(made, tmp_path)
    return made


@pytest.fixture
async def engine(world: World) -> AsyncIterator[Engine]:
    made = await Engine.start(EngineConfig(use_neural_router=False), world.ports)
    yield made
    await made.shutdown()


async def test_the_status_names_it_with_what_it_weighs(engine: Engine, world: World) -> None:
    (row,) = (await status_of(engine, world.ports, ["senses"]))["senses"]
    assert (row["id"], row["sense"], row["licence"]) == ("tiny-graphs", "vision", "Apache-2.0")
    assert (row["download_bytes"], row["memory_bytes"]) == (3000, 1_000_000)


async def test_it_is_brought_when_it_is_asked_for_and_lent_to_who_runs_it(engine: Engine) -> None:
    assert await engine.preload("tiny-graphs") == "tiny-graphs"
    assert engine.models.holds("tiny-graphs")
    async with engine.senses.lent("tiny-graphs", CancelToken()) as model:
        assert (await model.graph("doubles").run({"x": ONE}))["y"].tolist() == [[3, 3, 3]]
    assert engine.models.loaded == {}, "no decoder"


async def test_it_is_forgotten_with_its_shards(engine: Engine, world: World) -> None:
    await engine.preload("tiny-graphs")
    await engine.forget("tiny-graphs")
    assert not engine.models.holds("tiny-graphs")
    assert world.store.shards == {}


async def test_an_engine_that_was_shut_down_lends_nothing(engine: Engine, world: World) -> None:
    await engine.preload("tiny-graphs")
    await engine.shutdown()
    assert [runner.closed for runner in world.runtime.graphs.runners] == [True]
    with pytest.raises(EngineClosed):
        _ = engine.senses
