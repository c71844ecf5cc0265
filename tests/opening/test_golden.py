from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.errors import GoldenMismatch
from orion_py.manifest.manifest import Golden
from orion_py.opening.golden import check_golden, divergence
from orion_py.runtime.base import BuildReport
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.scripted import ScriptedSession
from tests.tiny import VOCAB, LetterTokenizer, manifest


def golden(top: list[tuple[int, float]], tokens: tuple[int, ...] = (5, 6, 7)) -> Golden:
    return Golden(name="g", tokens=tokens, top=tuple(top))


def test_equal_logits_do_not_diverge_and_a_constant_shift_changes_nothing() -> None:
    logits = np.linspace(-3, 3, VOCAB, dtype=np.float32)
    top = [(i, float(logits[i])) for i in range(10)]
    assert divergence(golden(top), logits) == pytest.approx(0, abs=1e-9)
    assert divergence(golden(top), logits + np.float32(4)) == pytest.approx(0, abs=1e-6)


def test_divergence_is_kullback_leiblers_over_the_golden_ids_alone() -> None:
    logits = np.full(VOCAB, 1000, dtype=np.float32)
    logits[1], logits[2] = 0.0, float(np.log(3))
    p, q = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    assert divergence(golden([(1, 0.0), (2, 0.0)]), logits) == pytest.approx(float(np.sum(p * np.log(p / q))), rel=1e-5)


@given(st.lists(st.floats(-20, 20, width=32), min_size=4, max_size=4))
def test_divergence_is_never_negative(values: list[float]) -> None:
    logits = np.zeros(VOCAB, dtype=np.float32)
    logits[:4] = values
    assert divergence(golden([(0, 1.0), (1, 0.5), (2, -1.0), (3, 0.0)]), logits) >= 0


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_logit_that_is_no_number_is_infinitely_far_off(bad: float) -> None:
    logits = np.zeros(VOCAB, dtype=np.float32)
    logits[1] = bad
    assert divergence(golden([(1, 0.0), (2, 0.0)]), logits) == float("inf")


def test_a_vocabulary_too_small_for_the_golden_is_infinitely_far_off() -> None:
    assert divergence(golden([(VOCAB, 0.0), (2, 0.0)]), np.zeros(VOCAB, dtype=np.float32)) == float("inf")


def model(script, vectors: list[Golden]) -> tuple[LoadedModel, ScriptedSession]:
    m = manifest(golden=[g.model_dump() for g in vectors])
    report = BuildReport("wasm", 1, 0.0, 0.0, 0)
    session = ScriptedSession(script, VOCAB, report)
    return LoadedModel(m, m.variants[0], session, LetterTokenizer(), report, 64), session


RIGHT = [(9, 50.0), (1, 0.0), (2, 0.0)]


async def test_a_right_backend_passes_prefill_and_a_decode_step() -> None:
    loaded, session = model(lambda tokens: 9, [golden(RIGHT)])
    result = await check_golden(loaded)
    assert result.kl < 1e-6
    assert result.checked == 1
    assert session.calls == [([5, 6, 7], 0), ([7], 2)]


async def test_a_backend_wrong_in_decoding_only_is_found_out() -> None:
    calls = []

    def wrong_when_decoding(tokens: list[int]) -> int:
        calls.append(1)
        return 9 if len(calls) == 1 else 2

    loaded, _ = model(wrong_when_decoding, [golden(RIGHT)])
    with pytest.raises(GoldenMismatch, match="decode of golden vector g"):
        await check_golden(loaded)


async def test_the_shortest_vectors_are_checked_first() -> None:
    loaded, session = model(lambda tokens: 9, [golden(RIGHT, (1,) * 9), golden(RIGHT, (2, 3))])
    await check_golden(loaded, limit=1)
    assert session.calls[0] == ([2, 3], 0)
