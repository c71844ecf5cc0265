"""Builds a world whose device has our own kernel, and says what was opened there."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.protocol import FallbackEvent
from orion_py.registry.load import parse_registry
from orion_py.residency.manager import ModelManager
from orion_py.runtime.base import Device
from tests.tiny import REGISTRY, World, manifest_json, says

HERE = Device(threads=2, webgpu=False, webgpu_reason="none", kernel="relaxed-threads-1")
GPU = replace(HERE, webgpu=True, webgpu_name="a gpu")
ENTRY = parse_registry(json.dumps(REGISTRY)).model("tiny")
GOLDEN = {"name": "g", "tokens": [5, 6, 30], "top": [[1, 50.0], [2, 0.0], [3, 0.0]]}
KERNEL = {"id": "kernel", "engine": "kernel", "backend": "wasm", "exact": False, "tolerance_kl": 0.05}
PLAIN = "Kernel, 2 threads, plain SIMD"
SLOWER = (PLAIN, "WASM, 2 threads")
NO_RELAXED = replace(HERE, kernel="plain-threads-1")


def manager(w: World, **config: Any) -> ModelManager:
    loader = ProgressiveLoader(w.store, w.runtime, clock=w.clock, sleep=w.clock.sleep, uniform=lambda: 0.5)
    return ModelManager(EngineConfig(**config), w.ports, loader, w.events.append)


def world(script: Any = None, device: Device = HERE, exact: bool = False) -> World:
    made = World(script or says("a"), device=device)
    described = json.loads(manifest_json(golden=[GOLDEN]))
    described["variants"].append(KERNEL)
    if exact:
        described["variants"].append(described["variants"][0] | {"id": "exact", "exact": True})
    made.texts["models/tiny/manifest.json"] = json.dumps(described)
    return made


def wrong_on_the_kernel() -> tuple[World, list[str]]:
    """Its builds compute something else, as long as they are in the list."""
    opened: list[tuple[str, int]] = []
    wrong = ["kernel", "kernel-plain"]
    made = world(lambda tokens: 2 if opened[-1][0] in wrong else 1)
    opened = made.runtime.opened
    return made, wrong


def steps(w: World) -> list[tuple[str, str, str, str]]:
    return [(e.kind, e.from_, e.to, e.reason_code) for e in w.events if isinstance(e, FallbackEvent)]


async def label(m: ModelManager) -> str:
    model = await m.acquire(ENTRY, CancelToken())
    await m.release(model)
    return model.label
