"""The neural router is switched off and on while it loads."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from orion_py.cancellation import CancelToken
from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.routing.head import LinearHead
from orion_py.routing.keyword_words import RULED
from tests.lite_and_full import LiteAndFull, lite_and_full
from tests.patient_clock import settled
from tests.tiny import sha
from tests.two_models import engine

ENCODER = b"an encoder" * 20
URL = f"models/shards/{sha(ENCODER)}"
OFF, ON = EngineConfig(use_neural_router=False), EngineConfig()


class Encoder:
    closed = 0

    async def close(self) -> None:
        Encoder.closed += 1


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> LiteAndFull:
    """Whose router is one shard of 200 bytes."""
    made = LiteAndFull()
    Encoder.closed = 0
    listed: dict[str, Any] = lite_and_full()
    listed["router"] = {
        "id": "router",
        "manifest": "models/router/manifest.json",
        "licence": "MIT",
        "download_bytes": 200,
    }
    made.texts["models.json"] = json.dumps(listed)
    made.store.remote = {**made.store.remote, URL: ENCODER}
    made.store.chunk = 1

    async def manifest(*rest: object) -> object:
        return object()

    async def load(
        ports: Any, loader: Any, entry: Any, manifest: Any, cancel: CancelToken, *told: object
    ) -> tuple[Encoder, LinearHead]:
        await ports.store.fetch(URL, sha(ENCODER), len(ENCODER), lambda count: None, cancel)
        return Encoder(), LinearHead(RULED, np.zeros((1, 1)))

    monkeypatch.setattr("orion_py.routing.service.router_manifest", manifest)
    monkeypatch.setattr("orion_py.routing.service.load_router", load)
    return made


async def half_loaded(world: LiteAndFull) -> Engine:
    made = await engine(world)
    await world.time.passes(0.6)
    for _ in range(20):
        await settled()
        if world.store.partial:
            break
    assert 0 < len(world.store.partial[sha(ENCODER)]) < len(ENCODER)
    return made


async def test_switched_off_its_download_stops_and_it_doesnt_come(world: LiteAndFull) -> None:
    made = await half_loaded(world)
    made.configure(OFF)
    for _ in range(50):
        await settled()
    arrived = len(world.store.partial[sha(ENCODER)])
    assert arrived < len(ENCODER)
    await world.rests()
    assert sha(ENCODER) not in world.store.shards
    assert not made.router.ready
    assert not made.router.loading


async def test_switched_on_again_it_goes_on_where_it_stopped_and_comes_once(world: LiteAndFull) -> None:
    made = await half_loaded(world)
    for config in (OFF, ON, ON, OFF, ON):
        made.configure(config)
    for _ in range(5):
        await world.rests()
    assert made.router.ready
    assert len(world.store.requests) == 2
    assert world.store.requests[1][1] > 0, "what arrived was kept"


async def test_switched_off_before_its_turn_it_is_never_begun(world: LiteAndFull) -> None:
    made = await engine(world)
    made.configure(OFF)
    await world.rests()
    assert world.store.requests == []
