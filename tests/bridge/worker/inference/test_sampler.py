"""The worker's sampler, held against Python's: the same tokens from the same logits and random numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orion_py.errors import RuntimeFailure
from orion_py.generation.sampling import Penalised, Sampler, SamplingParams
from tests.bridge_in_node import Node, Refused, bridge

SCRIPT = """
const { Sampler } = await import("./bridge/worker/inference/sampler.js");
const number = (value) => (typeof value === "string" ? Number(value) : value);

function answer({ choice, steps }) {
  const sampler = new Sampler(choice);
  return steps.map((logits) => sampler.choose(Float32Array.from(logits, number)));
}
"""
SHAPES = st.sampled_from((1, 2, 5, 60, 127, 128, 129, 300, 3000))
PARAMS = st.builds(
    SamplingParams,
    temperature=st.sampled_from((0.0, 0.2, 0.7, 1.0, 2.5)),
    top_p=st.sampled_from((1e-9, 0.3, 0.9, 0.95, 1.0)),
    top_k=st.sampled_from((0, 1, 3, 40, 5000)),
    repetition_penalty=st.sampled_from((1.0, 1.1, 1.3, 0.8)),
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with bridge(tmp_path_factory.mktemp("bridge"), SCRIPT) as process:
        yield process


def spelt(logits: Sequence[float]) -> list[float | str]:
    """JSON has no numbers that aren't finite."""
    return [
        value if np.isfinite(value) else str(value).replace("inf", "Infinity").replace("nan", "NaN") for value in logits
    ]


def chosen(node: Node, sampler: Sampler, steps: list[Any], context: Sequence[int] = ()) -> list[int]:
    choice = asdict(sampler.choice(len(steps), context))
    found: list[int] = node.ask({"choice": choice, "steps": [spelt(step.tolist()) for step in steps]})
    return found


def expected(sampler: Sampler, steps: list[Any], context: Sequence[int] = ()) -> list[int]:
    tokens = list(context)
    for step in steps:
        tokens.append(sampler.sample(step, tokens))
    return tokens[len(context) :]


def steps_of(seed: int, size: int, spread: float, oddities: Sequence[float]) -> list[Any]:
    """Logits of some steps: many ties where ``spread`` is small, and here and there a number that isn't finite."""
    chance = np.random.default_rng(seed)
    steps = []
    for _ in range(6):
        logits = chance.normal(0, 4, size)
        logits = (np.round(logits) if spread < 1 else logits).astype(np.float32)
        for odd in oddities:
            logits[chance.integers(size, size=max(1, size // 9))] = odd
        if size == 1 or not (logits > -np.inf).any():
            logits[0] = 1.5
        steps.append(logits)
    return steps


@settings(max_examples=300, deadline=None)
@given(
    params=PARAMS,
    seed=st.integers(0, 2**32),
    size=SHAPES,
    spread=st.sampled_from((0.5, 4.0)),
    oddities=st.lists(st.sampled_from((float("nan"), float("-inf"), float("inf"), 0.0)), max_size=2),
    start=st.integers(0, 4),
    spared=st.booleans(),
)
@example(SamplingParams(1.0, 1.0, 0), 0, 3000, 4.0, [], 0, False)
@example(SamplingParams(1.0, 0.95, 0), 0, 3000, 4.0, [float("nan")], 0, False)
@example(SamplingParams(0.7, 0.95, 40, 1.1), 1, 3000, 0.5, [], 2, True)
def test_it_chooses_what_the_engines_sampler_chooses(
    node: Node,
    params: SamplingParams,
    seed: int,
    size: int,
    spread: float,
    oddities: Sequence[float],
    start: int,
    spared: bool,
) -> None:
    steps = steps_of(seed, size, spread, oddities)
    context = [token % size for token in (3, 1, 4, 1, 5)] + [size + 7]
    penalised = Penalised(start, frozenset({0}) if spared else frozenset())

    def sampler() -> Sampler:
        return Sampler(params, seed, penalised)

    assert chosen(node, sampler(), steps, context) == expected(sampler(), steps, context)


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_an_output_without_a_number_is_an_error_as_in_the_engine(node: Node, temperature: float) -> None:
    steps = [np.full(300, np.nan, np.float32)]
    with pytest.raises(Refused, match="the model's output holds no number"):
        chosen(node, Sampler(SamplingParams(temperature), 1), steps)
    with pytest.raises(RuntimeFailure, match="the model's output holds no number"):
        expected(Sampler(SamplingParams(temperature), 1), steps)


def test_what_is_sampled_here_and_there_in_turn_is_what_one_alone_samples(node: Node) -> None:
    """A run may end anywhere and tokens of it be dropped: the random numbers go on behind those that were taken."""
    params, steps = SamplingParams(1.0, 0.95, 40, 1.1), steps_of(5, 300, 4.0, ()) * 3
    sampler, tokens = Sampler(params, 9), list[int]()
    while len(tokens) < len(steps):
        taken = chosen(node, sampler, steps[len(tokens) : len(tokens) + 5], tokens)[:3]
        for token in taken:
            sampler.chose()
            tokens.append(token)
        if len(tokens) < len(steps):
            tokens.append(sampler.sample(steps[len(tokens)], tokens))
    assert tokens == expected(Sampler(params, 9), steps)
