"""How far a request is: it moves with the load and with the answer, and never back."""

from __future__ import annotations

from orion_py.config import EngineConfig
from orion_py.engine.engine import Engine
from orion_py.errors import WorkerDied
from orion_py.fetching.progress import fraction_of
from orion_py.protocol import AdvanceEvent, InferOptions, ProgressEvent, ShardProgress, StateEvent, TokenEvent
from orion_py.telemetry.log import Logger
from tests.tiny import World, says

GREEDY = InferOptions(temperature=0, max_tokens=20)


async def engine(world: World) -> Engine:
    return await Engine.start(EngineConfig(), world.ports, Logger(clock=world.clock), subscribers=[world.events.append])


def progress(world: World, request: str = "q") -> list[tuple[str, int]]:
    """(state, progress) of each event of the request, in order."""
    moves = (StateEvent, AdvanceEvent)
    return [(e.state, e.progress) for e in world.events if isinstance(e, moves) and e.id == request]


async def test_it_moves_with_each_shard_of_the_load_and_each_token_of_the_answer() -> None:
    world = World(says("good day"))
    await (await engine(world)).infer("hello", GREEDY, request_id="q")
    found = progress(world)
    assert len({value for state, value in found if state == "loading_agent"}) >= 6
    answering = [value for state, value in found if state == "inferencing"]
    assert answering[0] == 60
    assert answering[-1] == 60 + int(39 * 8 / 20)
    assert len(answering) == 9
    assert found[-1] == ("success", 100)


async def test_it_never_falls_and_reaches_100_only_at_the_end() -> None:
    world = World(says("good day to you"))
    made = await engine(world)

    def die_once(event: object) -> None:
        if isinstance(event, TokenEvent) and event.index == 5 and len(world.runtime.sessions) == 1:
            world.runtime.failures["forward"] = [WorkerDied("gone")]

    made.subscribe(die_once)
    await made.infer("hello", GREEDY, request_id="q")
    values = [value for _, value in progress(world)]
    assert "fallback" in [state for state, _ in progress(world)]
    assert values == sorted(values)
    assert values.count(100) == 1


async def test_a_model_in_memory_takes_no_time_and_no_progress_to_load() -> None:
    world = World(says("ok"))
    made = await engine(world)
    await made.infer("hello", GREEDY, request_id="one")
    await made.infer("hello", GREEDY, request_id="two")
    assert not [row for row in progress(world, "two") if row[0] == "loading_agent" and row[1] > 10]


def event(phase: str, loaded: int, states: list[str], *, stored: bool = False) -> ProgressEvent:
    share = loaded // len(states)
    shards = [
        ShardProgress(sha256=str(n), role="layers", size=100, loaded=share, state=s) for n, s in enumerate(states)
    ]
    return ProgressEvent(
        id="engine", model="m", version="1", phase=phase, loaded_bytes=loaded, total_bytes=200, shards=shards,
        from_storage=stored,
    )  # fmt: skip


def test_a_load_counts_bytes_then_shards_then_the_session() -> None:
    steps = [
        event("initializing", 0, ["waiting", "waiting"]),
        event("downloading", 100, ["downloading", "downloading"]),
        event("downloading", 200, ["stored", "stored"]),
        event("loading_shard", 200, ["loaded", "stored"]),
        event("warming_up", 200, ["loaded", "loaded"]),
        event("ready", 200, ["loaded", "loaded"]),
    ]
    assert [round(fraction_of(step), 3) for step in steps] == [0, 0.3, 0.6, 0.725, 0.85, 1]


def test_a_load_from_storage_counts_only_what_is_read() -> None:
    assert fraction_of(event("initializing", 200, ["stored", "stored"], stored=True)) == 0
    assert fraction_of(event("loading_shard", 200, ["loaded", "stored"], stored=True)) == 0.425
