"""A step begins before the token before it is handed on; however an answer ends, the cache holds its tokens alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from orion_py.background.webgpu_trial import median_step
from orion_py.cancellation import CancelToken, ended_by
from orion_py.errors import Cancelled, InferenceTimeout, WorkerDied
from orion_py.generation.decoder import DecodeStats, decode
from orion_py.generation.sampling import Sampler, SamplingParams
from orion_py.generation.steps import TimeLimit
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.prefixes import Prefix
from orion_py.runtime.scripted import ScriptedSession
from tests.generation.test_decoder import PROMPT, model, said
from tests.tiny import Clock, LetterTokenizer, manifest


def tokens_of(loaded: LoadedModel, cancel: CancelToken | None = None, stats: DecodeStats | None = None, **options):
    sampler = Sampler(SamplingParams(temperature=0), 0)
    arguments = {"max_tokens": 64, "cancel": cancel or CancelToken(), "clock": Clock(), "stats": stats or DecodeStats()}
    return decode(loaded, PROMPT, sampler, **arguments | options)


def gated(session: ScriptedSession, from_position: int) -> asyncio.Future[None]:
    """Steps from this position on take until the future is set."""
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    real = session.forward

    async def slow(tokens, position):
        if position >= from_position:
            await gate
        return await real(tokens, position)

    session.forward = slow  # type: ignore[method-assign]
    return gate


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_next_step_runs_while_a_token_is_handed_on() -> None:
    loaded, session = model("good day")
    calls = []
    async for _ in tokens_of(loaded):
        await settle()  # whoever takes the token has other things to do
        calls.append(len(session.calls))
    assert calls == [2, 3, 4, 5, 6, 7, 8, 9]


async def test_what_is_done_while_the_model_computes_is_told_apart() -> None:
    loaded, _ = model("good day")
    clock, stats = Clock(), DecodeStats()
    count = 0
    async for _ in tokens_of(loaded, stats=stats, clock=clock, max_tokens=3):
        count += 1
        clock.now += 1.0 if count < 3 else 100.0  # behind the last token no step is under way
    assert stats.beside == pytest.approx(2.0)
    assert stats.waiting == pytest.approx(2.0)
    assert stats.decode == pytest.approx(102.0)


@pytest.mark.parametrize("most", [1, 3])
async def test_no_step_begins_behind_the_last_token_that_is_wanted(most: int) -> None:
    loaded, session = model("good day")
    async for _ in tokens_of(loaded, max_tokens=most):
        await settle()
    assert len(session.calls) == most


@pytest.mark.parametrize("finishes", [True, False])
async def test_an_answer_that_its_reader_ends_leaves_the_cache_of_single_steps(finishes: bool) -> None:
    loaded, session = model("good day")
    gate = gated(session, len(PROMPT) + 1)
    if finishes:
        gate.set_result(None)
    tokens = tokens_of(loaded)
    assert [await anext(tokens), await anext(tokens)] == LetterTokenizer().encode("go")
    await settle()  # the third step is under way, or over
    await tokens.aclose()
    asked = [*PROMPT, *LetterTokenizer().encode("good"), 0]
    assert loaded.cached_prefix(asked) == len(PROMPT) + 1
    if not finishes:
        gate.set_result(None)
        await settle()
    assert loaded.cached_prefix(asked) == len(PROMPT) + 1, "what the step left isn't said to be there"


async def test_the_next_answer_waits_for_the_step_that_was_left_and_is_right() -> None:
    loaded, session = model("good day")
    gate = gated(session, len(PROMPT))
    tokens = tokens_of(loaded)
    await anext(tokens)
    await settle()
    await tokens.aclose()
    gate_opens = asyncio.get_running_loop().call_soon(gate.set_result, None)
    text, _ = await said(loaded)
    assert text == "good day"
    assert not gate_opens.cancelled()


async def test_a_step_that_was_left_before_its_turn_never_runs() -> None:
    loaded, session = model()
    gate = gated(session, 0)
    first, second = loaded.begin([1, 2], 0), loaded.begin([1, 2, 3], 0)
    await settle()
    second.cancel()
    gate.set_result(None)
    await first
    await settle()
    assert [tokens for tokens, _ in session.calls] == [[1, 2]]
    assert loaded._held == [1, 2]


async def test_a_step_that_was_left_and_then_fails_is_nobodys_error_but_the_next_ones() -> None:
    unheard: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: unheard.append(context))
    loaded, session = model()
    tokens = tokens_of(loaded)
    await anext(tokens)
    session.failures["forward"] = [WorkerDied(), WorkerDied()]
    await settle()
    await tokens.aclose()
    await settle()
    with pytest.raises(WorkerDied):
        await said(loaded)
    del tokens
    assert unheard == []


async def test_a_stop_while_the_next_step_runs_ends_it_and_is_told_to_the_worker() -> None:
    loaded, session = model("good day")
    gate, cancel, got = gated(session, len(PROMPT) + 1), CancelToken(), []

    async def listen() -> None:
        async for token in tokens_of(loaded, cancel):
            got.append(token)

    answer = asyncio.ensure_future(listen())
    await settle()
    assert LetterTokenizer().decode(got) == "go"
    cancel.cancel()
    with pytest.raises(Cancelled):
        await answer
    assert session.interrupts == 1
    gate.set_result(None)
    assert (await said(loaded))[0] == "good day"


async def test_a_question_that_was_stopped_already_runs_nothing() -> None:
    loaded, session = model()
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        await anext(tokens_of(loaded, cancel))
    assert session.calls == []


async def test_the_model_is_weighed_although_a_step_was_left_under_way() -> None:
    loaded, session = model()
    gate = gated(session, len(PROMPT))
    tokens = tokens_of(loaded)
    await anext(tokens)
    await settle()
    await tokens.aclose()
    session.report = session.report.__class__("wasm", 2, 0.0, 0.0, 99)
    await loaded.measure_memory()
    assert loaded.report.memory_bytes == 99
    gate.set_result(None)


async def test_a_step_that_hangs_times_out_though_its_prompt_had_longer() -> None:
    loaded, session = model()
    gated(session, len(PROMPT))
    tokens = tokens_of(loaded, step_timeout=0.002)
    await anext(tokens)
    with pytest.raises(InferenceTimeout):
        await anext(tokens)
    assert session.closed


class Timers:
    """An event loop's clock and timers, by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[Timer] = []
        self.made = 0

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        self.made += 1
        self.timers.append(timer := Timer(self, when, callback))
        return timer

    def sleep_until(self, now: float) -> None:
        """Nothing runs meanwhile; what was due comes then."""
        self.now = now
        for timer in [timer for timer in self.timers if timer.when <= now]:
            self.timers.remove(timer)
            timer.callback()

    def pass_to(self, now: float) -> None:
        while due := [timer for timer in self.timers if timer.when <= now]:
            timer = min(due, key=lambda each: each.when)
            self.now = timer.when
            self.timers.remove(timer)
            timer.callback()
        self.now = now


class Timer:
    def __init__(self, timers: Timers, when: float, callback: Callable[[], None]) -> None:
        self.timers, self.when, self.callback = timers, when, callback

    def cancel(self) -> None:
        self.timers.timers.remove(self)


def limit() -> tuple[TimeLimit, Timers, list[float]]:
    timers, late = Timers(), list[float]()
    return TimeLimit(lambda: late.append(timers.now), timers), timers, late  # type: ignore[arg-type]


def test_a_thousand_steps_share_some_timers() -> None:
    due, timers, late = limit()
    for step in range(1000):
        timers.pass_to(0.01 * step)
        due.set(5.0)
        due.set(None)
    assert (late, timers.made) == ([], 2)


def test_a_limit_is_kept_to_though_an_earlier_timer_looks_too_soon() -> None:
    due, timers, late = limit()
    due.set(5.0)
    timers.pass_to(4.0)
    due.set(5.0)
    timers.pass_to(8.9)
    assert late == []
    timers.pass_to(20.0)
    assert late == [9.0]


def test_a_shorter_limit_isnt_kept_waiting_by_a_longer_ones_timer() -> None:
    due, timers, late = limit()
    due.set(60.0)
    due.set(1.0)
    timers.pass_to(70.0)
    assert late == [1.0]


def test_a_limit_in_which_the_machine_slept_begins_anew_and_is_kept_to_then() -> None:
    due, timers, late = limit()
    due.set(5.0)
    timers.sleep_until(3600.0)
    timers.pass_to(3604.0)
    assert late == []
    timers.pass_to(3700.0)
    assert late == [3605.0]


def test_a_timer_that_is_a_little_late_for_the_thread_was_busy_is_no_sleep() -> None:
    due, timers, late = limit()
    due.set(5.0)
    timers.sleep_until(6.5)
    assert late == [6.5]


def test_a_limit_that_was_lifted_or_closed_is_never_passed() -> None:
    due, timers, late = limit()
    due.set(1.0)
    due.set(None)
    timers.pass_to(2.0)
    due.set(1.0)
    due.close()
    timers.pass_to(9.0)
    assert (late, timers.timers) == ([], [])


async def test_a_restore_that_was_given_up_while_it_waited_takes_no_rows_away() -> None:
    loaded, session = model("good day")
    other = [9] * 20
    session.prefixes.keep(Prefix("k", "tiny", "a", "1", len(other)), np.array(other, np.int32).tobytes(), 10**6)
    await said(loaded)
    gate = gated(session, len(PROMPT))
    step = loaded.begin([1], len(PROMPT))  # nobody waits for it any more, and it still computes
    await settle()
    step.cancel()
    cancel = CancelToken()
    restoring = asyncio.ensure_future(ended_by(loaded.restore_rows("k", other), cancel))
    await settle()
    cancel.cancel()
    with pytest.raises(Cancelled):
        await restoring
    asked = asyncio.ensure_future(said(loaded))
    await settle()
    gate.set_result(None)
    text, stats = await asked
    assert (text, stats.cached_tokens) == ("good day", len(PROMPT) - 1)
    assert session.tokens[: len(PROMPT)] == PROMPT


async def test_a_trial_that_was_called_off_while_it_waited_runs_nothing() -> None:
    loaded, session = model("good day")
    loaded.manifest = manifest(golden=[{"name": "g", "tokens": [5, 6], "top": [[1, 50.0], [2, 0.0]]}])
    await said(loaded)
    gate = gated(session, len(PROMPT))
    step = loaded.begin([1], len(PROMPT))
    await settle()
    step.cancel()
    cancel = CancelToken()
    trying = asyncio.ensure_future(median_step(loaded, Clock(), cancel))
    await settle()
    cancel.cancel()
    with pytest.raises(Cancelled):
        await trying
    gate.set_result(None)
    await settle()
    assert session.tokens[: len(PROMPT)] == PROMPT
