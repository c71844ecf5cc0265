"""How far a load is after an earlier one broke off: what is on the device counts from the first moment on."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import DownloadFailed
from orion_py.fetching.progress import WINDOW_SECONDS, LoadProgress
from orion_py.manifest.shards import Shard
from orion_py.protocol import InferOptions, ProgressEvent, UpgradeEvent
from orion_py.storage.base import StorageEstimate
from orion_py.storage.memory import MemoryShardStore
from tests.fetching.test_loader import NEEDED, Load
from tests.fetching.test_progress import SHARDS, Now
from tests.lite_and_full import BIG_WEIGHTS, LiteAndFull
from tests.tiny import BASE, GRAPH, REMOTE, TOKENIZER, WEIGHTS, sha
from tests.two_models import engine

GREEDY = InferOptions(temperature=0)
TOTAL = sum(len(data) for data in NEEDED)


def broken_off() -> MemoryShardStore:
    """A page was reloaded when one shard was whole and three had begun, two of them far from the front."""
    store = MemoryShardStore(REMOTE)
    store.shards = {sha(GRAPH): GRAPH}
    store.partial = {sha(data): data[: len(data) // 2] for data in (TOKENIZER, *WEIGHTS[1:])}
    return store


def kept(store: MemoryShardStore) -> int:
    return sum(len(data) for data in (*store.shards.values(), *store.partial.values()))


def counts(events: list[ProgressEvent]) -> list[int]:
    return [event.loaded_bytes for event in events]


async def test_a_load_begins_with_the_bytes_of_whole_and_unfinished_shards() -> None:
    store = broken_off()
    here = kept(store)
    load = Load(store, concurrency=1)
    await load.run()
    assert counts(load.events)[0] == here
    assert counts(load.events) == sorted(counts(load.events))
    assert counts(load.events)[-1] == TOTAL


class EndsAmidTheLook(MemoryShardStore):
    """Another tab's download of the tokenizer ends between the looks for whole and for unfinished shards."""

    async def resumable(self, wanted: Mapping[str, int]) -> dict[str, int]:
        self.shards[sha(TOKENIZER)] = TOKENIZER
        self.partial.pop(sha(TOKENIZER), None)
        return await super().resumable(wanted)


async def test_a_shard_that_another_tab_completes_meanwhile_counts_whole() -> None:
    store = EndsAmidTheLook(REMOTE)
    store.shards, store.partial = broken_off().shards, broken_off().partial
    load = Load(store, concurrency=1)
    await load.run()
    assert counts(load.events)[0] == len(GRAPH) + len(TOKENIZER) + sum(len(data) // 2 for data in WEIGHTS[1:])


async def test_a_shard_shows_its_kept_part_before_its_turn_comes() -> None:
    load = Load(broken_off(), concurrency=1)
    await load.run()
    first = {shard.sha256: (shard.loaded, shard.state) for shard in load.events[0].shards}
    assert first[sha(WEIGHTS[2])] == (len(WEIGHTS[2]) // 2, "waiting")
    assert first[sha(WEIGHTS[0])] == (0, "waiting")


async def test_what_the_background_brings_begins_so_too() -> None:
    store = broken_off()
    here, events = kept(store), list[ProgressEvent]()
    load = Load(store, concurrency=1)
    await load.loader.fetch(load.request.manifest, load.request.variant, BASE, load.cancel, events.append)
    assert counts(events)[0] == here
    assert counts(events) == sorted(counts(events))


async def test_files_without_a_hash_begin_so_too() -> None:
    store = broken_off()
    store.partial = {"a" * 64: b"x" * 3, "b" * 64: b"y"}
    store.remote = {BASE + "one": b"x" * 8, BASE + "two": b"y" * 8}
    shards = [
        Shard(sha256="a" * 64, size=8, role="graph", priority=0, path="one"),
        Shard(sha256="b" * 64, size=8, role="head", priority=1, path="two"),
    ]
    events: list[ProgressEvent] = []

    async def pinned(name: str, sha256: str) -> None: ...

    loader = Load(store, concurrency=1).loader
    names = frozenset(shard.sha256 for shard in shards)
    await loader.pin("added", shards, names, BASE, CancelToken(), events.append, pinned)
    assert counts(events)[0] == 4
    assert counts(events) == sorted(counts(events))
    assert counts(events)[-1] == 16


async def test_a_lost_network_doesnt_set_the_count_back() -> None:
    load = Load(concurrency=2)

    fetch, broke = load.store.fetch, set[str]()

    async def breaks(address, sha256, size, on_bytes, cancel):
        if sha256 in broke or sha256 not in map(sha, WEIGHTS):
            return await fetch(address, sha256, size, on_bytes, cancel)
        broke.add(sha256)
        half = CancelToken()

        def until_half(count: int) -> None:
            on_bytes(count)
            if count >= size // 2:
                half.cancel()

        try:
            await fetch(address, sha256, size, until_half, half)
        except Exception as error:
            raise DownloadFailed("the line is gone") from error

    load.store.fetch = breaks  # type: ignore[method-assign]
    await load.run()
    assert len(broke) == len(WEIGHTS)
    assert counts(load.events) == sorted(counts(load.events))


async def test_a_part_that_is_longer_than_the_whole_counts_for_nothing() -> None:
    store = MemoryShardStore(REMOTE)
    store.partial = {sha(WEIGHTS[0]): WEIGHTS[0] + b"more", sha(WEIGHTS[1]): WEIGHTS[1][:5]}
    load = Load(store, concurrency=1)
    await load.run()
    assert counts(load.events)[0] == 5
    assert counts(load.events) == sorted(counts(load.events))
    assert load.retries == []


async def test_a_part_that_turns_out_damaged_counts_as_gone_at_once_and_the_rest_stays() -> None:
    store = broken_off()
    store.partial[sha(WEIGHTS[1])] = b"?" * (len(WEIGHTS[1]) // 2)
    load = Load(store, concurrency=1)
    await load.run()
    assert load.retries == ["shard_corrupt"]
    told = counts(load.events)
    falls = [before - after for before, after in itertools.pairwise(told) if after < before]
    assert falls == [len(WEIGHTS[1])], "it falls once, by the damaged shard alone"
    assert told[-1] == TOTAL


async def test_what_is_here_in_part_needs_no_room_twice() -> None:
    store = broken_off()
    estimate = kept(store)
    store.quota = TOTAL

    async def used():
        return StorageEstimate(TOTAL, estimate, persisted=False)

    store.estimate = used  # type: ignore[method-assign]
    await Load(store).run()


def test_speed_counts_the_bytes_that_arrive_and_not_what_was_here() -> None:
    told: list[ProgressEvent] = []
    now = Now()
    half = {shard.sha256: shard.size // 2 for shard in SHARDS}
    progress = LoadProgress("tiny", "1", SHARDS, frozenset(), now, told.append, begun=half)
    progress.enter("downloading")
    for shard in SHARDS:
        progress.starts(shard.sha256)
        progress.bytes_here(shard.sha256, shard.size // 2)
        now.seconds += 0.1
        progress.bytes_here(shard.sha256, shard.size // 2 + 1)
    speeds = [event.bytes_per_second for event in told if event.bytes_per_second]
    assert speeds
    assert max(speeds) <= 10.0 + 1e-6, "a byte came each tenth of a second"


def test_what_another_tab_brought_meanwhile_is_no_speed() -> None:
    told: list[ProgressEvent] = []
    now = Now()
    progress = LoadProgress("tiny", "1", SHARDS, frozenset(), now, told.append)
    progress.enter("downloading")
    for shard in SHARDS:
        progress.starts(shard.sha256)
        now.seconds += WINDOW_SECONDS / 6
        progress.bytes_here(shard.sha256, shard.size)
    assert all(event.bytes_per_second is None for event in told)
    assert told[-1].loaded_bytes == sum(shard.size for shard in SHARDS)


@pytest.mark.parametrize(("metered", "state"), [(False, "paused"), (True, "waiting")])
async def test_what_stands_still_says_how_much_of_it_is_here(metered: bool, state: str) -> None:
    world = LiteAndFull()
    world.costly = metered
    world.store.partial = {sha(BIG_WEIGHTS[0]): BIG_WEIGHTS[0][:40], sha(BIG_WEIGHTS[3]): BIG_WEIGHTS[3][:9]}
    made = await engine(world)
    if not metered:
        await made.control_upgrade("pause")
    await made.infer("hello", GREEDY)
    await world.rests()
    event = world.of(UpgradeEvent)[-1]
    shared = sum(len(data) for data in (GRAPH, TOKENIZER))
    assert (event.state, event.loaded_bytes) == (state, shared + 49)
    assert event.total_bytes == shared + sum(len(data) for data in BIG_WEIGHTS)
    assert event.bytes_per_second is None


async def test_the_background_goes_on_from_what_an_earlier_visit_left() -> None:
    world = LiteAndFull()
    world.store.partial = {sha(BIG_WEIGHTS[0]): BIG_WEIGHTS[0][:40], sha(BIG_WEIGHTS[3]): BIG_WEIGHTS[3][:9]}
    made = await engine(world)
    await made.infer("hello", GREEDY)
    await world.rests()
    told = [event.loaded_bytes for event in world.of(UpgradeEvent) if event.state == "downloading"]
    assert told[0] == sum(len(data) for data in (GRAPH, TOKENIZER)) + 49
    assert told == sorted(told)
