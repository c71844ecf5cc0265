"""Finds what the prompts of all questions have in common: renders two questions and compares their tokens."""

from __future__ import annotations

from collections.abc import Sequence

from orion_py.generation.prompt import build_prompt
from orion_py.runtime.segments import leading_tokens
from orion_py.runtime.tokenizer import ChatMessage, Tokenizer


def shared_part(
    tokenizer: Tokenizer, system: str, history: Sequence[ChatMessage], draft: str, context: int, max_tokens: int
) -> list[int]:
    """The tokens before the question, as far as no embeddings stand between. ``draft``: what is there of it, whose
    length says which old turns still fit. Otherwise as ``build_prompt``; raises ContextOverflow as it does."""
    one = draft.strip() or "W"
    other = ("0" if one[0] != "0" else "W") + one[1:]
    both = [
        leading_tokens(build_prompt(tokenizer, system, history, question, context, max_tokens).segments)
        for question in (one, other)
    ]
    return both[0][: common_prefix(*both)]


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """How many leading tokens are equal."""
    for index, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return index
    return min(len(one), len(other))
