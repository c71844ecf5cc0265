"""A step's mask and bias, held against a naive reference and reached through the decode loop."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orion_py.cancellation import CancelToken
from orion_py.errors import InvalidInput, NothingAllowed, RuntimeFailure
from orion_py.generation.constraint import Constraint, barring, together
from orion_py.generation.decoder import DecodeStats, decode
from orion_py.generation.sampling import Sampler, SamplingParams
from tests.generation.test_sampling import logits_of
from tests.generation.test_speculative_decoding import PROMPT, TEXT, verifying
from tests.tiny import Clock, LetterTokenizer

GREEDY = SamplingParams(temperature=0)
IDS = st.lists(st.integers(-3, 45), max_size=12)


def taken(logits: np.ndarray, constraint: Constraint | None, params: SamplingParams = GREEDY, seed: int = 1) -> int:
    return Sampler(params, seed).sample(logits, (), constraint)


def test_nothing_but_what_is_allowed_is_chosen() -> None:
    logits = logits_of(9, 5, 7, 1)
    assert taken(logits, Constraint(allowed=[1, 3])) == 1
    assert taken(logits, Constraint(allowed=[1, 3, 2])) == 2
    hot = SamplingParams(temperature=9, top_k=0, top_p=1)
    assert {taken(logits, Constraint(allowed=[1, 3]), hot, seed) for seed in range(60)} == {1, 3}


def test_a_mask_may_be_an_array() -> None:
    logits = logits_of(9, 5, 7, 1)
    assert taken(logits, Constraint(allowed=np.array([1, 3, 99]))) == 1
    assert taken(logits, Constraint(barred=np.array([0, 2, -1]))) == 1
    both = Constraint(allowed=np.array([1, 2])).joined(Constraint(allowed=[2, 3], barred=np.array([0])))
    assert taken(logits, both) == 2


def test_what_is_barred_is_never_chosen() -> None:
    assert taken(logits_of(9, 5, 7), Constraint(barred=[0])) == 2
    assert taken(logits_of(9, 5, 7), Constraint(allowed=[0, 1], barred=[0])) == 1


def test_a_bias_is_added_before_the_penalty() -> None:
    logits = logits_of(4, 3, 0)
    assert taken(logits, Constraint(bias={1: 2.0})) == 1
    penal = Sampler(SamplingParams(temperature=0, repetition_penalty=2.0), 1)
    assert penal.sample(logits_of(0, 3, 3.5), [1], Constraint(bias={1: 3.9})) == 2, "(3 + 3.9) / 2 is below 3.5"
    assert penal.sample(logits_of(0, 3, 3.5), [1], Constraint(bias={1: 4.1})) == 1


def test_the_models_own_numbers_stay_as_they_are() -> None:
    logits = logits_of(1, math.nan, 3)
    before = logits.copy()
    taken(logits, Constraint(allowed=[0], barred=[2], bias={0: 1.0}))
    np.testing.assert_array_equal(logits, before)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e39])
def test_a_bias_that_is_no_number_is_named(value: float) -> None:
    with pytest.raises(InvalidInput, match="token 3") as caught:
        Constraint(bias={3: value})
    assert caught.value.detail["path"] == "bias"


@pytest.mark.parametrize("constraint", [Constraint(allowed=[]), Constraint(allowed=[7, -1]), Constraint(barred=[0, 1])])
def test_a_mask_that_leaves_nothing_is_an_error_of_its_own(constraint: Constraint) -> None:
    with pytest.raises(NothingAllowed):
        taken(logits_of(1, 2), constraint)


def test_a_mask_that_leaves_only_what_the_model_cannot_say_leaves_nothing() -> None:
    with pytest.raises(NothingAllowed):
        taken(logits_of(-math.inf, math.nan, 3), Constraint(allowed=[0, 1]))


def test_an_output_without_a_number_is_the_models_failure_whatever_is_allowed() -> None:
    with pytest.raises(RuntimeFailure):
        taken(logits_of(-math.inf, math.nan), Constraint(allowed=[0]))


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    allowed=st.none() | IDS,
    barred=IDS,
    bias=st.dictionaries(st.integers(-3, 45), st.floats(-20, 20, width=32), max_size=8),
    params=st.builds(
        SamplingParams,
        temperature=st.sampled_from([0.0, 0.3, 1.0]),
        top_k=st.sampled_from([0, 1, 5, 40]),
        top_p=st.sampled_from([0.5, 0.9, 1.0]),
        repetition_penalty=st.sampled_from([0.8, 1.0, 1.3]),
    ),
)
def test_a_constrained_choice_is_the_choice_from_logits_that_were_masked_by_hand(
    seed: int, allowed: list[int] | None, barred: list[int], bias: dict[int, float], params: SamplingParams
) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.integers(-6, 6, 40).astype(np.float32)
    context = [int(token) for token in rng.integers(0, 40, 10)]
    masked = logits.copy()
    for token in range(40):
        masked[token] += np.float32(bias.get(token, 0.0))
        if (allowed is not None and token not in allowed) or token in barred:
            masked[token] = -np.inf
    try:
        expected = Sampler(params, seed).sample(masked, context)
    except RuntimeFailure:
        expected = None
    constraint = Constraint(allowed, barred, bias)
    if expected is None:
        with pytest.raises(NothingAllowed):
            Sampler(params, seed).sample(logits, context, constraint)
    else:
        assert Sampler(params, seed).sample(logits, context, constraint) == expected


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 99), st.none() | IDS, IDS, st.none() | IDS, IDS)
def test_two_constraints_together_are_one_after_the_other(
    seed: int, allowed: list[int] | None, barred: list[int], others: list[int] | None, more: list[int]
) -> None:
    logits = np.random.default_rng(seed).standard_normal(40).astype(np.float32)
    one, two = Constraint(allowed, barred, {1: 0.5, 2: 1.0}), Constraint(others, more, {2: 2.0, 39: -1.0})
    together_ = one.joined(two).applied(logits)
    np.testing.assert_allclose(together_, two.applied(one.applied(logits)), rtol=1e-6)
    np.testing.assert_array_equal(together_, two.joined(one).applied(logits))


def test_a_barred_beginning_is_barred_at_its_place_alone() -> None:
    bar = barring({5}, place=2)
    assert bar([1, 1]) == Constraint(barred=frozenset({5}))
    assert bar([1]) is None
    assert bar([1, 1, 1]) is None


def test_rules_hold_together_where_both_say_something() -> None:
    rule = together(lambda context: Constraint(allowed=[5, 6]) if len(context) > 1 else None, barring({5}, 2))
    assert rule([1]) is None
    assert rule([1, 1]) == Constraint(allowed=[5, 6], barred=frozenset({5}))
    assert rule([1, 1, 1]) == Constraint(allowed=[5, 6])
    assert together(None, bar := barring({1}, 1)) is bar


@pytest.mark.parametrize("speculate", [False, True])
async def test_the_decode_loop_asks_before_each_token_with_all_that_stands(speculate: bool) -> None:
    asked: list[list[int]] = []
    said = LetterTokenizer().encode(TEXT)
    another = LetterTokenizer().encode("q")[0]

    def only_q_after_jumps(context: Sequence[int]) -> Constraint | None:
        asked.append(list(context))
        text = LetterTokenizer().decode(context[len(PROMPT) :])
        return Constraint(allowed=[another]) if text.endswith("jumps") else None

    loaded, _ = verifying()
    stats = DecodeStats()
    tokens = decode(
        loaded,
        PROMPT,
        Sampler(GREEDY, 0),
        max_tokens=26,
        cancel=CancelToken(),
        clock=Clock(step=0.001),
        stats=stats,
        speculate=speculate,
        constrain=only_q_after_jumps,
    )
    got = [token async for token in tokens]
    place = TEXT.index("jumps") + len("jumps")
    assert got[: place + 1] == [*said[:place], another]
    assert asked == [[*PROMPT, *got[:count]] for count in range(len(got))]
    assert (stats.drafted > 0) is speculate


async def test_a_rule_that_leaves_nothing_ends_the_answer_with_its_error() -> None:
    tokens = decode(
        verifying()[0],
        PROMPT,
        Sampler(GREEDY, 0),
        max_tokens=5,
        cancel=CancelToken(),
        clock=Clock(),
        stats=DecodeStats(),
        constrain=lambda context: Constraint(allowed=()),
    )
    with pytest.raises(NothingAllowed):
        await anext(tokens)
