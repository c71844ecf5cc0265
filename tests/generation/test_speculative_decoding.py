"""With drafts and without, an answer is the same: its tokens, its end and what the cache holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.cancellation import CancelToken
from orion_py.errors import Cancelled, InferenceTimeout
from orion_py.generation.decoder import DecodeStats, decode
from orion_py.generation.sampling import Sampler, SamplingParams
from orion_py.runtime.base import BuildReport
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.scripted import ScriptedSession
from tests.tiny import GRAPH, VOCAB, Clock, LetterTokenizer, manifest, manifest_json, says, sha

TEXT = "the quick brown fox jumps over the lazy dog"
PROMPT = LetterTokenizer().encode(f"<user>{TEXT}<end><assistant>")
ROWS = 8


def verifying(text: str = TEXT, context: int = 250, rows: int = ROWS) -> tuple[LoadedModel, ScriptedSession]:
    plain = manifest()
    prefill = plain.variants[0].prefill.model_copy(update={"verifies": rows})
    variant = plain.variants[0].model_copy(update={"prefill": prefill})
    session = ScriptedSession(says(text), VOCAB, BuildReport("wasm", 2, 0.0, 0.0, 0))
    return LoadedModel(plain, variant, session, LetterTokenizer(), session.report, context), session


async def said(loaded: LoadedModel, prompt: list[int] = PROMPT, **options) -> tuple[str, DecodeStats]:
    stats = DecodeStats()
    arguments = {"max_tokens": 64, "cancel": CancelToken(), "clock": Clock(step=0.001), "stats": stats} | options
    sampler = arguments.pop("sampler", None) or Sampler(SamplingParams(temperature=0), 0)
    tokens = [t async for t in decode(loaded, prompt, sampler, **arguments)]
    return LetterTokenizer().decode(tokens), stats


async def test_a_repeated_text_takes_fewer_steps() -> None:
    loaded, session = verifying()
    text, stats = await said(loaded)
    assert (text, stats.finish, stats.completion_tokens) == (TEXT, "stop", len(TEXT))
    assert stats.accepted > len(TEXT) / 2
    assert stats.accepted <= stats.drafted
    # The prompt's run gives one token, each other run one more than it accepted, the last the end.
    assert len(session.calls) + len(session.verified) == len(TEXT) + 1 - stats.accepted


async def test_without_the_wish_or_without_the_graph_every_step_is_one_token() -> None:
    for loaded, options in ((verifying()[0], {"speculate": False}), (verifying(rows=0)[0], {})):
        text, stats = await said(loaded, **options)
        assert (text, stats.drafted) == (TEXT, 0)
        assert loaded._session.verified == []  # type: ignore[attr-defined]


async def test_a_draft_that_fails_is_dropped_from_where_it_failed() -> None:
    edited = TEXT.replace("jumps", "walks")
    loaded, session = verifying(edited)
    text, stats = await said(loaded)
    assert text == edited
    assert 0 < stats.accepted < stats.drafted
    for tokens, position in session.verified:
        assert 1 < len(tokens) <= ROWS
        assert position < len(PROMPT) + len(edited)


@pytest.mark.parametrize("most", [1, 2, 20, 21, 22, 23])
async def test_the_token_limit_holds_inside_a_draft(most: int) -> None:
    text, stats = await said(verifying()[0], max_tokens=most)
    assert (text, stats.finish, stats.completion_tokens) == (TEXT[:most], "length", most)


@pytest.mark.parametrize("room", [1, 2, 20, 21, 22, 23])
async def test_the_end_of_the_context_holds_inside_a_draft(room: int) -> None:
    loaded, session = verifying(context=len(PROMPT) + room)
    text, stats = await said(loaded)
    assert (text, stats.finish) == (TEXT[:room], "length")
    assert all(position + len(tokens) <= loaded.context for tokens, position in session.verified)


async def test_the_total_time_out_ends_the_answer_inside_a_draft() -> None:
    text, stats = await said(verifying()[0], clock=Clock(step=1.0), total_timeout=60.0)
    assert stats.finish == "timeout"
    assert TEXT.startswith(text)
    assert 0 < len(text) < len(TEXT)


async def test_cancelling_inside_a_draft_stops_before_the_next_token() -> None:
    loaded, _ = verifying()
    cancel, got, stats = CancelToken(), [], DecodeStats()
    sampler = Sampler(SamplingParams(temperature=0), 0)

    async def listen() -> None:
        async for token in decode(
            loaded, PROMPT, sampler, max_tokens=64, cancel=cancel, clock=Clock(step=0.001), stats=stats
        ):
            got.append(token)
            if stats.accepted == 3:
                cancel.cancel()

    with pytest.raises(Cancelled):
        await listen()
    assert stats.accepted == 3
    assert TEXT.startswith(LetterTokenizer().decode(got))


async def test_a_verification_without_an_answer_for_the_time_out_fails() -> None:
    import asyncio

    loaded, session = verifying()

    async def never(tokens, position):
        await asyncio.get_running_loop().create_future()

    session.verify = never  # type: ignore[method-assign]
    with pytest.raises(InferenceTimeout):
        await said(loaded, step_timeout=0.001)


@pytest.mark.parametrize("most", [64, 20, 21, 22, 23])
async def test_the_next_question_finds_in_the_cache_what_single_steps_leave(most: int) -> None:
    held = []
    for speculate in (True, False):
        loaded, _ = verifying()
        await said(loaded, speculate=speculate, max_tokens=most)
        held.append(loaded.cached_prefix([*PROMPT, *LetterTokenizer().encode(TEXT), 0, 1, 2]))
    assert held[0] == held[1]


class Drawn(Sampler):
    """Counts its draws: one a token, whatever is drafted."""

    draws = 0

    def sample(self, logits, context=(), constraint=None):
        self.draws += 1
        return super().sample(logits, context, constraint)


async def test_randomness_is_drawn_once_a_token() -> None:
    sampler = Drawn(SamplingParams(temperature=1.0, repetition_penalty=1.1), 7)
    _, stats = await said(verifying()[0], sampler=sampler)
    assert stats.accepted > 0
    assert sampler.draws == stats.completion_tokens + 1


@settings(max_examples=60, deadline=None)
@given(
    st.text("ab ", min_size=1, max_size=40),
    st.text("ab ", max_size=60),
    st.integers(1, 70),
    st.integers(2, 9),
)
async def test_any_answer_to_any_prompt_is_the_same(asked: str, answer: str, most: int, rows: int) -> None:
    prompt = LetterTokenizer().encode(f"<user>{asked}<end><assistant>")
    ends = []
    for speculate in (True, False):
        loaded, _ = verifying(answer, context=120, rows=rows)
        text, stats = await said(loaded, prompt, max_tokens=most, speculate=speculate)
        ends.append((text, stats.finish, stats.completion_tokens, loaded._held))
    assert ends[0] == ends[1]


def test_only_a_growing_prefill_beside_steps_in_place_may_claim_to_verify() -> None:
    from orion_py.errors import InvalidManifest
    from orion_py.manifest.reading import parse_manifest

    grow = f'"prefill": {{"graph": "{sha(GRAPH)}", "kv": "grow"}}'
    text = manifest_json()
    assert grow in text
    claimed = text.replace(grow, grow.replace('"grow"', '"grow", "verifies": 8'), 1)
    with pytest.raises(InvalidManifest, match="beside decoding in place"):
        parse_manifest(claimed)
    with pytest.raises(InvalidManifest, match="at least 2 tokens"):
        parse_manifest(text.replace(grow, grow.replace('"grow"', '"grow", "verifies": 1'), 1))
    assert '"verifies"' not in parse_manifest(text).model_dump_json()
