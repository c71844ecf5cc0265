"""Starts an engine with a configuration, directly or behind the protocol, in worlds in which settings matter."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.engine.host import EngineHost
from orion_py.errors import OrionError
from orion_py.protocol import InferOptions, Response
from orion_py.runtime.base import Device
from orion_py.telemetry.log import Logger
from tests.answering.test_ability import registry as with_every_agent
from tests.patient_clock import settled
from tests.tiny import GPU_GRAPH, GRAPH, manifest_json, sha
from tests.two_models import TwoModels, registry

Way = Literal["engine", "protocol"]
When = Literal["at the start", "afterwards"]
GPU = Device(threads=4, webgpu=True, webgpu_name="a gpu")


@dataclass
class Side:
    """An engine as somebody uses it, and the world around it."""

    world: TwoModels
    engine: Engine
    events: list[Any] = field(default_factory=list)

    async def ask(self, query: str = "hello", **options: Any) -> Response:
        return await self.engine.infer(query, InferOptions(temperature=0, **options))

    async def code(self, query: str = "hello", **options: Any) -> str:
        """ "" or the code of the error that the question ended in."""
        try:
            await self.ask(query, **options)
        except OrionError as error:
            return error.code
        return ""

    async def rests(self, seconds: float = 1.5, times: int = 4) -> None:
        for _ in range(times):
            await self.world.time.passes(seconds)
            for _ in range(20):
                await settled()


async def begun(way: Way, when: When, world: TwoModels, before: dict[str, Any], config: dict[str, Any]) -> Side:
    """With ``config``: given at the start, or in place of ``before`` afterwards."""
    first = config if when == "at the start" else before
    if way == "engine":
        events: list[Any] = []
        log = Logger(clock=world.time)
        made = await Engine.start(EngineConfig(**first), world.ports, log, subscribers=[events.append])
        side = Side(world, made, events)
        if when == "afterwards":
            await forgotten(world)
            made.configure(EngineConfig(**config))
            side.events.clear()
        await settled()
        return side
    sent: list[dict[str, Any]] = []
    host = EngineHost(world.ports, lambda text: sent.append(json.loads(text)))

    async def send(kind: str, **fields: Any) -> None:
        host.receive(json.dumps({"v": 1, "id": kind, "type": kind, **fields}))
        for _ in range(500):
            if any(m["id"] == kind and m["type"] in ("result", "error") for m in sent):
                break
            await asyncio.sleep(0)
        assert sent[-1]["type"] != "error", sent[-1]

    await send("initialize", preset="production", config=first)
    if when == "afterwards":
        await forgotten(world)
        await send("configure", preset="production", config=config)
    assert host._engine is not None
    side = Side(world, host._engine)
    host._engine.subscribe(side.events.append)
    await settled()
    return side


async def forgotten(world: TwoModels) -> None:
    """Only what is asked for from now on counts."""
    await settled()
    await world.time.passes(1)
    if isinstance(world, WithRouter):
        world.sought.clear()


def two_small() -> TwoModels:
    """Models of 600 and 400 MB."""
    world = TwoModels()
    world.runtime.bytes = {"big": 600_000_000, "tiny": 400_000_000}
    return world


def every_agent() -> TwoModels:
    world = TwoModels()
    world.texts["models.json"] = json.dumps(with_every_agent())
    return world


def with_gpu() -> TwoModels:
    world = TwoModels(device=GPU)
    graph = {"graph": sha(GRAPH), "kv": "grow"}
    gpu = {"graph": sha(GPU_GRAPH), "kv": "inplace"}
    kinds = [("wasm", "wasm", False, graph), ("exact", "wasm", True, graph), ("webgpu", "webgpu", True, gpu)]
    world.texts["models/tiny/manifest.json"] = manifest_json(
        variants=[
            {"id": name, "backend": backend, "exact": exact, "prefill": one, "decode": one, "tolerance_kl": 0.05}
            for name, backend, exact, one in kinds
        ]
    )
    return world


def with_kernel() -> TwoModels:
    world = TwoModels(device=Device(threads=4, webgpu=False, kernel="relaxed-threads-1"))
    made = json.loads(manifest_json())
    made["variants"].append(
        {"id": "kernel", "engine": "kernel", "backend": "wasm", "exact": False, "tolerance_kl": 0.05}
    )
    world.texts["models/tiny/manifest.json"] = json.dumps(made)
    return world


class WithRouter(TwoModels):
    """``sought``: the texts that were asked for since the latest configuration."""

    def __init__(self) -> None:
        super().__init__()
        router = {"id": "router", "manifest": "models/router/manifest.json", "licence": "MIT", "download_bytes": 1}
        self.texts["models.json"] = json.dumps(registry() | {"router": router})
        self.sought: list[str] = []

    async def _fetch_text(self, path: str) -> str:
        self.sought.append(path)
        return await super()._fetch_text(path)


def repeating() -> TwoModels:
    world = TwoModels("the quick brown fox jumps over the lazy dog")
    made = json.loads(manifest_json())
    graph = sha(GRAPH)
    made["variants"][0] |= {
        "prefill": {"graph": graph, "kv": "grow", "verifies": 8},
        "decode": {"graph": graph, "kv": "inplace"},
    }
    world.texts["models/tiny/manifest.json"] = json.dumps(made)
    return world
