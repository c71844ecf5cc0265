"""Graph models come up, are checked, share the memory with language models, and go, by the same rules as these."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orion_py.background.updates import Updates
from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.config import EngineConfig
from orion_py.errors import (
    Cancelled,
    CircuitOpen,
    DownloadFailed,
    GoldenMismatch,
    InvalidManifest,
    OutOfMemory,
    RunnerMissing,
    RuntimeFailure,
    ShardCorrupt,
    SimdMissing,
    UnknownModel,
    WorkerDied,
)
from orion_py.fetching.loader import ProgressiveLoader
from orion_py.manifest.graph_manifest import GraphManifest
from orion_py.memory.budget import MB
from orion_py.protocol import FallbackEvent, MemoryEvent, ProgressEvent
from orion_py.registry.load import parse_registry
from orion_py.residency.manager import ModelManager
from orion_py.residency.senses import Senses
from orion_py.resilience.breakers import Breakers
from orion_py.runtime.base import Device
from orion_py.runtime.scripted_graphs import ScriptedGraphs
from tests.tiny import World, says
from tests.tiny_graphs import LABELS, ONE, answers, offer


class Place:
    """A world whose site has the tiny graph model, and an engine's parts over it."""

    def __init__(
        self, models: Path, memory_bytes: int = 1_000_000, device: Device | None = None, **config: object
    ) -> None:
        self.world = world = World(says("a"), device)
        self.manifest = offer(world, models, memory_bytes=memory_bytes)
        self.registry = parse_registry(world.texts["models.json"])
        self.entry = self.registry.sense("tiny-graphs")
        self.loader = ProgressiveLoader(
            world.store, world.runtime, clock=world.clock, sleep=world.clock.sleep, uniform=lambda: 0.5
        )
        self.breakers = Breakers(world.clock)
        self.config = EngineConfig(**config)
        self.visit()

    def visit(self) -> None:
        """Begins anew with what the device has."""
        ports = self.world.ports
        self.manager = ModelManager(self.config, ports, self.loader, self.world.events.append, self.breakers)
        self.begun: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.senses = Senses(self.registry, self.manager, self.breakers, self.begun.append)

    @property
    def graphs(self) -> ScriptedGraphs:
        return self.world.runtime.graphs

    @property
    def steps(self) -> list[tuple[str, str, str]]:
        return [(e.from_, e.to, e.reason_code) for e in self.world.events if isinstance(e, FallbackEvent)]

    async def run(self) -> float:
        async with self.senses.lent("tiny-graphs", CancelToken()) as model:
            return float((await model.graph("doubles").run({"x": ONE}))["y"][0, 0])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_a_first_use_fetches_verifies_checks_and_lends(place: Place) -> None:
    async with place.senses.lent("tiny-graphs", CancelToken()) as model:
        assert await model.file("labels.json") == LABELS
        got = await model.graph("doubles").run({"x": ONE})
    assert got["y"].tolist() == [[3, 3, 3]]
    phases = [event.phase for event in place.world.events if isinstance(event, ProgressEvent)]
    assert list(dict.fromkeys(phases)) == ["initializing", "downloading", "warming_up", "ready"]
    assert set(place.world.store.shards) == {shard.sha256 for shard in place.manifest.shards}
    (runner,) = place.graphs.runners
    assert set(runner.fed) == {session.graph for session in place.manifest.sessions.values()}
    assert runner.threads == 2


async def test_a_browser_without_simd_is_told_before_anything_is_downloaded(tmp_path: Path) -> None:
    place = Place(tmp_path, device=Device(threads=2, webgpu=False, simd=False))
    with pytest.raises(SimdMissing):
        await place.run()
    assert place.world.store.requests == []


async def test_it_stays_in_memory_and_counts_until_it_is_ended(place: Place) -> None:
    await place.run()
    await place.run()
    assert len(place.graphs.runners) == 1
    memory = [event for event in place.world.events if isinstance(event, MemoryEvent)][-1]
    assert [(row.model, row.busy) for row in memory.models] == [("tiny-graphs", False)]
    assert memory.used_bytes >= 1_000_000
    await place.manager.unload("tiny-graphs")
    assert place.graphs.runners[0].closed
    assert place.manager.memory().used_bytes == 0


async def test_what_a_large_picture_made_it_take_counts_once_it_is_given_back(place: Place) -> None:
    async with place.senses.lent("tiny-graphs", CancelToken()) as model:
        place.graphs.runners[0].memory = 300_000_000
        await model.graph("doubles").run({"x": ONE})
    assert place.manager.memory().used_bytes == 300_000_000
    memory = [event for event in place.world.events if isinstance(event, MemoryEvent)][-1]
    assert [row.bytes for row in memory.models] == [300_000_000]


async def test_one_that_has_become_larger_than_the_budget_goes_once_nobody_uses_it(tmp_path: Path) -> None:
    place = Place(tmp_path, max_memory_mb=256)
    await place.manager.release(await place.manager.acquire(place.registry.model("tiny"), CancelToken()))
    async with place.senses.lent("tiny-graphs", CancelToken()):
        place.graphs.runners[0].memory = 300_000_000
    assert place.graphs.runners[0].closed
    assert (place.manager.holds("tiny-graphs"), place.manager.holds("tiny")) == (False, True)
    assert await place.run() == 3, "it comes again when it is needed"


async def test_one_that_is_given_back_in_the_middle_of_a_run_is_ended_and_comes_anew(place: Place) -> None:
    assert await place.run() == 3
    (runner,) = place.graphs.runners
    going, cancel = asyncio.Event(), CancelToken()

    async def slow(*_: Any) -> Any:
        going.set()
        await asyncio.Event().wait()

    runner.run = slow  # type: ignore[method-assign]

    async def use() -> None:
        async with place.senses.lent("tiny-graphs", cancel) as model:
            await until_cancelled(model.graph("doubles").run({"x": ONE}), cancel)

    using = asyncio.ensure_future(use())
    await going.wait()
    cancel.cancel()
    with pytest.raises(Cancelled):
        await using
    assert runner.closed, "nothing else ends a run"
    assert not place.manager.holds("tiny-graphs")
    assert await place.run() == 3
    assert len(place.graphs.runners) == 2


async def test_one_that_is_given_back_between_two_runs_stays(place: Place) -> None:
    async def use() -> None:
        async with place.senses.lent("tiny-graphs", CancelToken()) as model:
            await model.graph("doubles").run({"x": ONE})
            raise Cancelled

    with pytest.raises(Cancelled):
        await use()
    assert await place.run() == 3
    assert len(place.graphs.runners) == 1


async def test_one_that_cannot_say_how_large_it_is_keeps_its_last_figure(place: Place) -> None:
    place.graphs.failures["memory_bytes"] = [WorkerDied("gone")]
    assert await place.run() == 3
    assert place.manager.memory().used_bytes == 1_000_000


async def test_a_second_visit_fetches_and_checks_nothing_also_offline(place: Place) -> None:
    await place.run()
    requests, runs = len(place.world.store.requests), len(place.graphs.runners[0].runs)
    assert runs == len(place.manifest.golden) + 1
    place.visit()
    del place.world.texts["models/tiny-graphs/manifest.json"]
    assert await place.run() == 3
    assert len(place.world.store.requests) == requests
    assert place.graphs.runners[1].runs == ["doubles"]


async def test_a_session_that_computes_wrongly_isnt_used_and_is_told_by_name(place: Place) -> None:
    place.graphs.answers = answers() | {"reads": lambda inputs: {"sum": np.array(7, np.float32)}}
    with pytest.raises(GoldenMismatch, match="tiny-graphs, reads: sum of golden run masked is 1 off"):
        await place.run()
    kept = await place.world.settings.names("verdict:tiny-graphs:1:")
    verdicts = {key.split(":")[3]: await place.world.settings.get(key) for key in kept}
    right = json.dumps({"right": True})
    assert verdicts == {"doubles": right, "appends": right, "reads": json.dumps({"right": False})}
    assert [runner.closed for runner in place.graphs.runners] == [True]
    place.graphs.answers = answers()
    assert await place.run() == 3


async def test_a_damaged_shard_is_fetched_again_and_only_it(place: Place) -> None:
    graph = place.manifest.sessions["reads"].graph
    place.graphs.failures["feed"] = [ShardCorrupt(sha256=graph)]
    assert await place.run() == 3
    urls = [url for url, _ in place.world.store.requests]
    assert len(urls) == len(place.manifest.shards) + 1


async def test_a_worker_that_dies_as_it_is_built_steps_down_to_one_thread(place: Place) -> None:
    place.graphs.failures["build"] = [WorkerDied("gone")]
    assert await place.run() == 3
    assert [runner.threads for runner in place.graphs.runners] == [2, 1]
    assert place.steps == [("2 threads", "1 thread", "worker_died")]


async def test_a_refused_quota_keeps_it_in_memory(place: Place) -> None:
    place.world.store.quota = 10
    assert await place.run() == 3
    assert place.steps == [("stored on this device", "in memory", "quota_exceeded")]


async def test_memory_that_runs_out_ends_what_idles_first(place: Place) -> None:
    await place.manager.release(await place.manager.acquire(place.registry.model("tiny"), CancelToken()))
    place.graphs.failures["build"] = [OutOfMemory("full")]
    assert await place.run() == 3
    assert place.steps == [("other models kept at hand", "this model alone", "out_of_memory")]
    assert place.manager.loaded == {}


async def test_a_sense_makes_room_by_ending_an_idle_model_and_a_model_by_ending_an_idle_sense(tmp_path: Path) -> None:
    place = Place(tmp_path, memory_bytes=200 * MB, max_memory_mb=256)
    place.graphs.memory = 200 * MB
    tiny = place.registry.model("tiny").model_copy(update={"memory_bytes": 100 * MB, "onnxruntime_memory_bytes": None})
    model = await place.manager.acquire(tiny, CancelToken())
    model.report = model.report.__class__("scripted", 1, 0, 0, 100 * MB)
    with pytest.raises(OutOfMemory, match="what is in use leaves"):
        await place.run()
    await place.manager.release(model)
    assert await place.run() == 3
    assert not place.manager.holds("tiny")
    await place.manager.release(await place.manager.acquire(tiny, CancelToken()))
    assert not place.manager.holds("tiny-graphs")
    assert place.graphs.runners[-1].closed


async def test_a_sense_takes_no_language_models_place_while_memory_lasts(tmp_path: Path) -> None:
    place = Place(tmp_path, max_agents_in_memory=1)
    await place.manager.release(await place.manager.acquire(place.registry.model("tiny"), CancelToken()))
    await place.run()
    assert (place.manager.holds("tiny"), place.manager.holds("tiny-graphs")) == (True, True)
    await place.manager.unload("tiny")
    assert place.manager.has_room(place.registry.model("tiny"), keep=["tiny-graphs"])


async def test_one_that_fails_as_it_runs_is_ended_and_loaded_anew_then_left_alone(place: Place) -> None:
    async def fails() -> None:
        async with place.senses.lent("tiny-graphs", CancelToken()) as model:
            place.graphs.failures["run"] = [RuntimeFailure("broken")]
            await model.graph("doubles").run({"x": ONE})

    for _ in range(3):
        with pytest.raises(RuntimeFailure):
            await fails()
    assert [runner.closed for runner in place.graphs.runners] == [True, True, True]
    with pytest.raises(CircuitOpen):
        await place.run()


async def test_two_users_take_turns_since_sessions_keep_state(place: Place) -> None:
    order: list[str] = []

    async def use(name: str) -> None:
        async with place.senses.lent("tiny-graphs", CancelToken()):
            order.append(name)
            await asyncio.sleep(0)
            order.append(name)

    await asyncio.gather(use("a"), use("b"))
    assert order in (["a", "a", "b", "b"], ["b", "b", "a", "a"])


async def test_a_cancelled_load_keeps_what_is_verified_and_the_next_goes_on(place: Place) -> None:
    cancel = CancelToken()
    loads = asyncio.ensure_future(place.manager.acquire_graphs(place.entry, cancel))
    while not place.world.store.shards:
        await asyncio.sleep(0)
    cancel.cancel()
    with pytest.raises(Cancelled):
        await loads
    place.manager.cancel_loading()
    assert await place.run() == 3
    urls = [url for url, have in place.world.store.requests if have == 0]
    assert len(urls) == len(set(urls))


async def test_a_version_whose_shards_are_gone_gives_way_to_the_servers(place: Place, tmp_path: Path) -> None:
    await place.run()
    gone = place.manifest.sessions["reads"].graph
    await place.world.store.delete(gone)
    del place.world.store.remote[f"models/shards/{gone}"]
    place.visit()
    with pytest.raises(DownloadFailed):
        await place.run()


def newer(place: Place, models: Path) -> GraphManifest:
    """Puts version 2 on the server, with other labels."""
    return offer(place.world, models, version="2", files={"labels.json": b"[]"})


async def test_a_newer_version_comes_after_the_first_use_and_is_opened_at_the_next_load(
    place: Place, tmp_path: Path
) -> None:
    await place.run()
    place.visit()
    later = newer(place, tmp_path / "later")
    requests = len(place.world.store.requests)
    await place.run()
    assert len(place.world.store.requests) == requests, "nothing waits for it"
    for work in place.begun:
        await work()
    assert len(place.world.store.requests) == requests + 1, "only the labels differ"
    place.visit()
    async with place.senses.lent("tiny-graphs", CancelToken()) as model:
        assert (model.manifest.version, await model.file("labels.json")) == ("2", b"[]")
    assert not await place.manager.graphs._versions.on_probation("tiny-graphs")
    assert later.version == "2"


async def test_a_newer_version_that_computes_wrongly_gives_way_to_the_one_before_for_good(
    place: Place, tmp_path: Path
) -> None:
    await place.run()
    place.visit()
    newer(place, tmp_path / "later")
    await place.run()
    for work in place.begun:
        await work()
    place.visit()
    place.graphs.answers = answers() | {"reads": lambda inputs: {"sum": np.array(7, np.float32)}}
    async with place.senses.lent("tiny-graphs", CancelToken()) as model:
        assert model.manifest.version == "1"
    assert place.steps == [("Tiny graphs 2", "Tiny graphs 1", "golden_mismatch")]
    place.visit()
    await place.run()
    for work in place.begun:
        await work()
    place.visit()
    async with place.senses.lent("tiny-graphs", CancelToken()) as model:
        assert model.manifest.version == "1", "what was wrong here isn't taken again"


async def test_what_computes_it_and_cannot_be_fetched_now_is_told(place: Place) -> None:
    await place.run()
    place.visit()
    place.graphs.failures["open"] = [DownloadFailed("no network")]
    with pytest.raises(RunnerMissing, match="What computes Tiny graphs isn't on this device: no network"):
        await place.run()


async def test_another_models_manifest_at_its_address_is_refused(place: Place) -> None:
    text = place.world.texts["models/tiny-graphs/manifest.json"]
    place.world.texts["models/tiny-graphs/manifest.json"] = json.dumps(json.loads(text) | {"model": "other"})
    with pytest.raises(InvalidManifest, match="is 'other', the registry says 'tiny-graphs'"):
        await place.run()


async def test_one_that_was_forgotten_and_fetched_again_is_whole_without_its_golden_runs(place: Place) -> None:
    await place.run()
    for golden in place.manifest.golden:
        await place.world.store.delete(golden.tensors)
    place.visit()
    del place.world.texts["models/tiny-graphs/manifest.json"]
    requests = len(place.world.store.requests)
    assert await place.run() == 3
    assert len(place.world.store.requests) == requests


async def test_a_sense_that_the_site_has_not_is_told(place: Place) -> None:
    with pytest.raises(UnknownModel, match="whisper-base isn't among the models here"):
        async with place.senses.lent("whisper-base", CancelToken()):
            pass


async def test_a_sweep_keeps_its_shards_until_it_is_forgotten(place: Place) -> None:
    await place.run()
    updates = Updates(place.manager, place.world.ports, place.registry, place.world.events.append, None)
    assert await updates.sweep() == []
    await updates.forget(["tiny-graphs"])
    assert place.world.store.shards == {}
