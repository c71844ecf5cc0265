"""What an engine says of its state doesn't depend on the order in which its ports answer.

Time stands still here. A clock whose sleepers wake at once (``tiny.Clock``) lets a minute of idleness pass within a few
turns of the loop: the worker is pinged, the ping's time is up before the answer, and the model is loaded anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.engine.test_host import Wire
from tests.patient_clock import PatientClock
from tests.tiny import World, says

TURNS = (0, 1, 7, 40)


def slowly(turns: int, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def slow(*args: Any) -> Any:
        for _ in range(turns):
            await asyncio.sleep(0)
        return await call(*args)

    return slow


@pytest.mark.parametrize("device", TURNS)
@pytest.mark.parametrize("settings", TURNS)
@pytest.mark.parametrize("registry", [0, 20])
async def test_a_preloaded_model_is_in_the_status_however_slow_each_port_is(
    device: int, settings: int, registry: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, clock = World(says("ok")), PatientClock()
    monkeypatch.setattr(world.runtime, "device", slowly(device, world.runtime.device))
    monkeypatch.setattr(world.settings, "get", slowly(settings, world.settings.get))
    fetch = slowly(registry, world.ports.fetch_text)
    world.ports = replace(world.ports, clock=clock, sleep=clock.sleep, fetch_text=fetch)
    wire = Wire(world)
    wire.send("initialize")
    assert (await wire.ask("preload"))["payload"] == {"model": "tiny"}
    asked = (await wire.ask("status"))["payload"]["loaded"]
    assert [row["model"] for row in asked] == [row["model"] for row in wire.status["loaded"]] == ["tiny"]
