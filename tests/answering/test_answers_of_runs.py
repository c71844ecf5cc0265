"""Through the whole engine, a session that chooses tokens itself gives the answer, the pieces and the counts of one
that is asked for each token."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orion_py.errors import WorkerDied
from orion_py.protocol import Event, InferOptions, RevisionEvent, TokenEvent
from tests.answering.test_loops_in_answers import UNIT, goes_round
from tests.engine.test_engine import GREEDY, engine, verifying
from tests.running_sessions import RunningRuntime, RunningSession
from tests.tiny import VOCAB, World, says

Script = Callable[[list[int]], int]
TEXT = "it is a good day and the sun is up so we go out and walk by the sea"


def running(script: Script) -> World:
    world = World(script)
    runtime = RunningRuntime(script, VOCAB)
    runtime.prefixes = world.runtime.prefixes
    world.runtime, world.ports = runtime, replace(world.ports, runtime=runtime)
    return world


def told(events: list[Event]) -> list[Any]:
    """What a page gets to see of an answer: pieces and revisions, without times."""
    return [
        (event.text, event.index, event.tokens) if isinstance(event, TokenEvent) else (event.content, event.again)
        for event in events
        if isinstance(event, TokenEvent | RevisionEvent)
    ]


async def both(script: Callable[[], Script], options: InferOptions) -> list[tuple[Any, ...]]:
    found = []
    for world in (World(script()), running(script())):
        made = await engine(world)
        response = await made.infer("hello", options, request_id="q")
        usage, stream = response.usage, response.stream
        said = (
            response.content,
            response.finish_reason,
            response.loops,
            usage,
            stream and (stream.pieces, stream.tokens),
        )
        found.append((*said, told(world.events)))
        session = world.runtime.sessions[-1]
        assert not isinstance(session, RunningSession) or session.runs, "it was asked for runs"
    return found


@pytest.mark.parametrize("granularity", ["token", "word", "sentence"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stop": ["sun is"]},
        {"stop": ["y a"], "max_tokens": 90},
        {"max_tokens": 7},
        {"temperature": 0.9, "seed": 5, "repetition_penalty": 1.1},
    ],
)
async def test_it_is_the_same_answer_in_the_same_pieces(granularity: str, options: dict[str, Any]) -> None:
    asked = GREEDY.model_copy(update={"granularity": granularity, "max_tokens": 80, **options})
    steps, runs = await both(lambda: says(TEXT), asked)
    assert runs == steps


async def test_a_loop_is_cut_at_the_same_token_and_tried_again_with_the_same_chance() -> None:
    asked = GREEDY.model_copy(update={"max_tokens": 180, "temperature": 0.8, "seed": 3})
    steps, runs = await both(lambda: goes_round("well ", UNIT, then=" and so on"), asked)
    assert steps[2] == 1, "it went round in circles"
    assert runs == steps


@pytest.mark.parametrize("after", [1, 4, 9, 11, 30])
async def test_a_worker_that_dies_in_the_middle_of_a_run_is_replaced_and_the_answer_goes_on(after: int) -> None:
    world = running(says(TEXT))
    made = await engine(world)
    calls = 0

    def dies(name: str) -> None:
        nonlocal calls
        calls += name == "forward"
        if name == "forward" and calls == 1 + after:
            world.runtime.failures["forward"] = [WorkerDied()]

    world.runtime.on_call = dies
    response = await made.infer("hello", GREEDY.model_copy(update={"max_tokens": 80}), request_id="q")
    assert response.content == TEXT
    assert "".join(event.text for event in world.events if isinstance(event, TokenEvent)) == TEXT
    assert len(world.runtime.sessions) == 2


async def test_a_draft_that_comes_up_ends_the_run_and_is_verified() -> None:
    said = "the sea is blue and the hill is green "
    counts = []
    for kind in (World, running):
        world = kind(says(said * 3))
        world.texts["models/tiny/manifest.json"] = verifying()
        made = await engine(world)
        options = GREEDY.model_copy(update={"max_tokens": 120})
        response = await made.infer("write the same three times", options, request_id="q")
        assert response.content == said * 3
        counts.append(response.usage.accepted)
        if isinstance(world.runtime, RunningRuntime):
            assert world.runtime.sessions[-1].stops  # type: ignore[attr-defined]
    assert min(counts) > 20
