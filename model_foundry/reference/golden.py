"""Makes golden vectors: inputs with the reference's answers, which backends are checked against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import numpy as np

from model_foundry.model.description import ModelDescription, TokenizerDescription
from model_foundry.model.weights import Float32
from model_foundry.recipes import BuildRecipe
from model_foundry.reference.llama import ReferenceModel
from orion_py.generation.pictured_template import SeeingTokenizer
from orion_py.manifest.manifest import Golden
from orion_py.native.tokenizer import NativeTokenizer
from orion_py.runtime.tokenizer import Tokenizer

TOP, CONTINUATION = 64, 16
"""Logits kept after the input, and greedy tokens that follow."""
DECIMALS = 3
"""Kept of a logit: far below any tolerance, far above what two processors' sums differ by."""
BUILD_DAY = datetime(2026, 1, 1)
"""What templates take for today, so that building or scoring again gives the same."""


def golden_inputs(
    tokenizer: TokenizerDescription, recipe: BuildRecipe, picture_token: str | None = None
) -> dict[str, list[int]]:
    """Name to tokens for each text and each prompt of ``recipe``, the texts first. ``picture_token``: how the
    template of a model that sees marks a picture."""
    encoder: Tokenizer = NativeTokenizer(tokenizer.shard_bytes(), now=lambda: BUILD_DAY)
    if picture_token is not None:
        encoder = SeeingTokenizer(encoder, picture_token)
    inputs = {name: encoder.encode(text) for name, text in recipe.golden_texts.items()}
    for name, prompt in recipe.golden_prompts.items():
        inputs[name] = encoder.encode(encoder.render([{"role": "user", "content": prompt}]))
    return inputs


def make_golden(
    model: ModelDescription, inputs: Mapping[str, Sequence[int]], progress: Callable[[str, int, int], None]
) -> tuple[Golden, ...]:
    """One vector for each of ``inputs``."""
    reference = ReferenceModel(model)
    vectors = []
    for index, (name, tokens) in enumerate(inputs.items()):
        progress("computing golden vectors", index, len(inputs))
        vectors.append(golden_vector(reference, name, list(tokens)))
    progress("computing golden vectors", len(inputs), len(inputs))
    return tuple(vectors)


def golden_vector(reference: ReferenceModel, name: str, tokens: list[int]) -> Golden:
    """The highest logits after ``tokens`` and the greedy continuation, whatever it says."""
    reference.reset()
    logits: Float32 = reference.forward(tokens)[-1]
    top = tuple((token, round(float(logits[token]), DECIMALS)) for token in _highest(logits, min(TOP, len(logits))))
    continuation, margins = [], []
    for _ in range(CONTINUATION):
        first, second = _highest(logits, 2)
        continuation.append(first)
        margins.append(round(float(logits[first] - logits[second]), DECIMALS))
        logits = reference.forward([first])[-1]
    return Golden(
        name=name,
        tokens=tuple(tokens),
        top=top,
        continuation=tuple(continuation),
        margins=tuple(margins),
    )


def _highest(logits: Float32, count: int) -> list[int]:
    """Ids of the ``count`` highest logits, highest first; of equal ones the lower id."""
    return [int(token) for token in np.argsort(-logits, kind="stable")[:count]]
