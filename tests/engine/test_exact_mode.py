"""Exact mode can be switched while the engine runs: the next answer is computed in the form that was chosen."""

from __future__ import annotations

import json
from typing import Any

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.protocol import InferOptions
from orion_py.telemetry.log import Logger
from tests.tiny import GRAPH, World, manifest_json, says, sha

GREEDY = InferOptions(temperature=0)


def with_exact_form(world: World) -> World:
    made: dict[str, Any] = json.loads(manifest_json())
    graph = {"graph": sha(GRAPH), "kv": "grow"}
    exact = {
        "id": "wasm-exact",
        "backend": "wasm",
        "exact": True,
        "prefill": graph,
        "decode": graph,
        "tolerance_kl": 0.05,
    }
    made["variants"].append(exact)
    world.texts["models/tiny/manifest.json"] = json.dumps(made)
    return world


async def test_the_next_answer_is_in_the_form_that_was_chosen_and_back() -> None:
    world = with_exact_form(World(says("ok")))
    made = await Engine.start(EngineConfig(), world.ports, Logger(clock=world.clock))
    backends = []
    for exact in (False, True, True, False):
        made.configure(EngineConfig(exact=exact))
        backends.append((await made.infer("hello", GREEDY)).backend)
    quick, slow = "WASM, 2 threads", "WASM, 2 threads, exact"
    assert backends == [quick, slow, slow, quick]
    assert [session.closed for session in world.runtime.sessions] == [True, True, False]


async def test_a_model_of_one_form_alone_stays_in_memory() -> None:
    world = World(says("ok"))
    made = await Engine.start(EngineConfig(), world.ports, Logger(clock=world.clock))
    await made.infer("hello", GREEDY)
    made.configure(EngineConfig(exact=True))
    await made.infer("hello", GREEDY)
    assert len(world.runtime.sessions) == 1
