"""Starts an engine with the tiny model, and reads what it said of a request."""

from __future__ import annotations

import json

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.protocol import Event, InferOptions, StateEvent, TokenEvent
from orion_py.telemetry.log import Logger
from tests.tiny import World, manifest_json

GREEDY = InferOptions(temperature=0)


async def engine(world: World, **config) -> Engine:
    return await Engine.start(
        EngineConfig(**config), world.ports, Logger(clock=world.clock), subscribers=[world.events.append]
    )


def states(events: list[Event], request: str) -> list[str]:
    return [e.state for e in events if isinstance(e, StateEvent) and e.id == request]


def text(events: list[Event], request: str) -> str:
    return "".join(e.text for e in events if isinstance(e, TokenEvent) and e.id == request)


def verifying() -> str:
    """The tiny model's manifest with a WASM variant that verifies drafts."""
    made = json.loads(manifest_json())
    wasm = made["variants"][0]
    wasm["prefill"] = {**wasm["prefill"], "verifies": 8}
    wasm["decode"] = {**wasm["decode"], "kv": "inplace"}
    return json.dumps(made)
