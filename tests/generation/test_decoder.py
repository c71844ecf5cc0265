from __future__ import annotations

import asyncio

import pytest

from orion_py.cancellation import CancelToken, until_cancelled
from orion_py.errors import Cancelled, InferenceTimeout, WorkerDied
from orion_py.generation.decoder import DecodeStats, decode
from orion_py.generation.sampling import Sampler, SamplingParams
from orion_py.runtime.base import BuildReport
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.scripted import ScriptedSession
from tests.tiny import VOCAB, Clock, LetterTokenizer, manifest, says

PROMPT = LetterTokenizer().encode("<user>hello<end><assistant>")


def model(text: str = "good day", context: int = 128) -> tuple[LoadedModel, ScriptedSession]:
    m = manifest()
    report = BuildReport("wasm", 2, 0.0, 0.0, 0)
    session = ScriptedSession(says(text), VOCAB, report)
    return LoadedModel(m, m.variants[0], session, LetterTokenizer(), report, context), session


async def said(loaded: LoadedModel, prompt: list[int] = PROMPT, **options) -> tuple[str, DecodeStats]:
    stats = DecodeStats()
    arguments = {"max_tokens": 64, "cancel": CancelToken(), "clock": Clock(), "stats": stats} | options
    sampler = Sampler(SamplingParams(temperature=0), 0)
    tokens = [t async for t in decode(loaded, prompt, sampler, **arguments)]
    return LetterTokenizer().decode(tokens), stats


async def test_tokens_come_until_the_model_ends_its_turn() -> None:
    text, stats = await said(model("good day")[0])
    assert text == "good day"
    assert (stats.finish, stats.completion_tokens) == ("stop", 8)


async def test_the_prompt_runs_once_and_then_one_token_a_step() -> None:
    loaded, session = model("ab")
    await said(loaded)
    assert session.calls == [(PROMPT, 0), ([1], len(PROMPT)), ([2], len(PROMPT) + 1)]


async def test_max_tokens_ends_the_answer_by_length() -> None:
    text, stats = await said(model("good day")[0], max_tokens=4)
    assert (text, stats.finish) == ("good", "length")


async def test_the_end_of_the_context_ends_the_answer_by_length() -> None:
    text, stats = await said(model("good day", context=len(PROMPT) + 3)[0])
    assert (text, stats.finish) == ("goo", "length")


async def test_the_total_time_out_ends_the_answer_with_what_there_is() -> None:
    text, stats = await said(model("good day")[0], clock=Clock(step=1.0), total_timeout=12.0)
    assert stats.finish == "timeout"
    assert 0 < len(text) < 8


async def test_a_second_question_runs_only_what_is_new() -> None:
    loaded, session = model("ab")
    await said(loaded)
    session.calls.clear()
    longer = [*PROMPT, 1, 2, 0, *LetterTokenizer().encode("<user>more<end><assistant>")]
    _, stats = await said(loaded, longer)
    # The last token said was never run through the model, so its row isn't there.
    assert stats.cached_tokens == len(PROMPT) + 2
    assert session.calls[0] == (longer[len(PROMPT) + 2 :], len(PROMPT) + 2)


async def test_the_same_prompt_again_runs_its_last_token_alone() -> None:
    loaded, session = model("ab")
    await said(loaded)
    session.calls.clear()
    _, stats = await said(loaded)
    assert stats.cached_tokens == len(PROMPT) - 1
    assert session.calls[0] == (PROMPT[-1:], len(PROMPT) - 1)


async def test_another_conversation_shares_nothing() -> None:
    loaded, _session = model("ab")
    await said(loaded)
    other = LetterTokenizer().encode("<system>x<end><user>hello<end><assistant>")
    _, stats = await said(loaded, other)
    assert stats.cached_tokens == 0


async def test_cancelling_stops_before_the_next_token() -> None:
    loaded, _ = model("good day")
    cancel, got = CancelToken(), []
    sampler = Sampler(SamplingParams(temperature=0), 0)

    async def listen() -> None:
        async for token in decode(
            loaded, PROMPT, sampler, max_tokens=64, cancel=cancel, clock=Clock(), stats=DecodeStats()
        ):
            got.append(token)
            if len(got) == 3:
                cancel.cancel()

    with pytest.raises(Cancelled):
        await listen()
    assert LetterTokenizer().decode(got) == "goo"


async def test_cancelling_a_long_prefill_returns_at_once_and_the_next_question_waits_for_it() -> None:
    loaded, session = model("ab")
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    real = session.forward

    async def slow(tokens, position):
        await gate
        return await real(tokens, position)

    session.forward = slow  # type: ignore[method-assign]
    cancel = CancelToken()
    first = asyncio.ensure_future(said(loaded, cancel=cancel))
    await asyncio.sleep(0)
    cancel.cancel()
    with pytest.raises(Cancelled):
        await first
    second = asyncio.ensure_future(said(loaded))
    await asyncio.sleep(0)
    assert session.interrupts == 1
    assert session.calls == []
    gate.set_result(None)
    text, _ = await second
    assert text == "ab"
    assert session.calls[0] == (PROMPT, 0)


async def test_a_step_without_an_answer_for_the_time_out_fails() -> None:
    loaded, session = model("ab")

    async def never(tokens, position):
        await asyncio.get_running_loop().create_future()

    session.forward = never  # type: ignore[method-assign]
    with pytest.raises(InferenceTimeout):
        await said(loaded, step_timeout=0.001)


async def test_a_failed_step_leaves_the_cache_known_only_up_to_it() -> None:
    loaded, session = model("abcd")
    session.failures["forward"] = []
    await said(loaded)
    session.failures["forward"] = [WorkerDied()]
    with pytest.raises(WorkerDied):
        await loaded.forward([5, 6], 3)
    assert loaded.cached_prefix([*PROMPT]) == 3


async def test_waiting_for_something_that_fails_raises_its_error() -> None:
    async def fails() -> None:
        raise WorkerDied("gone")

    with pytest.raises(WorkerDied, match="gone"):
        await until_cancelled(fails(), CancelToken())


async def test_the_models_time_is_told_apart_from_the_loops() -> None:
    _, stats = await said(model("good day")[0], clock=Clock(step=1.0))
    assert 0 < stats.waiting < stats.decode
