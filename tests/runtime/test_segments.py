"""What a prompt is made of: tokens, and embeddings with the hash of their content."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orion_py.errors import EmbeddingsUnsupported, InvalidInput
from orion_py.runtime.segments import (
    NO_TOKEN,
    Embeddings,
    Inputs,
    Key,
    Segment,
    calls_of,
    keys_of,
    leading_tokens,
    part_of,
    tokens_alone,
    tokens_of,
)


def block(rows: int, value: float = 0.0, width: int = 4) -> Embeddings:
    return Embeddings.of(np.full((rows, width), value, np.float32))


PROMPTS = st.lists(
    st.one_of(st.integers(0, 9), st.builds(block, st.integers(1, 4), st.sampled_from([0.0, 1.0]))), max_size=8
)


def keys(inputs: Inputs) -> list[Key]:
    return inputs.keys if isinstance(inputs, Embeddings) else [*inputs]


def test_each_row_takes_one_place_and_has_no_token() -> None:
    prompt: list[Segment] = [3, block(2), 5]
    assert tokens_of(prompt) == [3, NO_TOKEN, NO_TOKEN, 5]
    assert len(keys_of(prompt)) == 4
    assert leading_tokens(prompt) == [3]


def test_the_same_content_has_the_same_keys_and_other_content_has_none_of_them() -> None:
    assert block(2, 1.0).keys == block(2, 1.0).keys
    assert not set(block(2, 1.0).keys) & set(block(2, 2.0).keys)
    assert block(2, 1.0).hash != block(1, 1.0, width=8).hash, "the same bytes in another shape"


def test_rows_never_change_under_their_hash() -> None:
    rows = np.zeros((2, 4), np.float32)
    made = Embeddings.of(rows)
    rows[0] = 1
    assert not made.rows.any()
    with pytest.raises(ValueError, match="read-only"):
        made.rows[0] = 1


def test_a_part_has_the_keys_of_its_rows() -> None:
    whole = block(5)
    assert whole.part(2, 4).keys == whole.keys[2:4]
    assert whole.part(1).part(2).keys == whole.keys[3:]


def test_tokens_alone_are_one_call_and_embeddings_have_their_own() -> None:
    assert calls_of([1, 2, 3]) == [[1, 2, 3]]
    assert calls_of([1, 2, 3], 2) == [[3]]
    assert [len(call) for call in calls_of([1, 2, block(3), block(1), 4])] == [2, 3, 1, 1]
    assert calls_of([]) == [[]], "which a session refuses"


@given(PROMPTS, st.integers(0, 12))
def test_the_calls_together_are_the_prompt_from_where_they_start(prompt: list[Segment], start: int) -> None:
    every = keys_of(prompt)
    start = min(start, max(0, len(every) - 1))
    calls = calls_of(prompt, start)
    assert [key for call in calls for key in keys(call)] == every[start:]
    assert len(tokens_of(prompt)) == len(every)
    assert all(len(call) for call in calls) or not prompt


@given(PROMPTS.filter(len), st.integers(0, 4), st.integers(0, 6))
def test_a_part_of_a_call_is_those_places(prompt: list[Segment], start: int, end: int) -> None:
    for call in calls_of(prompt):
        if start < min(end, len(call)):
            assert keys(part_of(call, start, end)) == keys(call)[start:end]


@pytest.mark.parametrize(
    ("rows", "hash_", "what"),
    [
        (np.zeros((2, 4), np.float64), "h", "float32"),
        (np.zeros(4, np.float32), "h", "float32"),
        (np.zeros((0, 4), np.float32), "h", "float32"),
        (np.array([[1.0, np.nan]], np.float32), "h", "finite"),
        (np.array([[1.0, np.inf]], np.float32), "h", "finite"),
        (np.zeros((1, 4), np.float32), "", "hash"),
    ],
)
def test_embeddings_that_no_model_can_take_are_refused_when_they_are_made(
    rows: np.ndarray, hash_: str, what: str
) -> None:
    with pytest.raises(InvalidInput, match=what):
        Embeddings(rows, hash_)


def test_what_takes_tokens_alone_says_so() -> None:
    assert tokens_alone([1, 2]) == [1, 2]
    with pytest.raises(EmbeddingsUnsupported, match="tokens alone"):
        tokens_alone(block(1))
