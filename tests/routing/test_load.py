"""How the router comes in: by the models' own loader, with all that it does for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import (
    Cancelled,
    DownloadFailed,
    GoldenMismatch,
    InvalidManifest,
    OrionError,
    QuotaExceeded,
    ShardCorrupt,
    ShardMissing,
    SimdMissing,
    StorageUnavailable,
)
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.protocol import FallbackEvent, ProgressEvent, RouterEvent
from orion_py.routing.load import load_router, router_manifest
from orion_py.runtime.base import Device, EncoderSession
from tests.patient_clock import PatientClock, settled
from tests.tiny import WEIGHTS, World, says, sha, url
from tests.tiny_router import (
    BYTES,
    ENCODER,
    ENTRY,
    HEAD,
    PARTS,
    PATH,
    PIECES,
    address,
    manifest,
    manifest_text,
    with_router,
)
from tests.two_models import TALK, TwoModels, engine


class Load:
    """One router's load with everything around it in reach."""

    def __init__(self, *, clock: Any = None, device: Device | None = None, **options: Any) -> None:
        self.world = World(says("hi"), device)
        with_router(self.world)
        self.store, self.runtime = self.world.store, self.world.runtime
        self.cancel = CancelToken()
        self.told: list[ProgressEvent] = []
        self.retries: list[str] = []
        self.in_memory: list[OrionError] = []
        clock = clock or self.world.clock
        self.loader = ProgressiveLoader(
            self.store,
            self.runtime,
            clock=clock,
            sleep=clock.sleep,
            uniform=lambda: 0.5,
            on_retry=lambda error, failed: self.retries.append(error.code),
            **options,
        )

    async def run(self) -> None:
        await load_router(
            self.world.ports, self.loader, ENTRY, manifest(), self.cancel, self.told.append, self.in_memory.append
        )

    @property
    def requested(self) -> list[str]:
        return [address for address, _ in self.store.requests]

    def fills(self) -> None:
        """All of it is on the device."""
        self.store.shards = {sha(part): part for part in PARTS.values()}


def fails_to_read(load: Load, part: bytes, errors: list[OrionError]) -> None:
    """Reading ``part`` fails as ``errors`` say, in turn, first."""
    read, open_encoder = load.store.read, load.runtime.open_encoder

    async def reading(sha256: str) -> bytes:
        if errors and sha256 == sha(part):
            raise errors.pop(0)
        return await read(sha256)

    async def opening(graph: Any) -> EncoderSession:
        if errors and graph.sha256 == sha(part):
            raise errors.pop(0)
        return await open_encoder(graph)

    load.store.read, load.runtime.open_encoder = reading, opening  # type: ignore[method-assign, assignment]


async def test_all_of_its_parts_come_the_smallest_first_and_are_asked_for_once() -> None:
    load = Load(concurrency=1)
    await load.run()
    assert load.requested == [address(part) for part in (HEAD, PIECES, ENCODER)]
    again = Load()
    again.fills()
    await again.run()
    assert again.requested == []


async def test_where_nothing_could_compute_it_nothing_of_it_is_fetched() -> None:
    load = Load(device=Device(threads=2, webgpu=False, simd=False))
    with pytest.raises(SimdMissing):
        await load.run()
    assert load.requested == []


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("error", [ShardCorrupt, ShardMissing])
async def test_a_part_that_is_damaged_or_gone_is_fetched_again_and_only_it(
    part: bytes, error: type[OrionError]
) -> None:
    load = Load()
    load.fills()
    fails_to_read(load, part, [error(), error()])
    await load.run()
    assert load.requested == [address(part)] * 2
    assert load.retries == [error.code] * 2


async def test_a_part_that_stays_damaged_ends_the_load_and_leaves_no_encoder_behind() -> None:
    load = Load()
    load.fills()
    fails_to_read(load, HEAD, [ShardCorrupt("still")] * 9)
    with pytest.raises(ShardCorrupt, match="still"):
        await load.run()
    assert all(encoder.closed for encoder in load.runtime.encoders)


async def test_a_failing_network_is_tried_again_and_goes_on_from_what_came() -> None:
    load = Load()
    load.store.faults[address(ENCODER)] = [DownloadFailed("503"), DownloadFailed("503")]
    fetch = load.store._download

    async def breaks_off_once(where: str, *rest: Any) -> bytes:
        if where == address(ENCODER) and not load.store.faults[where] and load.store.requests[-1][0] == where:
            load.store.partial[sha(ENCODER)] = ENCODER[:1000]
        return await fetch(where, *rest)

    load.store._download = breaks_off_once  # type: ignore[method-assign]
    await load.run()
    assert load.retries == ["download_failed"] * 2
    assert [begun for where, begun in load.store.requests if where == address(ENCODER)] == [0, 0, 1000]


async def test_a_network_that_keeps_failing_ends_the_load_and_the_next_visit_goes_on() -> None:
    load = Load(concurrency=1)
    load.store.faults[address(ENCODER)] = [DownloadFailed("gone")] * 9
    load.store.partial[sha(ENCODER)] = ENCODER[:1000]
    with pytest.raises(DownloadFailed, match="gone"):
        await load.run()
    again = Load()
    again.store.shards, again.store.partial = load.store.shards, load.store.partial
    await again.run()
    assert again.store.requests == [(address(ENCODER), 1000)]
    here = len(HEAD) + len(PIECES) + 1000
    assert (again.told[0].loaded_bytes, again.told[0].total_bytes) == (here, BYTES)


async def test_its_progress_counts_up_to_all_of_its_bytes() -> None:
    load = Load()
    await load.run()
    counts = [event.loaded_bytes for event in load.told]
    assert (counts[0], counts[-1], counts) == (0, BYTES, sorted(counts))
    assert load.told[-1].phase == "ready"


async def test_too_little_room_is_found_before_a_byte_moves_and_it_stays_in_memory() -> None:
    load = Load()
    load.store.quota = BYTES // 2
    asked_before: list[list[str]] = []
    in_memory = load.store.use_memory

    def use_memory() -> None:
        asked_before.append(load.requested)
        in_memory()

    load.store.use_memory = use_memory  # type: ignore[method-assign]
    await load.run()
    assert asked_before == [[]]
    assert [error.code for error in load.in_memory] == ["quota_exceeded"]
    assert len(load.requested) == len(PARTS)


@pytest.mark.parametrize("error", [QuotaExceeded("full"), StorageUnavailable("gone")])
async def test_a_disk_that_refuses_in_the_middle_leaves_what_is_stored_and_the_rest_in_memory(
    error: OrionError,
) -> None:
    load = Load(concurrency=1)
    load.store.faults[address(ENCODER)] = [error]
    await load.run()
    assert load.in_memory == [error]
    assert load.requested == [address(part) for part in (HEAD, PIECES, ENCODER, ENCODER)]


async def test_what_the_memory_refuses_too_ends_the_load() -> None:
    load = Load(concurrency=1)
    load.store.faults[address(ENCODER)] = [StorageUnavailable("gone")] * 2
    with pytest.raises(StorageUnavailable):
        await load.run()
    assert len(load.in_memory) == 1


async def test_a_part_without_a_byte_for_the_idle_time_out_is_fetched_again() -> None:
    time = PatientClock()
    load = Load(clock=time, idle_timeout_s=5.0)
    done = stalling(load, ENCODER)
    loading = asyncio.ensure_future(load.run())
    await until(lambda: address(PIECES) in done, time)
    assert address(ENCODER) not in done
    for _ in range(8):
        await time.passes(5.0)
    await until(loading.done, time)
    assert done[-1] == address(ENCODER)
    await loading


async def test_switched_off_it_doesnt_wait_for_the_idle_time_out() -> None:
    load = Load(clock=PatientClock())
    stalling(load, ENCODER)
    loading = asyncio.ensure_future(load.run())
    for _ in range(20):
        await settled()
    load.cancel.cancel()
    with pytest.raises(Cancelled):
        await loading


async def test_what_answers_otherwise_than_it_was_built_is_closed() -> None:
    load = Load()
    wrong = manifest().model_copy(update={"golden": (manifest().golden[0].model_copy(update={"agent": "code"}),)})
    with pytest.raises(GoldenMismatch):
        await load_router(load.world.ports, load.loader, ENTRY, wrong, load.cancel)
    assert [encoder.closed for encoder in load.runtime.encoders] == [True]


async def test_offline_the_manifest_that_was_kept_is_read() -> None:
    load = Load()
    first = await router_manifest(load.world.ports, ENTRY)
    del load.world.texts[PATH]
    assert await router_manifest(load.world.ports, ENTRY) == first


# Through the engine


def router_world() -> TwoModels:
    world = TwoModels()
    with_router(world)
    return world


async def until(done: Callable[[], bool], time: PatientClock) -> None:
    """Lets whatever is under way go on, while as good as no time passes."""
    for _ in range(2000):
        if done():
            return
        await time.passes(0.01)
    raise AssertionError("it never came to that")


def stalling(load: Load, part: bytes) -> list[str]:
    """The first download of ``part`` brings nothing; those that came to their end are in the list."""
    done: list[str] = []
    real, stalls = load.store.fetch, [1]

    async def fetch(where: str, sha256: str, size: int, on_bytes: Any, cancel: CancelToken) -> None:
        if stalls and where == address(part):
            stalls.pop()
            stopped = asyncio.get_running_loop().create_future()
            cancel.subscribe(lambda: stopped.set_result(None))
            await stopped
            cancel.raise_if_cancelled()
        await real(where, sha256, size, on_bytes, cancel)
        done.append(where)

    load.store.fetch = fetch  # type: ignore[method-assign]
    return done


async def test_the_engine_tells_how_far_it_is_and_keywords_route_meanwhile() -> None:
    world = router_world()
    made = await engine(world)
    routed: list[str] = []
    await until(lambda: any(event.loading for event in world.of(RouterEvent)), world.time)
    routed.append((await made.router.route("hello", "en")).router)
    status = await made.router.status()
    assert (status.loading, status.total_bytes) == (True, BYTES)
    await until(lambda: made.router.ready, world.time)
    routed.append((await made.router.route("hello", "en")).router)
    assert routed == ["keyword", "neural"]
    events = world.of(RouterEvent)
    counts = [event.loaded_bytes for event in events if event.loading]
    assert (counts, counts[-1]) == (sorted(counts), BYTES)
    assert (events[-1].name, events[-1].loading) == ("neural", False)
    assert world.of(ProgressEvent) == [], "no model loads"


async def test_the_engine_says_that_it_stays_in_memory_or_why_it_doesnt_come() -> None:
    world = router_world()
    world.store.quota = 100
    made = await engine(world)
    await until(lambda: made.router.ready, world.time)
    steps = [(e.kind, e.from_, e.to, e.reason_code) for e in world.of(FallbackEvent)]
    assert steps == [("router", "stored on this device", "in memory", "quota_exceeded")]

    world = router_world()
    world.texts[PATH] = manifest_text(format=2)
    made = await engine(world)
    await until(lambda: bool(world.of(FallbackEvent)), world.time)
    steps = [(e.kind, e.from_, e.to, e.reason_code) for e in world.of(FallbackEvent)]
    assert steps == [("router", "neural", "keyword", InvalidManifest.code)]
    assert not made.router.ready


async def test_its_download_stops_while_a_models_load_downloads_and_then_goes_on() -> None:
    world = router_world()
    world.store.chunk = 64
    made = await engine(world)
    await until(lambda: len(world.store.partial.get(sha(ENCODER), b"")) > 500, world.time)
    before = len(world.store.requests)
    answer = await made.infer("hello", TALK)
    assert answer.content == "good day"
    names = [where for where, _ in world.store.requests[before:]]
    assert url(WEIGHTS[-1]) in names
    assert address(ENCODER) not in names[: names.index(url(WEIGHTS[-1]))], "the connection is the model's"
    await until(lambda: made.router.ready, world.time)
    assert [begun > 500 for where, begun in world.store.requests if where == address(ENCODER)] == [False, True]


async def test_a_sweep_leaves_its_parts_and_nothing_goes_where_its_manifest_cant_be_read() -> None:
    world = router_world()
    made = await engine(world)
    await until(lambda: made.router.ready, world.time)
    world.store.shards["f" * 64] = b"nobody's"
    assert await made._parts.work.updates.sweep() == ["f" * 64]
    world.store.shards["f" * 64] = b"nobody's"
    await world.settings.set("manifest:router", "{")
    assert await made._parts.work.updates.sweep() == []
