"""Whisper says times in pairs that never go back, and nothing that isn't speech."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.senses.hearing.rules import TokenRules, log_softmax
from tests.senses.hearing.scripted_ears import ids_of, tiny_tokens

TOKENS = tiny_tokens()
SIZE = TOKENS.times + 1501


def allowed(said: str, seconds: float = 10.0, logits: np.ndarray | None = None) -> set[int]:
    rules = TokenRules(TOKENS, seconds, SIZE)
    given_logits = np.zeros(SIZE, np.float32) if logits is None else logits
    return set(np.flatnonzero(np.isfinite(rules.applied(given_logits, ids_of(TOKENS, said)))).tolist())


def text_first() -> np.ndarray:
    """Logits by which text is likelier than all times together."""
    logits = np.zeros(SIZE, np.float32)
    logits[: TOKENS.end] = 20
    return logits


def times(start: float, end: float) -> set[int]:
    return set(ids_of(TOKENS, "".join(f"<{at / 50:.2f}>" for at in range(round(start * 50), round(end * 50) + 1))))


def test_a_window_begins_with_a_time_within_its_first_second() -> None:
    assert allowed("") == times(0, 1)


def test_after_a_beginning_comes_text() -> None:
    found = allowed("<0.00>")
    assert not found & times(0, 10)
    assert ids_of(TOKENS, "#")[0] not in found, "a token that is no speech"
    assert not found & {TOKENS.no_times, TOKENS.start, TOKENS.transcribe, TOKENS.before, TOKENS.no_speech}
    assert {*ids_of(TOKENS, "abc"), TOKENS.end} <= found


def test_a_segment_ends_later_than_it_began_and_in_the_window() -> None:
    assert allowed("<1.00>a", 5.0) == times(1.02, 5)


def test_the_next_begins_where_the_last_ended_or_later_or_all_is_said() -> None:
    assert allowed("<0.00>a<2.00>", 5.0) & times(0, 10) == times(2, 5)
    assert not allowed("<0.00>a<2.00>") & set(ids_of(TOKENS, "abc"))


def test_text_goes_on_where_it_is_likelier_than_all_times_together() -> None:
    assert set(ids_of(TOKENS, "abc")) <= allowed("<0.00>a", logits=text_first())
    assert not allowed("<0.00>a") & set(ids_of(TOKENS, "abc")), "1,500 times are together likelier than one letter"


def test_a_full_window_can_only_end() -> None:
    assert allowed("<0.00>a<1.00><1.00>b<1.02>", 1.02) <= {TOKENS.end, *times(1.02, 1.02)}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.2, 30))
def test_whatever_the_logits_are_times_never_go_back_and_it_ends(seed: int, seconds: float) -> None:
    generator, rules, said = np.random.default_rng(seed), TokenRules(TOKENS, seconds, SIZE), list[int]()
    for _ in range(60):
        chosen = int(rules.applied(generator.standard_normal(SIZE).astype(np.float32) * 4, said).argmax())
        if chosen == TOKENS.end:
            break
        said.append(chosen)
    marks = [TOKENS.seconds(token) for token in said if TOKENS.is_time(token)]
    assert marks == sorted(marks)
    assert all(at <= seconds + 0.02 for at in marks)
    assert TOKENS.is_time(said[0])


def test_log_softmax_adds_up_to_one_also_with_what_may_not_come() -> None:
    found = log_softmax(np.array([1.0, -np.inf, 3.0], np.float32))
    assert np.exp(found).sum() == pytest.approx(1)
    assert found[1] == -np.inf
