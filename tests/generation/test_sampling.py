"""The sampler, held against a naive reference written from the definitions."""

from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orion_py.errors import InvalidInput, RuntimeFailure
from orion_py.generation.sampling import Penalised, Sampler, SamplingParams, SamplingWishes

Logits = NDArray[np.float32]


def logits_of(*values: float) -> Logits:
    return np.array(values, dtype=np.float32)


def naive_distribution(logits: Logits, context: list[int], params: SamplingParams) -> dict[int, float]:
    """Token to probability, as Hugging Face's processors define it, with loops and full sorts."""
    penalised, penalty = list(logits), np.float32(params.repetition_penalty)
    for token in set(context):  # in float32, as Hugging Face's tensors: what is a tie there is one here
        penalised[token] = penalised[token] * penalty if penalised[token] < 0 else penalised[token] / penalty
    scores = [float(x) / params.temperature for x in penalised]
    ids = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    if params.top_k:
        kth = scores[ids[min(params.top_k, len(ids)) - 1]]
        ids = [i for i in ids if scores[i] >= kth]
    total = sum(math.exp(scores[i] - scores[ids[0]]) for i in ids)
    probabilities = {i: math.exp(scores[i] - scores[ids[0]]) / total for i in ids}
    if params.top_p < 1:
        kept, mass = {}, 0.0
        for i in ids:
            kept[i] = probabilities[i]
            mass += probabilities[i]
            if mass >= params.top_p - 1e-12:
                break
        probabilities = {i: p / mass for i, p in kept.items()}
    return probabilities


def frequencies(logits: Logits, params: SamplingParams, draws: int = 4000) -> dict[int, float]:
    sampler = Sampler(params, 7)
    counts = Counter(sampler.sample(logits) for _ in range(draws))
    return {token: count / draws for token, count in counts.items()}


def test_temperature_zero_takes_the_highest() -> None:
    sampler = Sampler(SamplingParams(temperature=0), 1)
    assert [sampler.sample(logits_of(1, 5, 3)) for _ in range(5)] == [1] * 5


def test_equal_highest_logits_are_decided_by_the_lower_id() -> None:
    assert Sampler(SamplingParams(temperature=0), 1).sample(logits_of(1, 5, 5)) == 1


def test_one_seed_gives_one_sequence_and_another_seed_another() -> None:
    rng = np.random.default_rng(3)
    steps = [rng.standard_normal(500).astype(np.float32) for _ in range(40)]

    def run(seed: int) -> list[int]:
        sampler = Sampler(SamplingParams(temperature=1, top_k=0, top_p=1), seed)
        return [sampler.sample(step) for step in steps]

    assert run(11) == run(11)
    assert run(11) != run(12)


def test_the_random_numbers_are_the_standard_librarys_one_a_token() -> None:
    draws = random.Random(5)
    sampler = Sampler(SamplingParams(temperature=1, top_k=0, top_p=1), 5)
    uniform = np.zeros(1000, dtype=np.float32)
    assert [sampler.sample(uniform) for _ in range(20)] == [int(draws.random() * 1000) for _ in range(20)]


def test_frequencies_follow_the_softmax() -> None:
    logits = logits_of(0.0, math.log(2), math.log(5))
    measured = frequencies(logits, SamplingParams(temperature=1, top_k=0, top_p=1))
    assert measured == pytest.approx({0: 1 / 8, 1: 2 / 8, 2: 5 / 8}, abs=0.03)


def test_a_low_temperature_sharpens_and_a_high_one_flattens() -> None:
    logits = logits_of(0.0, 1.0)
    cold = frequencies(logits, SamplingParams(temperature=0.5, top_k=0, top_p=1))
    hot = frequencies(logits, SamplingParams(temperature=4, top_k=0, top_p=1))
    assert cold[1] == pytest.approx(1 / (1 + math.exp(-2)), abs=0.03)
    assert hot[1] == pytest.approx(1 / (1 + math.exp(-0.25)), abs=0.03)


def test_top_k_leaves_k_tokens_and_those_that_equal_the_last() -> None:
    logits = logits_of(3, 1, 2, 2, 0)
    assert set(frequencies(logits, SamplingParams(temperature=3, top_k=1, top_p=1))) == {0}
    assert set(frequencies(logits, SamplingParams(temperature=3, top_k=2, top_p=1))) == {0, 2, 3}


def test_top_k_above_the_vocabulary_is_no_limit() -> None:
    assert set(frequencies(logits_of(0, 0, 0), SamplingParams(temperature=1, top_k=10, top_p=1))) == {0, 1, 2}


def test_top_p_keeps_the_smallest_set_that_holds_it() -> None:
    logits = np.log(logits_of(0.5, 0.3, 0.15, 0.05))
    for top_p, kept in ((0.45, {0}), (0.6, {0, 1}), (0.9, {0, 1, 2}), (0.97, {0, 1, 2, 3})):
        assert set(frequencies(logits, SamplingParams(temperature=1, top_k=0, top_p=top_p))) == kept


def test_top_p_always_leaves_one_token() -> None:
    assert set(frequencies(logits_of(2, 1, 0), SamplingParams(temperature=1, top_k=0, top_p=1e-9))) == {0}


def test_the_penalty_divides_positive_logits_and_multiplies_negative_ones() -> None:
    greedy = SamplingParams(temperature=0, repetition_penalty=2.0)
    assert Sampler(greedy, 1).sample(logits_of(4, 3, 1), [0]) == 1
    assert Sampler(greedy, 1).sample(logits_of(-1, -1.5, -9), [0]) == 1
    assert Sampler(greedy, 1).sample(logits_of(4, 1.9, 1), [0]) == 0


def test_a_token_seen_often_is_penalised_once() -> None:
    greedy = SamplingParams(temperature=0, repetition_penalty=2.0)
    assert Sampler(greedy, 1).sample(logits_of(4, 1.9), [0, 0, 0, 0]) == 0


def test_the_penalty_comes_before_the_temperature_and_the_cuts() -> None:
    params = SamplingParams(temperature=1, top_k=1, top_p=1, repetition_penalty=3.0)
    assert Sampler(params, 1).sample(logits_of(4, 3), [0]) == 1


def test_the_penalty_follows_a_context_that_grows() -> None:
    sampler = Sampler(SamplingParams(temperature=0, repetition_penalty=10.0), 1)
    context: list[int] = []
    for _ in range(3):
        context.append(sampler.sample(logits_of(5, 4, 3), context))
    assert context == [0, 1, 2]


def test_the_penalty_forgets_a_context_that_was_replaced() -> None:
    sampler = Sampler(SamplingParams(temperature=0, repetition_penalty=10.0), 1)
    assert sampler.sample(logits_of(5, 4, 3), [0, 1]) == 2
    assert sampler.sample(logits_of(5, 4, 3), [1]) == 0
    assert sampler.sample(logits_of(5, 4, 3), [0]) == 1


def test_the_penalty_holds_for_more_ids_than_one_buffer() -> None:
    sampler = Sampler(SamplingParams(temperature=0, repetition_penalty=10.0), 1)
    logits = np.full(2000, 1.0, dtype=np.float32)
    assert sampler.sample(logits, list(range(1500))) == 1500


def test_ids_outside_the_vocabulary_are_passed_over() -> None:
    sampler = Sampler(SamplingParams(temperature=0, repetition_penalty=10.0), 1)
    assert sampler.sample(logits_of(5, 4), [7, 0, -1]) == 1


def test_the_callers_logits_are_left_as_they_are() -> None:
    logits = logits_of(5, math.nan, 3)
    before = logits.copy()
    Sampler(SamplingParams(repetition_penalty=1.3), 1).sample(logits, [0])
    np.testing.assert_array_equal(logits, before)


def test_nan_is_never_chosen() -> None:
    logits = logits_of(math.nan, 1, math.nan, 0)
    for params in (
        SamplingParams(temperature=0),
        SamplingParams(temperature=1),
        SamplingParams(temperature=1, top_k=0, top_p=1),
    ):
        assert set(frequencies(logits, params, 200)) <= {1, 3}


def test_minus_infinity_is_never_chosen() -> None:
    params = SamplingParams(temperature=5, top_k=3, top_p=1)
    assert set(frequencies(logits_of(-math.inf, 0, -math.inf), params, 200)) == {1}


def test_plus_infinity_is_certain() -> None:
    logits = logits_of(0, math.inf, 100, math.inf)
    assert Sampler(SamplingParams(temperature=0), 1).sample(logits) == 1
    assert set(frequencies(logits, SamplingParams(temperature=1), 200)) == {1, 3}


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_an_output_without_any_number_is_a_runtime_failure(value: float) -> None:
    with pytest.raises(RuntimeFailure, match="holds no number"):
        Sampler(SamplingParams(), 1).sample(np.full(100, value, dtype=np.float32))


def test_an_empty_output_is_a_runtime_failure() -> None:
    with pytest.raises(RuntimeFailure):
        Sampler(SamplingParams(), 1).sample(np.empty(0, dtype=np.float32))


def test_a_tiny_temperature_doesnt_overflow() -> None:
    sampler = Sampler(SamplingParams(temperature=1e-12, top_k=0, top_p=1), 1)
    assert sampler.sample(logits_of(80, 81, -80)) == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"temperature": -0.1},
        {"temperature": math.nan},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_k": -1},
        {"repetition_penalty": 0.0},
        {"repetition_penalty": math.inf},
    ],
)
def test_a_setting_out_of_range_is_named(bad: dict[str, float]) -> None:
    with pytest.raises(InvalidInput) as caught:
        SamplingParams(**bad)  # type: ignore[arg-type]
    assert caught.value.detail["path"] == next(iter(bad))


class _FixedDraw(random.Random):
    def __init__(self, value: float) -> None:
        super().__init__(0)
        self.value = value

    def random(self) -> float:
        return self.value


def test_not_even_the_lowest_draw_takes_an_impossible_token() -> None:
    sampler = Sampler(SamplingParams(temperature=1, top_k=0, top_p=1), 0)
    sampler._random = _FixedDraw(0.0)
    assert sampler.sample(logits_of(-math.inf, 0, 1)) == 1


@settings(max_examples=150, deadline=None)
@example(63, 3575, 40, 0.1, 0, 0.5, 1.3, 0.0)
@given(
    vocab=st.sampled_from([1, 2, 63, 64, 65, 1000, 4097]),
    data_seed=st.integers(0, 10_000),
    levels=st.sampled_from([3, 40, 0]),
    temperature=st.sampled_from([0.1, 0.7, 1.0, 2.5]),
    top_k=st.sampled_from([0, 1, 5, 40, 500]),
    top_p=st.sampled_from([0.1, 0.5, 0.9, 0.999, 1.0]),
    penalty=st.sampled_from([0.8, 1.0, 1.3]),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_the_choice_is_one_that_the_reference_allows_and_at_the_same_place_of_its_distribution(
    vocab: int,
    data_seed: int,
    levels: int,
    temperature: float,
    top_k: int,
    top_p: float,
    penalty: float,
    draw: float,
) -> None:
    rng = np.random.default_rng(data_seed)
    raw = rng.integers(-levels, levels, vocab) if levels else rng.standard_normal(vocab) * 4
    logits = raw.astype(np.float32)
    context = [int(token) for token in rng.integers(0, vocab, 20)]
    params = SamplingParams(temperature, top_p, top_k, penalty)
    expected = naive_distribution(logits, context, params)
    # The order in which the inverse of the distribution is walked: by falling probability inside
    # a nucleus, else by id.
    if params.top_p == 1:
        expected = dict(sorted(expected.items()))
    sampler = Sampler(params, 0)
    sampler._random = _FixedDraw(draw)
    chosen = sampler.sample(logits, context)
    assert chosen in expected
    below = 0.0
    for token, probability in expected.items():
        if token == chosen:
            break
        below += probability
    assert below - 1e-4 <= draw <= below + expected[chosen] + 1e-4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.5, -2.0]), min_size=1, max_size=200))
def test_any_output_ends_in_a_possible_token_or_in_a_runtime_failure(values: list[float]) -> None:
    logits = logits_of(*values)
    for params in (SamplingParams(temperature=0), SamplingParams(top_k=3), SamplingParams(top_k=0)):
        try:
            token = Sampler(params, 1).sample(logits, [0])
        except RuntimeFailure:
            assert not any(value > -math.inf for value in values)
        else:
            assert logits[token] > -math.inf


def test_a_second_try_is_warmer_and_penalises_more() -> None:
    params = Sampler(SamplingParams(temperature=0.1, top_p=0.8, repetition_penalty=1.05), seed=3).again().params
    assert (params.temperature, params.top_p, params.repetition_penalty) == (0.6, 0.8, 1.15)


def test_a_second_try_of_something_free_is_no_less_free() -> None:
    params = Sampler(SamplingParams(temperature=0.9, top_p=1.0, repetition_penalty=1.3), 0).again().params
    assert (params.temperature, params.top_p, params.repetition_penalty) == (pytest.approx(1.2), 1.0, 1.3)


def test_a_second_try_is_as_reproducible_as_the_first() -> None:
    logits = np.random.default_rng(0).normal(size=200).astype(np.float32)

    def choices() -> list[int]:
        sampler = Sampler(SamplingParams(), seed=11)
        sampler.sample(logits)
        again = sampler.again()
        return [again.sample(logits) for _ in range(20)]

    assert choices() == choices()


def test_wishes_change_what_they_name_and_nothing_else() -> None:
    own = SamplingParams(temperature=0.2, top_p=0.9, top_k=40, repetition_penalty=1.1, seed=4)
    assert SamplingWishes().over(own) == own
    wished = SamplingWishes(temperature=0.0, top_k=0).over(own)
    assert wished == SamplingParams(temperature=0.0, top_p=0.9, top_k=0, repetition_penalty=1.1, seed=4)
    with pytest.raises(InvalidInput):
        SamplingWishes(top_p=0.0).over(own)


def test_the_question_and_the_end_of_a_turn_are_not_penalised() -> None:
    greedy = SamplingParams(temperature=0, repetition_penalty=2.0)
    question, end, said = 1, 2, 3
    context = [question, end, said]
    assert Sampler(greedy, 0).sample(logits_of(4.5, 5, 6, 7), context) == 0, "as Hugging Face counts, all of it"
    spared = Penalised(start=2, never=frozenset({end}))
    assert Sampler(greedy, 0, penalised=spared).sample(logits_of(4.5, 5, 6, 7), context) == end
    assert Sampler(greedy, 0, penalised=spared).sample(logits_of(4.5, 5, 3, 7), context) == question
    again = Sampler(SamplingParams(temperature=0.01), 0, penalised=spared).again()
    assert again.sample(logits_of(0, 0, 60, 61), [question, end, end, said]) == end
