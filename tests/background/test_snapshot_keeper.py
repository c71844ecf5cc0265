"""When the snapshot that the next start begins with is made, and when it isn't."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from orion_py.background.snapshot_keeper import LEAST_FREE_BYTES, PAUSE_S, QUIET_S, TRIES, SnapshotKeeper
from orion_py.runtime.base import Device
from orion_py.storage.base import StorageEstimate
from orion_py.telemetry.log import Logger
from tests.patient_clock import PatientClock


class Snapshots:
    """``says``: what each one comes to; it waits for ``gate`` where there is one."""

    def __init__(self, *says: str) -> None:
        self.says = list(says) or ["made"]
        self.made = self.stopped = 0
        self.gate: asyncio.Event | None = None

    async def make(self) -> str:
        self.made += 1
        if self.gate is not None:
            await self.gate.wait()
            return "stopped"
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]

    def stop(self) -> None:
        self.stopped += 1
        if self.gate is not None:
            self.gate.set()


class World:
    """A manager, ports and a store, as far as the keeper looks at them."""

    def __init__(self, *says: str, memory_gb: float | None = 8.0) -> None:
        self.clock = PatientClock()
        self.sleep = self.clock.sleep
        self.snapshots = Snapshots(*says)
        self.loading: list[str] = []
        self.idle = True
        self.memory_reason: str | None = None
        self.quota: int | None = 10_000_000_000
        self.runtime = self.store = self
        self._memory_gb = memory_gb
        self.log = Logger(clock=self.clock)
        self.keeper = SnapshotKeeper(self, self, self.log, lambda: self.idle)  # type: ignore[arg-type]

    async def device(self) -> Device:
        return Device(threads=2, webgpu=False, memory_gb=self._memory_gb)

    async def estimate(self) -> StorageEstimate:
        return StorageEstimate(self.quota, 1_000_000_000, False)

    async def ticks(self, times: int = 1) -> None:
        for _ in range(times):
            task = asyncio.ensure_future(self.keeper.poll())
            await self.clock.passes(PAUSE_S)
            await task


async def test_it_is_made_once_nothing_was_asked_for_a_moment() -> None:
    world = World()
    task = asyncio.ensure_future(world.keeper.poll())
    await world.clock.passes(PAUSE_S / 2)
    assert world.snapshots.made == 0
    await world.clock.passes(PAUSE_S / 2)
    await task
    assert world.snapshots.made == 1


@pytest.mark.parametrize("said", ["made", "there", "impossible"])
async def test_once_that_is_settled_no_later_moment_asks_again(said: str) -> None:
    world = World(said)
    await world.ticks(3)
    assert world.snapshots.made == 1


async def test_it_waits_for_models_that_load() -> None:
    world = World()
    world.loading = ["big"]
    task = asyncio.ensure_future(world.keeper.poll())
    await world.clock.passes(PAUSE_S)
    await world.clock.passes(QUIET_S)
    assert world.snapshots.made == 0
    world.loading = []
    await world.clock.passes(QUIET_S)
    await task
    assert world.snapshots.made == 1


async def test_a_question_meanwhile_puts_it_off() -> None:
    world = World()
    task = asyncio.ensure_future(world.keeper.poll())
    await world.clock.passes(0)
    world.idle = False
    await world.clock.passes(PAUSE_S)
    await task
    assert world.snapshots.made == 0
    world.idle = True
    await world.ticks()
    assert world.snapshots.made == 1


async def test_a_question_stops_one_under_way_and_a_later_moment_makes_it() -> None:
    world = World()
    world.snapshots.gate = asyncio.Event()
    task = asyncio.ensure_future(world.keeper.poll())
    await world.clock.passes(PAUSE_S)
    assert world.snapshots.made == 1
    world.keeper.give_way()
    await task
    assert world.snapshots.stopped == 1
    world.snapshots.gate = None
    await world.ticks()
    assert world.snapshots.made == 2


async def test_nothing_is_stopped_where_none_is_made() -> None:
    world = World()
    world.keeper.give_way()
    assert world.snapshots.stopped == 0


async def test_two_moments_at_once_make_one() -> None:
    world = World()
    world.snapshots.gate = asyncio.Event()
    first = asyncio.ensure_future(world.keeper.poll())
    await world.clock.passes(PAUSE_S)
    await world.keeper.poll()
    assert world.snapshots.made == 1
    world.snapshots.gate.set()
    await first


async def test_one_that_fails_is_told_in_the_log_and_tried_again_but_not_for_ever() -> None:
    world = World("a Python from the snapshot answers a, not b")
    await world.ticks(TRIES + 2)
    assert world.snapshots.made == TRIES
    assert len(world.log.records("WARN")) == TRIES


async def test_another_tab_that_makes_it_or_a_stop_is_no_failure() -> None:
    world = World("busy", "stopped", "busy", "made")
    await world.ticks(4)
    assert world.snapshots.made == 4
    assert world.log.records("WARN") == []


@pytest.mark.parametrize(
    "change",
    [
        {"_memory_gb": 2.0},
        {"_memory_gb": None},
        {"memory_reason": "private mode"},
        {"quota": 1_000_000_000 + LEAST_FREE_BYTES - 1},
    ],
)
async def test_a_machine_that_can_ill_bear_it_is_spared(change: dict[str, Any]) -> None:
    world = World()
    for name, value in change.items():
        setattr(world, name, value)
    await world.ticks(2)
    assert world.snapshots.made == 0


async def test_a_quota_that_the_browser_does_not_tell_is_no_hindrance() -> None:
    world = World()
    world.quota = None
    await world.ticks()
    assert world.snapshots.made == 1
