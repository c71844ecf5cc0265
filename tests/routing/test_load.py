"""How the router's parts are fetched."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled
from orion_py.registry.models import RouterEntry
from orion_py.routing.load import load_router
from tests.lite_and_full import LiteAndFull
from tests.patient_clock import settled
from tests.tiny import sha

PART = b"a part of the router"
ENTRY = RouterEntry(id="router", manifest="models/router/manifest.json", licence="MIT", download_bytes=len(PART))


class Manifest:
    tokenizer = head = graph = "part"

    def shard(self, name: str) -> Any:
        return SimpleNamespace(sha256=sha(PART), size=len(PART))


def stalling(world: LiteAndFull) -> list[str]:
    """The first download brings nothing; those that came to their end are in the list."""
    done: list[str] = []
    world.store.remote[f"models/shards/{sha(PART)}"] = PART
    real, stalls = world.store.fetch, [1]

    async def fetch(url: str, sha256: str, size: int, on_bytes: Any, cancel: CancelToken) -> None:
        if stalls:
            stalls.pop()
            stopped = asyncio.get_running_loop().create_future()
            cancel.subscribe(lambda: stopped.set_result(None))
            await stopped
            cancel.raise_if_cancelled()
        await real(url, sha256, size, on_bytes, cancel)
        done.append(url)

    world.store.fetch = fetch  # type: ignore[method-assign]
    return done


async def test_a_part_without_a_byte_for_the_idle_time_out_is_fetched_again() -> None:
    world = LiteAndFull()
    done = stalling(world)
    loading = asyncio.ensure_future(load_router(world.ports, ENTRY, Manifest(), CancelToken(), 5.0))  # type: ignore[arg-type]
    await settled()
    assert done == []
    for _ in range(8):
        await world.time.passes(5.0)
    assert done == [f"models/shards/{sha(PART)}"]
    loading.cancel()
    await asyncio.wait({loading})


async def test_switched_off_it_doesnt_wait_for_the_idle_time_out() -> None:
    world, cancel = LiteAndFull(), CancelToken()
    stalling(world)
    loading = asyncio.ensure_future(load_router(world.ports, ENTRY, Manifest(), cancel))  # type: ignore[arg-type]
    await settled()
    cancel.cancel()
    with pytest.raises(Cancelled):
        await loading
