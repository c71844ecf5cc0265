"""A session that chooses tokens itself is asked for runs of them, and the answer is that of single steps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, InferenceTimeout, RuntimeFailure, WorkerDied
from orion_py.generation.constraint import Constraint
from orion_py.generation.decoder import RUN_TOKENS, DecodeStats, decode
from orion_py.generation.sampling import Sampler, SamplingParams
from orion_py.runtime.base import BuildReport
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.token_runs import RunRequest, RunTokens
from tests.generation.test_decoder import PROMPT
from tests.running_sessions import RunningSession
from tests.tiny import VOCAB, Clock, LetterTokenizer, manifest, says

LETTERS = LetterTokenizer()


def model(text: str = "good day", context: int = 250) -> tuple[LoadedModel, RunningSession]:
    m = manifest()
    report = BuildReport("wasm", 2, 0.0, 0.0, 0)
    session = RunningSession(says(text), VOCAB, report)
    return LoadedModel(m, m.variants[0], session, LETTERS, report, context), session


def decoded(loaded: LoadedModel, **options: Any) -> AsyncIterator[int]:
    sampler = Sampler(SamplingParams(temperature=0), 0)
    arguments = {"max_tokens": 220, "cancel": CancelToken(), "clock": Clock(), "stats": DecodeStats()} | options
    return decode(loaded, PROMPT, sampler, **arguments)


async def said(loaded: LoadedModel, **options: Any) -> str:
    return LETTERS.decode([token async for token in decoded(loaded, **options)])


async def listen(tokens: AsyncIterator[int], got: list[int]) -> None:
    async for token in tokens:
        got.append(token)


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_answer_takes_one_run_behind_the_token_that_its_prompt_gives() -> None:
    loaded, session = model()
    stats = DecodeStats()
    assert await said(loaded, stats=stats) == "good day"
    assert (session.runs, stats.finish, stats.completion_tokens) == (1, "stop", 8)
    assert [tokens for tokens, _ in session.calls] == [PROMPT, *([token] for token in LETTERS.encode("good day"))]


async def test_a_long_answer_takes_as_many_runs_as_it_has_such_stretches() -> None:
    loaded, session = model("well " * 40)
    assert await said(loaded) == "well " * 40
    assert (session.runs, RUN_TOKENS) == (2, 128)


@pytest.mark.parametrize("most", [1, 2, 6])
async def test_no_step_runs_behind_the_last_token_that_is_wanted(most: int) -> None:
    loaded, session = model()
    stats = DecodeStats()
    assert await said(loaded, max_tokens=most, stats=stats) == "good day"[:most]
    await settle()
    assert (len(session.calls), stats.finish) == (most, "length")


async def test_the_contexts_end_ends_the_run() -> None:
    loaded, session = model(context=len(PROMPT) + 3)
    assert await said(loaded) == "goo"
    assert len(session.calls) == 3


async def test_a_reader_that_has_enough_stops_the_run_and_leaves_the_cache_of_single_steps() -> None:
    loaded, session = model("well " * 40)
    tokens = decoded(loaded)
    assert LETTERS.decode([await anext(tokens) for _ in range(3)]) == "wel"
    await tokens.aclose()  # type: ignore[attr-defined]
    assert session.stops == 1
    await settle()
    assert len(session.calls) < 15
    asked = [*PROMPT, *LETTERS.encode("well well"), 0]
    assert loaded.cached_prefix(asked) == len(PROMPT) + 2
    assert await said(loaded) == "well " * 40, "and the next answer is right"


async def test_a_token_that_was_told_is_known_to_be_in_the_cache() -> None:
    loaded, _ = model()
    await said(loaded)
    assert loaded.cached_prefix([*PROMPT, *LETTERS.encode("good day"), 0, 5]) == len(PROMPT) + 8


async def test_a_step_with_a_constraint_is_chosen_here() -> None:
    loaded, session = model()
    assert await said(loaded, constrain=lambda tokens: Constraint(bias={5: 1.0})) == "good day"
    assert session.runs == 0


class Slow(RunningSession):
    """Its steps wait for a gate from the fifth token on."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def rests(self) -> None:
        if self._count == 5:
            await self.gate


def slow(text: str = "well well well") -> tuple[LoadedModel, Slow]:
    m, report = manifest(), BuildReport("wasm", 2, 0.0, 0.0, 0)
    session = Slow(says(text), VOCAB, report)
    return LoadedModel(m, m.variants[0], session, LETTERS, report, 128), session


async def test_a_stop_while_the_run_computes_is_told_to_the_worker_and_what_came_was_said() -> None:
    loaded, session = slow()
    cancel, got = CancelToken(), list[int]()
    answer = asyncio.ensure_future(listen(decoded(loaded, cancel=cancel), got))
    await settle()
    assert LETTERS.decode(got) == "well w", "one of the prompt, and five that were told"
    cancel.cancel()
    with pytest.raises(Cancelled):
        await answer
    assert session.interrupts == 1
    session.gate.set_result(None)
    assert await said(loaded) == "well well well"


async def test_a_stop_between_two_tokens_of_a_piece_ends_the_answer_at_once() -> None:
    loaded, session = model()
    cancel, got = CancelToken(), list[int]()
    tokens = decoded(loaded, cancel=cancel)
    for _ in range(4):
        got.append(await anext(tokens))
    cancel.cancel()
    with pytest.raises(Cancelled):
        await anext(tokens)
    assert LETTERS.decode(got) == "good"
    assert session.stops + session.interrupts == 1


async def test_a_run_that_hangs_times_out_and_the_model_is_closed() -> None:
    loaded, session = slow()
    got = list[int]()
    with pytest.raises(InferenceTimeout):
        await listen(decoded(loaded, step_timeout=0.002), got)
    assert LETTERS.decode(got) == "well w"
    assert session.closed


async def test_a_run_that_does_not_stop_is_given_up_by_the_next_question() -> None:
    loaded, session = slow()
    loaded.patience_s = 0.002
    tokens = decoded(loaded)
    for _ in range(6):
        await anext(tokens)
    await tokens.aclose()  # type: ignore[attr-defined]
    with pytest.raises(WorkerDied):
        await said(loaded)
    assert session.closed


@pytest.mark.parametrize("error", [WorkerDied(), RuntimeFailure("a step failed")])
async def test_what_came_before_a_failure_is_said_before_it_is_raised(error: RuntimeFailure) -> None:
    loaded, session = model()
    real, got = session.forward, list[int]()

    async def fails(inputs: Any, position: int) -> Any:
        if position == len(PROMPT) + 5:
            raise error
        return await real(inputs, position)

    session.forward = fails  # type: ignore[method-assign]
    with pytest.raises(type(error)):
        await listen(decoded(loaded), got)
    assert LETTERS.decode(got) == "good d"
    asked = [*PROMPT, *LETTERS.encode("good day"), 0]
    assert loaded.cached_prefix(asked) == len(PROMPT) + 5


async def test_the_sessions_own_time_is_the_models_and_the_rest_is_the_engines() -> None:
    loaded, session = model()
    run, stats = session.run, DecodeStats()

    async def timed(request: RunRequest) -> AsyncIterator[RunTokens]:
        async for found in run(request):
            yield RunTokens(found.tokens, 0.5 * len(found.tokens))

    session.run = timed  # type: ignore[method-assign]
    clock = Clock()
    async for _ in decoded(loaded, stats=stats, clock=clock):
        clock.now += 1.0
    assert stats.waiting == pytest.approx(0.5 * 8), "seven tokens and the end"
    assert stats.decode == pytest.approx(8.0)
