"""Whatever fails, and in whichever order: an answer ends, and no token of it is lost or said twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.errors import (
    BackendUnavailable,
    DeviceLost,
    DownloadFailed,
    GoldenMismatch,
    InferenceTimeout,
    OrionError,
    OutOfMemory,
    RuntimeFailure,
    ShardCorrupt,
    WorkerDied,
)
from orion_py.protocol import Event, FallbackEvent, InferOptions, Response, StateEvent, TokenEvent
from orion_py.runtime.base import Device
from orion_py.runtime.scripted import ScriptedSession
from tests.patient_clock import settled
from tests.running_sessions import RunningSession
from tests.two_models import WRITE, TwoModels, engine

HERE = Device(threads=2, webgpu=False, webgpu_reason="none", kernel="relaxed-threads-1")
KERNEL = {"id": "kernel", "engine": "kernel", "backend": "wasm", "exact": False, "tolerance_kl": 0.05}
SAID = "good day"
KINDS: list[type[OrionError]] = [
    OutOfMemory,
    WorkerDied,
    InferenceTimeout,
    DeviceLost,
    RuntimeFailure,
    BackendUnavailable,
    GoldenMismatch,
]
OPENING: list[type[OrionError]] = [*KINDS, DownloadFailed, ShardCorrupt]


class Failing(TwoModels):
    """Its calls fail as ``script`` says, in turn: None works. ``opens`` says so of the sessions that are opened.
    ``runs``: they choose tokens themselves, some at a time, as in a browser."""

    def __init__(
        self,
        script: Sequence[type[OrionError] | None] = (),
        opens: Sequence[type[OrionError] | None] = (),
        runs: bool = False,
    ) -> None:
        super().__init__(SAID, HERE)
        for model in ("tiny", "big"):
            described = json.loads(self.texts[f"models/{model}/manifest.json"])
            described["variants"].append(KERNEL)
            self.texts[f"models/{model}/manifest.json"] = json.dumps(described)
        self.script, self.opens = list(script), list(opens)
        self.attempts: list[tuple[str, str, int]] = []
        """Model, variant and threads of each session that failed as it computed."""
        real = self.runtime.open

        async def failing(manifest: Any, variant: Any, threads: int, context: int) -> Any:
            self._fails(self.opens)
            session = await real(manifest, variant, threads, context)
            if runs:
                session = self._running(session)
            forward = session.forward

            async def may_fail(tokens: Any, position: int) -> Any:
                try:
                    self._fails(self.script)
                except OrionError:
                    self.attempts.append((manifest.model, variant.id, threads))
                    raise
                return await forward(tokens, position)

            session.forward = may_fail  # type: ignore[method-assign]
            return session

        self.runtime.open = failing  # type: ignore[method-assign]

    def _running(self, made: ScriptedSession) -> RunningSession:
        session = RunningSession(made.script, made.vocab, made.report, made.failures, made.on_call)
        session.prefixes = made.prefixes
        self.runtime.sessions[-1], self.runtime.models[-1] = session, (self.runtime.models[-1][0], session)
        return session

    def _fails(self, script: list[type[OrionError] | None]) -> None:
        error = script.pop(0) if script else None
        if error is not None:
            raise error("it failed")

    @property
    def said(self) -> str:
        return "".join(event.text for event in self.of(TokenEvent))


async def asked(world: Failing, breakers: bool) -> Response | OrionError:
    """Ends, or the test does."""
    made = await engine(world, enable_circuit_breaker=breakers)
    try:
        async with asyncio.timeout(20):
            answer: Response | OrionError = await made.infer("hello", WRITE, request_id="q")
    except OrionError as error:
        answer = error
    for session in world.runtime.sessions:
        in_memory = any(model._session is session for model in made.models.loaded.values())
        assert session.closed or in_memory, "nothing stays in memory that nobody knows"
    assert not any(made.models._busy(model) for model in ("tiny", "big")), "all is given back"
    return answer


@given(
    st.lists(st.one_of(st.none(), st.sampled_from(KINDS)), max_size=24),
    st.lists(st.one_of(st.none(), st.sampled_from(OPENING)), max_size=8),
    st.booleans(),
    st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_an_answer_ends_and_its_tokens_are_said_once_whatever_fails(
    script: list[type[OrionError] | None], opens: list[type[OrionError] | None], breakers: bool, runs: bool
) -> None:
    world = Failing(script, opens, runs)
    answer = asyncio.run(asked(world, breakers))
    if isinstance(answer, Response):
        assert (answer.content, world.said) == (SAID, SAID)
        assert answer.usage.completion == len(SAID)
    else:
        assert SAID.startswith(world.said), "what was said before the error was said once"
    ends = [e.state for e in world.of(StateEvent) if e.id == "q" and e.state in ("success", "error", "cancelled")]
    assert ends == ["success" if isinstance(answer, Response) else "error"]
    for attempt in world.attempts:
        assert world.attempts.count(attempt) <= 3, "a way to compute has a first worker and two more"


async def test_the_tokens_so_far_are_read_by_what_goes_on_and_not_computed_anew() -> None:
    world = Failing([None, None, None, WorkerDied])
    answer = await asked(world, breakers=True)
    assert isinstance(answer, Response)
    first, second = (calls for session in world.runtime.sessions if (calls := session.calls))
    begun = [token for tokens, _ in first for token in tokens]
    assert second[0] == (begun + second[0][0][len(begun) :], 0)
    assert len(second[0][0]) == len(begun) + 1, "the token that the worker died of is the next to run"


async def test_out_of_memory_is_answered_by_every_rung_that_is_left() -> None:
    world = Failing([None, *[OutOfMemory] * 2, None, OutOfMemory])
    answer = await asked(world, breakers=True)
    assert isinstance(answer, Response)
    assert (answer.content, world.said) == (SAID, SAID)
    assert len(set(world.attempts)) == len(world.attempts) == 3


async def test_what_was_said_is_the_answer_when_the_time_is_up_while_a_new_worker_starts() -> None:
    world = Failing()
    made = await engine(world)

    def die(event: Event) -> None:
        if isinstance(event, TokenEvent) and event.index == 2:
            world.script = [WorkerDied]
            world.runtime.gates["big"] = asyncio.Event()

    made.subscribe(die)
    options = InferOptions(temperature=0, force_agent="scribe", timeout=30.0)
    asking = asyncio.ensure_future(made.infer("hello", options, request_id="q"))
    for _ in range(20):
        await settled()
    assert [(e.kind, e.from_) for e in world.of(FallbackEvent)] == [("worker", "Kernel, 2 threads")]
    await world.time.passes(30)
    answer = await asking
    assert (answer.content, answer.finish_reason) == (world.said, "timeout")
    assert SAID.startswith(answer.content)
    assert world.of(StateEvent)[-1].state == "success"


@pytest.mark.parametrize("kind", [ShardCorrupt, DownloadFailed])
async def test_a_model_that_can_not_be_opened_leaves_the_answer_to_the_next(kind: type[OrionError]) -> None:
    world = Failing()
    world.runtime.broken["big"] = kind("it failed")
    answer = await asked(world, breakers=True)
    assert isinstance(answer, Response)
    assert answer.model == "tiny"
    assert [e.to for e in world.of(FallbackEvent) if e.kind == "model"] == ["tiny"]
