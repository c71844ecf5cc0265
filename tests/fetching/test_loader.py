from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import (
    BackendUnavailable,
    Cancelled,
    DownloadFailed,
    InvalidManifest,
    LoadTimeout,
    OutOfMemory,
    QuotaExceeded,
    ShardCorrupt,
    ShardMissing,
)
from orion_py.fetching.loader import LoadRequest, ProgressiveLoader
from orion_py.protocol import ProgressEvent
from orion_py.resilience.retry import RetryPolicy
from orion_py.runtime.scripted import ScriptedRuntime
from orion_py.storage.memory import MemoryShardStore
from tests.tiny import BASE, GPU_GRAPH, GRAPH, REMOTE, TOKENIZER, WEIGHTS, Clock, manifest, says, sha, url

NEEDED = [GRAPH, TOKENIZER, *WEIGHTS]


class Load:
    """One loader with everything around it in reach."""

    def __init__(self, store: MemoryShardStore | None = None, **options) -> None:
        self.clock = options.pop("clock", Clock(step=0.001))
        self.store = store or MemoryShardStore(REMOTE)
        self.runtime: ScriptedRuntime = options.pop("runtime", None) or ScriptedRuntime(says("hi"), failures={})
        self.events: list[ProgressEvent] = []
        self.cancel = CancelToken()
        self.retries: list[str] = []
        self.read: dict[str, bytes] = {}
        self.loader = ProgressiveLoader(
            self.store,
            self.runtime,
            clock=self.clock,
            sleep=self.clock.sleep,
            uniform=lambda: 0.5,
            retry_policy=RetryPolicy(tries=3),
            on_retry=lambda error, failed: self.retries.append(error.code),
            **options,
        )
        m = manifest()
        self.request = LoadRequest(m, m.variant("wasm"), BASE, threads=2, context=128)

    async def run(self):
        return await self.loader.load(self.request, self.cancel, self.events.append, self.read.__setitem__)

    @property
    def phases(self) -> list[str]:
        return list(dict.fromkeys(e.phase for e in self.events))

    @property
    def requested(self) -> list[str]:
        return [u for u, _ in self.store.requests]


def filled() -> MemoryShardStore:
    store = MemoryShardStore(REMOTE)
    store.shards = {sha(d): d for d in NEEDED}
    return store


async def test_a_first_load_fetches_what_the_variant_needs_and_feeds_it() -> None:
    load = Load()
    session, report = await load.run()
    assert sorted(load.requested) == sorted(url(d) for d in NEEDED)
    assert url(GPU_GRAPH) not in load.requested
    assert sorted(session.fed) == sorted(sha(d) for d in [GRAPH, *WEIGHTS])
    assert load.read == {sha(TOKENIZER): TOKENIZER}
    assert report.threads == 2
    assert set(load.store.shards) == {sha(d) for d in NEEDED}


async def test_shards_are_asked_for_by_priority() -> None:
    load = Load(concurrency=1)
    await load.run()
    assert load.requested == [url(d) for d in NEEDED]


async def test_a_second_load_reads_storage_and_asks_the_network_for_nothing() -> None:
    load = Load(filled())
    await load.run()
    assert load.requested == []
    assert load.phases == ["initializing", "loading_shard", "warming_up", "ready"]
    assert all(e.from_storage for e in load.events)


async def test_progress_tells_phases_bytes_and_each_shards_state() -> None:
    load = Load(clock=Clock(step=0.01))
    await load.run()
    assert load.phases == ["initializing", "downloading", "loading_shard", "warming_up", "ready"] or load.phases == [
        "initializing",
        "downloading",
        "warming_up",
        "ready",
    ]
    total = sum(len(d) for d in NEEDED)
    counts = [e.loaded_bytes for e in load.events]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == total
    assert all(e.total_bytes == total for e in load.events)
    assert {s.state for s in load.events[-1].shards} == {"loaded"}
    speeds = [e.bytes_per_second for e in load.events if e.bytes_per_second]
    assert speeds
    assert all(s > 0 for s in speeds)


async def test_a_download_that_fails_in_passing_is_tried_again() -> None:
    load = Load()
    load.store.faults[url(WEIGHTS[1])] = [DownloadFailed("503"), DownloadFailed("503")]
    await load.run()
    assert load.retries == ["download_failed", "download_failed"]


async def test_a_download_that_keeps_failing_ends_the_load_and_keeps_what_is_here() -> None:
    load = Load(concurrency=1)
    load.store.faults[url(WEIGHTS[2])] = [DownloadFailed("gone")] * 9
    with pytest.raises(DownloadFailed, match="gone"):
        await load.run()
    assert set(load.store.shards) == {sha(d) for d in NEEDED[:-1]}
    assert load.runtime.sessions[0].closed


async def test_a_shard_that_is_damaged_on_the_device_is_fetched_again_and_only_it() -> None:
    load = Load(filled())
    load.runtime.failures["feed"] = [ShardCorrupt()]
    await load.run()
    assert load.requested == [url(GRAPH)]


async def test_a_shard_that_was_evicted_between_listing_and_reading_is_fetched_again() -> None:
    load = Load(filled())
    load.runtime.failures["feed"] = [ShardMissing()]
    session, _ = await load.run()
    assert load.requested == [url(GRAPH)]
    assert sorted(session.fed) == sorted(sha(d) for d in [GRAPH, *WEIGHTS])


async def test_a_shard_that_stays_damaged_ends_the_load() -> None:
    load = Load(filled())
    load.runtime.failures["feed"] = [ShardCorrupt("still")] * 9
    with pytest.raises(ShardCorrupt, match="still"):
        await load.run()


async def test_a_stored_shard_of_the_wrong_size_counts_as_missing() -> None:
    store = filled()
    store.shards[sha(GRAPH)] = b"short"
    load = Load(store)
    await load.run()
    assert load.requested == [url(GRAPH)]


async def test_too_little_room_is_said_before_a_byte_moves() -> None:
    load = Load(MemoryShardStore(REMOTE, quota=100))
    with pytest.raises(QuotaExceeded) as caught:
        await load.run()
    assert load.requested == []
    assert caught.value.detail["free"] == 100


async def test_what_is_stored_already_needs_no_room() -> None:
    store = filled()
    store.quota = 1
    await Load(store).run()


async def test_cancelling_while_downloading_keeps_what_is_verified_and_the_started_rest() -> None:
    load = Load(concurrency=1)
    seen = 0

    def stop_at_second_shard(event: ProgressEvent) -> None:
        nonlocal seen
        seen = sum(s.state == "stored" or s.state == "loaded" for s in event.shards)
        if any(s.sha256 == sha(WEIGHTS[1]) and 0 < s.loaded < s.size for s in event.shards):
            load.cancel.cancel()

    with pytest.raises(Cancelled):
        await load.loader.load(load.request, load.cancel, stop_at_second_shard)
    assert sha(WEIGHTS[0]) in load.store.shards
    assert sha(WEIGHTS[2]) not in load.store.shards
    assert 0 < len(load.store.partial[sha(WEIGHTS[1])]) < len(WEIGHTS[1])
    await asyncio.sleep(0)
    assert load.runtime.sessions[0].closed

    again = Load(load.store)
    await again.run()
    resumed = dict(again.store.requests[-2:])
    assert resumed[url(WEIGHTS[1])] > 0


async def test_cancelling_while_building_closes_the_session() -> None:
    load = Load(filled())
    load.runtime.on_call = lambda name: load.cancel.cancel() if name == "build" else None
    with pytest.raises(Cancelled):
        await load.run()
    assert load.runtime.sessions[0].closed


async def test_a_load_cancelled_before_it_begins_does_nothing() -> None:
    load = Load()
    load.cancel.cancel()
    with pytest.raises(Cancelled):
        await load.run()
    assert load.requested == []
    assert load.runtime.sessions == []


@pytest.mark.parametrize(("where", "error"), [("open", BackendUnavailable()), ("build", OutOfMemory())])
async def test_a_backend_that_fails_leaves_no_session_behind(where: str, error: Exception) -> None:
    load = Load(filled())
    load.runtime.failures[where] = [error]
    with pytest.raises(type(error)):
        await load.run()
    assert all(s.closed for s in load.runtime.sessions)


class SlowToOpen(ScriptedRuntime):
    """Opens a session when ``gate`` is opened, as a worker does whose own program has to arrive first."""

    def __init__(self) -> None:
        super().__init__(says("hi"), failures={})
        self.gate = asyncio.Event()
        self.left_half_open = 0

    async def open(self, manifest, variant, threads, context):
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.left_half_open += 1
            raise
        return await super().open(manifest, variant, threads, context)


async def settled() -> None:
    for _ in range(200):
        await asyncio.sleep(0)


def opening_slowly(store: MemoryShardStore | None = None) -> tuple[Load, SlowToOpen]:
    runtime = SlowToOpen()
    return Load(store, runtime=runtime), runtime


async def test_shards_arrive_while_the_session_opens_and_are_fed_once_it_is() -> None:
    load, runtime = opening_slowly()
    running = asyncio.ensure_future(load.run())
    await settled()
    assert set(load.store.shards) == {sha(d) for d in NEEDED}
    assert load.phases == ["initializing", "downloading"]
    assert runtime.sessions == []
    runtime.gate.set()
    session, _ = await running
    assert sorted(session.fed) == sorted(sha(d) for d in [GRAPH, *WEIGHTS])
    assert load.read == {sha(TOKENIZER): TOKENIZER}
    assert len(load.requested) == len(NEEDED), "nothing twice"


async def test_what_no_session_takes_is_handed_over_while_the_rest_still_comes() -> None:
    load, fed = Load(filled()), []
    await load.loader.load(
        load.request, load.cancel, load.events.append, lambda sha256, content: fed.extend(load.runtime.sessions[0].fed)
    )
    assert set(fed) < {sha(d) for d in [GRAPH, *WEIGHTS]}


async def test_what_cannot_be_used_ends_the_load_and_closes_its_session() -> None:
    def refuse(sha256: str, content: bytes) -> None:
        raise InvalidManifest("no tokenizer", path="tokenizer")

    load = Load()
    with pytest.raises(InvalidManifest):
        await load.loader.load(load.request, load.cancel, load.events.append, refuse)
    assert load.runtime.sessions[0].closed


async def test_nothing_is_said_to_be_read_before_there_is_something_to_read_it_into() -> None:
    load, runtime = opening_slowly(filled())
    running = asyncio.ensure_future(load.run())
    await settled()
    assert load.phases == ["initializing"]
    runtime.gate.set()
    await running
    assert load.phases == ["initializing", "loading_shard", "warming_up", "ready"]


async def test_cancelling_while_the_session_opens_ends_both_at_once_and_keeps_what_arrived() -> None:
    load, runtime = opening_slowly()
    running = asyncio.ensure_future(load.run())
    await settled()
    load.cancel.cancel()
    with pytest.raises(Cancelled):
        await running
    assert runtime.left_half_open == 1
    assert set(load.store.shards) == {sha(d) for d in NEEDED}


async def test_a_session_that_comes_up_though_it_was_called_off_is_closed() -> None:
    class Stubborn(SlowToOpen):
        async def open(self, manifest, variant, threads, context):
            with suppress(asyncio.CancelledError):
                await self.gate.wait()
            return await ScriptedRuntime.open(self, manifest, variant, threads, context)

    runtime = Stubborn()
    load = Load(runtime=runtime)
    running = asyncio.ensure_future(load.run())
    await settled()
    load.cancel.cancel()
    with pytest.raises(Cancelled):
        await running
    assert [s.closed for s in runtime.sessions] == [True]


async def test_a_session_that_fails_to_open_ends_the_downloads_and_keeps_what_is_verified() -> None:
    class Endless(MemoryShardStore):
        """Brings the first shard, and no more of the others than that they were asked for."""

        async def fetch(self, url, sha256, size, on_bytes, cancel):
            if sha256 != sha(GRAPH):
                stopped = asyncio.get_running_loop().create_future()
                cancel.subscribe(lambda: stopped.set_result(None))
                await stopped
                cancel.raise_if_cancelled()
            await super().fetch(url, sha256, size, on_bytes, cancel)

    load, runtime = opening_slowly(Endless(REMOTE))
    runtime.failures["open"] = [BackendUnavailable("no threads")]
    running = asyncio.ensure_future(load.run())
    await settled()
    runtime.gate.set()
    with pytest.raises(BackendUnavailable, match="no threads"):
        await running
    assert set(load.store.shards) == {sha(GRAPH)}
    assert load.requested == [url(GRAPH)], "what hung was called off, not brought later"


async def test_a_download_without_a_byte_for_the_idle_time_out_is_ended_and_tried_again() -> None:
    class Stalling(MemoryShardStore):
        stalls = 1

        async def fetch(self, url, sha256, size, on_bytes, cancel):
            if self.stalls:
                self.stalls -= 1
                stopped = asyncio.get_running_loop().create_future()
                cancel.subscribe(lambda: stopped.set_result(None))
                await stopped
                cancel.raise_if_cancelled()
            await super().fetch(url, sha256, size, on_bytes, cancel)

    load = Load(Stalling(REMOTE), idle_timeout_s=5.0, concurrency=1)
    await load.run()
    assert load.retries == [LoadTimeout.code]
